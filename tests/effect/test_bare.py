"""The barest place among the free ones, against trying every shift by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emocam.effect import bare
from emocam.effect.bare import barest_control, barest_shift, control_anywhere, shifted
from emocam.functional.dice import Dice

SHAPE = (16, 20)
WITHIN = (2, 1, 19, 15)


@st.composite
def pixels(draw: st.DrawFn, most: int) -> np.ndarray:
    """A few pixels within the frame."""
    found = np.zeros(SHAPE, bool)
    for _ in range(draw(st.integers(1, most))):
        found[draw(st.integers(1, 14)), draw(st.integers(2, 18))] = True
    return found


def free_shifts(part: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Every shift within the frame and off the part, with its pixels."""
    found = {}
    rows, columns = np.nonzero(part)
    for down in range(-15, 16):
        for right in range(-19, 20):
            y, x = rows + down, columns + right
            if x.min() < WITHIN[0] or x.max() >= WITHIN[2] or y.min() < WITHIN[1] or y.max() >= WITHIN[3]:
                continue
            moved = np.zeros(SHAPE, bool)
            moved[y, x] = True
            if not (moved & part).any():
                found[right, down] = moved
    return found


@given(pixels(5), pixels(40), st.integers(0, 9))
def test_the_barest_of_all_is_found_where_all_are_looked_at(
    part: np.ndarray, occupied: np.ndarray, seed: int
) -> None:
    free = free_shifts(part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bare, "PLACES", 10_000)
        shift = barest_shift(part, occupied, WITHIN, Dice(seed))
    assert (shift in free) if free else shift is None
    if shift is not None:
        assert np.array_equal(shifted(part, *shift), free[shift])
        assert (free[shift] & occupied).sum() == min((moved & occupied).sum() for moved in free.values())


def test_forty_random_places_avoid_objects_but_are_not_always_the_same() -> None:
    part, occupied = np.zeros((2, *SHAPE), bool)
    part[3:6, 3:6] = occupied[3:6, 3:6] = occupied[:, 10:] = True
    shifts = [barest_shift(part, occupied, (0, 0, 20, 16), Dice(seed)) for seed in range(30)]
    assert len(set(shifts)) > 3
    for shift in shifts:
        assert shift is not None and not (shifted(part, *shift) & occupied).any()
    anywhere = [control_anywhere(part, occupied, (0, 0, 20, 16), Dice(seed)) for seed in range(30)]
    assert sum((control.pixels & occupied).any() for control in anywhere) > 10


def test_pieces_have_the_same_area_and_take_the_barest_squares() -> None:
    part, occupied = np.zeros((2, 64, 64), bool)
    part[10:54, 10:50] = True
    occupied[:, 50:] = True
    control = barest_control(part, occupied, (0, 0, 64, 64), Dice(0))
    assert control.kind == "pieces" and control.pixels.sum() == part.sum()
    assert not (control.pixels & part).any()
    bare_pixels = (~part & ~occupied).sum()
    assert (control.pixels & ~occupied).sum() > 0.85 * bare_pixels


def test_more_than_half_of_the_picture_has_no_control() -> None:
    part = np.zeros((10, 10), bool)
    part[:, :6] = True
    assert barest_control(part, part, (0, 0, 10, 10), Dice(0)).kind == "none"
