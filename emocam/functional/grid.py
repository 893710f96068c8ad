"""Association matrices at all pairs of thresholds, from one pass over sorted evidence.

An object class counts in an image if one region passes both thresholds at once. So each class and image is
a staircase over the grid of thresholds, whose steps are those regions that no other surpasses in both. Seen
from the most important one on, a step adds one at all pairs below itself, but for those that lie below the
step before as well: a count of corners, summed up along both thresholds, is the matrix at every pair.
"""

from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]
Places = NDArray[np.integer]


def count_grid(
    label: Places,
    object: Places,
    image: Places,
    score: Numbers,
    importance: Numbers,
    scores: Numbers,
    importances: Numbers,
    shape: tuple[int, int],
) -> NDArray[np.int64]:
    """Counts (S, T, O, L) at S score and T importance thresholds, both ascending.

    label (B,) of each image; object, image, score, importance (N,) of each region; shape is (O, L).
    """
    objects, labels = shape
    # as Thresholds compares: numbers as they are stored
    scores, importances = scores.astype(np.float32), importances.astype(np.float32)
    seen = np.flatnonzero((score > scores[0]) & (importance > importances[0]))
    across, down = passed(score[seen], scores), passed(importance[seen], importances)
    pair = image[seen].astype(np.int64) * objects + object[seen]
    # regions of one class and image side by side, the most important first
    order = np.argsort(pair * (len(importances) + 1) - down, kind="stable")
    pair, across, down = pair[order], across[order], down[order]
    base = pair * (len(scores) + 1)
    # pairs ascend, so what an earlier one reached lies below the base of the next
    highest = np.maximum.accumulate(base + across)
    before = np.maximum(np.concatenate([[0], highest[:-1]]) - base, 0)
    steps = np.flatnonzero(across > before)
    pair, across, down, before = pair[steps], across[steps], down[steps], before[steps]
    cell = (pair % objects) * labels + label[pair // objects]

    def at(level: Places, rows: NDArray[np.bool_] | EllipsisType) -> NDArray[np.int64]:
        places = (level[rows] * len(importances) + down[rows] - 1) * (objects * labels) + cell[rows]
        return np.bincount(places, minlength=len(scores) * len(importances) * objects * labels)

    corners = at(across - 1, ...) - at(before - 1, before > 0)
    corners = corners.reshape(len(scores), len(importances), objects, labels)
    return corners[::-1, ::-1].cumsum(0).cumsum(1)[::-1, ::-1]


def passed(values: Numbers, thresholds: Numbers) -> NDArray[np.int64]:
    """How many of the thresholds lie strictly below each value: (n,)."""
    above = np.zeros(len(values), np.min_scalar_type(len(thresholds)))
    for threshold in thresholds:
        above += values > threshold
    return above.astype(np.int64)
