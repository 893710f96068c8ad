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
    # as Thresholds compares: numbers as they are stored
    scores, importances = scores.astype(np.float32), importances.astype(np.float32)
    counts = np.zeros((len(scores), len(importances), objects * labels), np.int64)
    if not len(object):
        return counts.reshape(len(scores), len(importances), objects, labels)
    seen = np.flatnonzero((score > scores[0]) & (importance > importances[0]))
    pair = image[seen].astype(np.int64) * objects + object[seen]
    order = np.argsort(pair, kind="stable")
    pair, seen = pair[order], seen[order]
    first = np.diff(pair, prepend=-1) > 0
    group, pair = first.cumsum(dtype=np.int32) - np.int32(1), pair[first]
    cell = (pair % objects) * labels + label[pair // objects]
    # how many score thresholds lie strictly below each region's score
    levels = len(scores) + 1
    level = np.searchsorted(scores, score[seen], side="left").astype(np.min_scalar_type(levels))
    importance = importance[seen]
    for t, threshold in enumerate(importances):
        # thresholds ascend, so a region that has failed one is never asked again
        kept = np.flatnonzero(importance > threshold)
        if not len(kept):
            break
        group, level, importance = group[kept], level[kept], importance[kept]
        starts = np.flatnonzero(np.diff(group, prepend=np.int32(-1)))
        highest = np.maximum.reduceat(level, starts).astype(np.int64)
        places = highest * (objects * labels) + cell[group[starts]]
        ended = np.bincount(places, minlength=levels * objects * labels)
        reached = ended.reshape(levels, -1)[::-1].cumsum(0)[::-1]
        counts[:, t] = reached[1:]
    return counts.reshape(len(scores), len(importances), objects, labels)
