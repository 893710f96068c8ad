"""Association matrices at all pairs of thresholds, from one pass over sorted evidence.

An object class counts in an image if one region passes both thresholds at once. So each class and image is
a staircase over the grid of thresholds, whose steps are the regions that no other region surpasses in both.
Going from the most important region on, a step adds one at all pairs below itself, except those below the
step before: a count of corners, summed up along both thresholds, is the matrix at every pair.
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
    """Count images (S, T, O, L) at S score and T importance thresholds, both ascending.

    `label` (B,) belongs to each image; `object`, `image`, `score` and `importance` (N,) to each region;
    `shape` is (O, L).
    """
    objects, labels = shape
    # as Thresholds compares: numbers as they are stored
    scores = scores.astype(np.float32)
    importances = importances.astype(np.float32)
    seen = np.flatnonzero((score > scores[0]) & (importance > importances[0]))
    # Four fields are packed into the bits of one number, so that one sort orders by all of them: from the
    # highest bits down the image, its object (o bits), how many importance thresholds the region misses
    # (t bits), and how many score thresholds it passes (s bits).
    s, t, o = (number.bit_length() for number in (len(scores), len(importances), objects))
    key = image[seen].astype(np.int64, copy=False)
    for bits, field in (
        (o, object[seen]),
        (t, len(importances) - passed(importance[seen], importances)),
        (s, passed(score[seen], scores)),
    ):
        key <<= bits
        key |= field
    key.sort(kind="stable")
    # The running maximum of (image, object, score level), with the t bits cut out, is the staircase's height.
    # Images and objects ascend, so that what an earlier pair reached lies below all of the next.
    highest = key >> s + t << s | key & (1 << s) - 1
    np.maximum.accumulate(highest, out=highest)
    steps = np.flatnonzero(np.diff(highest, prepend=0))
    reached = highest[steps]
    down = len(importances) - (key[steps] >> s & (1 << t) - 1)
    pair = reached >> s
    across = reached & (1 << s) - 1
    before = np.maximum(np.concatenate([[0], reached[:-1]]) - (pair << s), 0)
    cell = (pair & (1 << o) - 1) * labels + label[pair >> o]

    def at(level: Places, rows: NDArray[np.bool_] | EllipsisType) -> NDArray[np.int64]:
        places = (level[rows] * len(importances) + down[rows] - 1) * (objects * labels) + cell[rows]
        return np.bincount(places, minlength=len(scores) * len(importances) * objects * labels)

    corners = at(across - 1, ...) - at(before - 1, before > 0)
    counts = corners.reshape(len(scores), len(importances), objects, labels)
    for low in reversed(range(len(scores) - 1)):
        counts[low] += counts[low + 1]
    for low in reversed(range(len(importances) - 1)):
        counts[:, low] += counts[:, low + 1]
    return counts


def passed(values: Numbers, thresholds: Numbers) -> NDArray[np.unsignedinteger]:
    """Count the thresholds strictly below each value: (n,)."""
    above = np.zeros(len(values), np.min_scalar_type(len(thresholds)))
    for threshold in thresholds:
        above += values > threshold
    return above
