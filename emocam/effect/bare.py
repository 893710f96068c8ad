"""Where a control lies: the same shape, shifted to where it covers least of any object."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.fft import irfft2, rfft2

from emocam.effect.parts import Frame
from emocam.functional.dice import Dice

PLACES = 40
"""Random shifts among which the barest is taken."""
PIECE = 8
"""Pixels along a piece, where the shape as a whole has no room."""

Kind = Literal["shape", "pieces", "none"]


@dataclass(frozen=True)
class ControlPart:
    """The pixels (h, w) of a control, the part in one `shape` or in `pieces`; empty where there is `none`."""

    pixels: np.ndarray
    kind: Kind


def barest_control(part: np.ndarray, occupied: np.ndarray, within: Frame, dice: Dice) -> ControlPart:
    """Place the part (h, w) at the barest of 40 random other places, or as much in pieces, or nothing."""
    shift = barest_shift(part, occupied, within, dice)
    if shift is not None:
        return ControlPart(shifted(part, *shift), "shape")
    pieces = bare_pieces(part, occupied, within, dice)
    return ControlPart(np.zeros_like(part), "none") if pieces is None else ControlPart(pieces, "pieces")


def control_anywhere(part: np.ndarray, occupied: np.ndarray, within: Frame, dice: Dice) -> ControlPart:
    """Place the part (h, w) at any other place, whatever it covers there, in pieces or nothing."""
    return barest_control(part, np.zeros_like(occupied), within, dice)


def frame_around(part: np.ndarray) -> Frame:
    """Return the smallest frame that holds all pixels of a part."""
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def shifted(part: np.ndarray, right: int, down: int) -> np.ndarray:
    """Move the part by whole pixels; it must stay within its raster."""
    x0, y0, x1, y1 = frame_around(part)
    moved = np.zeros_like(part)
    moved[y0 + down : y1 + down, x0 + right : x1 + right] = part[y0:y1, x0:x1]
    return moved


def barest_shift(
    part: np.ndarray, occupied: np.ndarray, within: Frame, dice: Dice, taken: np.ndarray | None = None
) -> tuple[int, int] | None:
    """Find the one of 40 random shifts within the frame and off the part that covers least of any object.

    It lies off all that is `taken` (h, w), by default the part alone.

    All shifts are looked at together: the pixels that a shifted shape shares with a picture are a
    correlation of both, by a Fourier transform. No shift leaves the raster, so nothing comes around.
    """
    x0, y0, x1, y1 = frame_around(part)
    first = within[0], within[1]
    last = within[2] - (x1 - x0), within[3] - (y1 - y0)
    if last[0] < first[0] or last[1] < first[1]:
        return None
    shape = np.zeros(part.shape, np.float32)
    shape[: y1 - y0, : x1 - x0] = part[y0:y1, x0:x1]
    spectrum = rfft2(shape).conj()

    def shared(picture: np.ndarray) -> np.ndarray:
        sums = irfft2(rfft2(picture.astype(np.float32)) * spectrum, s=part.shape)
        return sums[first[1] : last[1] + 1, first[0] : last[0] + 1].round()

    rows, columns = np.nonzero(shared(part if taken is None else taken) == 0)
    if not len(rows):
        return None
    places = dice.some(range(len(rows)), PLACES) if len(rows) > PLACES else list(range(len(rows)))
    covered = shared(occupied)[rows[places], columns[places]]
    best = places[int(covered.argmin())]
    return int(columns[best]) + first[0] - x0, int(rows[best]) + first[1] - y0


def bare_pieces(part: np.ndarray, occupied: np.ndarray, within: Frame, dice: Dice) -> np.ndarray | None:
    """Take as many pixels as the part has, in squares off it, the barest first; None where they do not fit."""
    free = np.zeros(part.shape, bool)
    free[within[1] : within[3], within[0] : within[2]] = True
    free &= ~part
    left = int(part.sum())
    if free.sum() < left:
        return None
    pieces = np.zeros(part.shape, bool)
    squares = [
        (top, column)
        for top in range(within[1], within[3], PIECE)
        for column in range(within[0], within[2], PIECE)
    ]
    order = dice.some(squares, len(squares))
    taken = {square: int(occupied[_square(square)][free[_square(square)]].sum()) for square in order}
    for square in sorted(order, key=lambda square: taken[square]):
        rows, columns = np.nonzero(free[_square(square)])
        rows, columns = rows[:left], columns[:left]
        pieces[_square(square)][rows, columns] = True
        left -= len(rows)
        if not left:
            break
    return pieces


def _square(corner: tuple[int, int]) -> tuple[slice, slice]:
    return slice(corner[0], corner[0] + PIECE), slice(corner[1], corner[1] + PIECE)
