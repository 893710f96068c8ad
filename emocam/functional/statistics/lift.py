"""The lift: how many times as often an object comes under a label as under all others."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def lift(count: NDArray, images: NDArray, elsewhere: NDArray, others: NDArray) -> Numbers:
    """Return (count / images) / (elsewhere / others), the object's share under a label over that elsewhere.

    Where one of the counts is 0, half an image with and half an image without the object are added on both
    sides (Haldane 1956). NaN where the object is nowhere, or one side has no images.
    """
    half = np.where((count == 0) | (elsewhere == 0), 0.5, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (count + half) / (images + 2 * half) / ((elsewhere + half) / (others + 2 * half))
    known = (count + elsewhere > 0) & (images > 0) & (others > 0)
    return np.where(known, ratio, np.nan)


def lifts(counts: NDArray[np.integer], images: NDArray[np.integer]) -> Numbers:
    """Return the lift of each cell (O, L) of counts, against all labels (L,) but its own."""
    return lift(counts, images[None], counts.sum(1, keepdims=True) - counts, images.sum() - images[None])
