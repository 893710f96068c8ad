"""Outlines drawn into the frame of a box, against a count of points."""

import numpy as np
import pytest
from matplotlib.path import Path as Outline

from emocam.data.annotations.masks import SIDE, Polygons, Runs, draw_mask

BOX = np.array([0.2, 0.1, 0.8, 0.6])


@pytest.mark.parametrize("corners", [3, 5, 9])
def test_a_polygon_covers_the_points_inside_it(corners: int) -> None:
    dice = np.random.default_rng(corners)
    points = dice.uniform(0, 1, (corners, 2)) * (BOX[2:] - BOX[:2]) + BOX[:2]
    order = np.argsort(np.arctan2(*(points - points.mean(0)).T))
    points = points[order]
    fine = 8
    steps = (np.arange(SIDE * fine) + 0.5) / (SIDE * fine)
    grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2) * (BOX[2:] - BOX[:2]) + BOX[:2]
    inside = Outline(points).contains_points(grid).reshape(SIDE, fine, SIDE, fine).mean((1, 3))
    drawn = draw_mask(Polygons([points]), BOX)
    assert abs(drawn - inside).mean() < 0.01
    assert abs(drawn - inside).max() < 0.4  # a cell that the edge crosses


def test_two_polygons_cover_what_either_covers() -> None:
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    whole = np.array([0.0, 0, 1, 1])
    shape = Polygons([square * 0.5, square * 0.5 + 0.5, square * 0.5])
    mask = draw_mask(shape, whole)
    assert mask[:14, :14].min() == mask[14:, 14:].min() == 1
    assert mask[:13, 15:].max() == mask[15:, :13].max() == 0


def test_runs_go_down_the_columns() -> None:
    # 4 high, 2 wide: the first column is outside, of the second the upper half is inside
    shape = Runs(np.array([4, 2, 2]), (4, 2))
    mask = draw_mask(shape, np.array([0.0, 0, 1, 1]))
    assert mask[:, :14].max() == 0
    assert mask[:14, 14:].min() == 1 and mask[14:, 14:].max() == 0
    inner = draw_mask(shape, np.array([0.5, 0, 1, 0.5]))
    assert inner.min() == 1


def test_without_an_outline_or_an_area_the_box_is_the_mask() -> None:
    assert draw_mask(None, BOX).min() == 1
    assert draw_mask(Polygons([np.zeros((3, 2))]), np.array([0.2, 0.2, 0.2, 0.9])).min() == 1


def test_corners_far_away_do_no_harm() -> None:
    points = np.array([[-1e300, -1e300], [1e300, -1e300], [1e300, 1e300], [-1e300, 1e300]])
    assert draw_mask(Polygons([points]), BOX).min() == 1
