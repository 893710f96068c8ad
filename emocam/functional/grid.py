"""Association matrices at all pairs of thresholds, from one pass over sorted evidence.

An object class counts in an image if one region passes both thresholds at once. For a fixed
importance threshold, the highest score among the regions that pass it decides up to which score
threshold the class counts; so the pairs cost one maximum for each importance threshold, and a
cumulative sum. The maxima of score and importance taken separately would let two regions share it.
"""

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
    counts = np.zeros((len(scores), len(importances), objects * labels), np.int64)
    if not len(object):
        return counts.reshape(len(scores), len(importances), objects, labels)
    pair = image.astype(np.int64) * objects + object
    order = np.argsort(pair, kind="stable")
    pair, importance = pair[order], importance[order]
    # how many score thresholds lie strictly below each region's score
    level = np.searchsorted(scores, score[order], side="left")
    starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    cell = (pair[starts] % objects) * labels + label[pair[starts] // objects]
    levels = len(scores) + 1
    for t, threshold in enumerate(importances):
        highest = np.maximum.reduceat(np.where(importance > threshold, level, 0), starts)
        ended = np.bincount(highest * (objects * labels) + cell, minlength=levels * objects * labels)
        reached = ended.reshape(levels, -1)[::-1].cumsum(0)[::-1]
        counts[:, t] = reached[1:]
    return counts.reshape(len(scores), len(importances), objects, labels)
