"""Gaps and uneven times of sequences."""

import numpy as np
import pytest
from scipy.interpolate import interp1d

from emocam.functional.points.resample import at_times, unbroken


@pytest.mark.parametrize(
    ("seen", "gap", "piece"),
    [
        ("1111", 0, (0, 4)),
        ("0110", 0, (1, 3)),
        ("110111", 0, (3, 6)),
        ("110111", 1, (0, 6)),
        ("1100011", 2, (0, 2)),
        ("0000", 3, (0, 0)),
        ("11000101", 1, (5, 8)),
    ],
)
def test_the_longest_piece_without_a_larger_gap_is_found(seen: str, gap: int, piece: tuple[int, int]) -> None:
    assert unbroken(np.array([letter == "1" for letter in seen]), gap) == piece


def test_frames_are_taken_by_their_times_and_not_by_their_numbers() -> None:
    times = np.array([0.0, 0.1, 0.2, 1.0])
    points = np.stack([times, 2 * times], 1)[:, None]
    found, at = at_times(points, times, 5)
    assert np.allclose(at, [0, 0.25, 0.5, 0.75, 1])
    assert np.allclose(found[:, 0], np.stack([at, 2 * at], 1))


def test_each_point_is_filled_from_the_frames_that_have_it_as_scipy_does() -> None:
    dice = np.random.default_rng(0)
    points, times = dice.normal(size=(9, 3, 2)), np.sort(dice.random(9))
    points[4, 1] = np.nan
    found, at = at_times(points, times, 7)
    there = np.delete(np.arange(9), 4)
    assert np.allclose(found[:, 0], interp1d(times, points[:, 0], axis=0)(at))
    assert np.allclose(found[:, 1], interp1d(times[there], points[there, 1], axis=0)(at))
