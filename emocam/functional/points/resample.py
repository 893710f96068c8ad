"""Sequences of points whose frames are missing or come at uneven times."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def unbroken(seen: NDArray[np.bool_], gap: int) -> tuple[int, int]:
    """Return start and end of the longest run of frames (T,) that holds no more than `gap` unseen ones in a row."""
    best, start, last = (0, 0), -1, -1
    for frame in np.flatnonzero(seen).tolist():
        if start < 0 or frame - last - 1 > gap:
            start = frame
        last = frame
        if last + 1 - start > best[1] - best[0]:
            best = (start, last + 1)
    return best


def at_times(points: Array, times: Array, length: int) -> tuple[Array, Array]:
    """Return points (T, P, 2) at `length` times that are evenly spaced, and the times; linear between frames seen.

    A point counts as seen in a frame by itself; before its first and after its last frame it stays where it was.
    """
    at = np.linspace(times[0], times[-1], length)
    flat = points.reshape(len(points), -1)
    seen = np.isfinite(flat)
    if seen.all():
        found = np.stack([np.interp(at, times, column) for column in flat.T], 1)
    else:
        found = np.stack(
            [
                np.interp(at, times[there], column[there])
                for column, there in zip(flat.T, seen.T, strict=True)
            ],
            1,
        )
    return found.reshape(length, *points.shape[1:]), at
