"""What an overlay draws, and where."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from emocam.plot.overlay import coloured, overlay


def test_the_picture_stays_untouched_where_the_map_is_zero():
    rgba = coloured(np.array([[0.0, 0.0], [0.0, 1.0]]), (8, 8))
    assert rgba.shape == (8, 8, 4)
    assert rgba[0, 0, 3] == 0
    assert rgba[-1, -1, 3] == pytest.approx(0.65)


def test_between_the_centres_of_two_cells_the_map_is_bilinear():
    # centres at 2 and 6 of 8 pixels; pixel 3 is centred at 3.5: 1.5 of 4 of the way
    assert coloured(np.array([[0.0, 1.0]]), (8, 1), opacity=1)[0, 3, 3] == pytest.approx(1.5 / 4)


def test_boxes_and_window_are_scaled_to_the_picture():
    ax = Figure().subplots()
    overlay(
        Image.new("RGB", (200, 100)),
        np.ones((7, 7)),
        (0.25, 0, 0.75, 1),
        [[0.1, 0.2, 0.3, 0.6]],
        ["Dog"],
        [0.5],
        ax,
    )
    assert ax.images[1].get_extent() == [50, 150, 100, 0]
    assert ax.patches[0].get_bbox().bounds == pytest.approx((20, 20, 40, 40))
    assert [t.get_text() for t in ax.texts] == ["Dog 0.50"]


def test_without_a_cam_there_is_no_map_and_no_importance():
    ax = overlay(
        Image.new("RGB", (20, 10)),
        None,
        (0, 0, 1, 1),
        [[0, 0, 1, 1]],
        ["Cat"],
        [float("nan")],
        Figure().subplots(),
    )
    assert len(ax.images) == 1 and ax.texts[0].get_text() == "Cat"


def test_a_mask_is_drawn_by_its_outline_and_not_by_its_box() -> None:
    mask = np.zeros((1, 28, 28))
    mask[:, 7:21, 7:21] = 1
    axes = Figure().subplots()
    overlay(Image.new("RGB", (280, 280)), None, (0, 0, 1, 1), [[0, 0, 1, 1]], ["eyes"], [0.5], axes, mask)
    assert not axes.patches
    corners = np.concatenate([path.vertices for lines in axes.collections for path in lines.get_paths()])
    assert corners.min() == pytest.approx(70, abs=6) and corners.max() == pytest.approx(210, abs=6)
