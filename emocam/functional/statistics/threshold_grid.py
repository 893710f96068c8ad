"""Association matrices at all pairs of thresholds, from one pass over sorted evidence.

An object class counts in an image if one region passes both thresholds at once. So each class and image is
a staircase over the grid of thresholds, whose steps are the regions that no other region surpasses in both.
Going from the most important region on, a step adds one at all pairs below itself, except those below the
step before: a count of corners, summed up along both thresholds, is the matrix at every pair.
"""

from dataclasses import dataclass
from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]
Places = NDArray[np.integer]


@dataclass(frozen=True)
class Fields:
    """The fields packed into the bits of one number, and the bits of three of them.

    From the highest bits down: the image, its object (`object` bits), how many importance thresholds the
    region misses (`importance` bits), and how many score thresholds it passes (`score` bits).
    """

    object: int
    importance: int
    score: int

    def pack(self, image: Places, object: Places, missed: Places, passed: Places) -> Places:
        """Return one number (N,) that holds the four fields, so that one sort orders by all of them."""
        key = image.astype(np.int64, copy=False)
        for bits, field in ((self.object, object), (self.importance, missed), (self.score, passed)):
            key <<= bits
            key |= field
        return key


@dataclass(frozen=True)
class Steps:
    """The steps (n,) of all staircases, those of one class and image in a row.

    A step's region counts in cell `cell` (object * L + label) at the first `down` importance thresholds and
    the first `across` score thresholds; the step before it in its staircase did at the first `before`.
    """

    cell: Places
    down: Places
    across: Places
    before: Places


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
    fields = Fields(objects.bit_length(), len(importances).bit_length(), len(scores).bit_length())
    key = fields.pack(
        image[seen],
        object[seen],
        len(importances) - passed(importance[seen], importances),
        passed(score[seen], scores),
    )
    key.sort(kind="stable")
    steps = find_steps(key, fields, label, labels, len(importances))
    counts = count_corners(steps, len(scores), len(importances), objects * labels)
    # a step counts at all pairs of thresholds up to its corner
    for low in reversed(range(len(scores) - 1)):
        counts[low] += counts[low + 1]
    for low in reversed(range(len(importances) - 1)):
        counts[:, low] += counts[:, low + 1]
    return counts.reshape(len(scores), len(importances), objects, labels)


def find_steps(key: Places, fields: Fields, label: Places, labels: int, importances: int) -> Steps:
    """Find the steps among sorted keys (N,) of regions that pass the first threshold of both kinds."""
    o, t, s = fields.object, fields.importance, fields.score
    # The running maximum of (image, object, score level), with the t bits cut out, is the staircase's height.
    # Images and objects ascend, so that what an earlier pair reached lies below all of the next.
    highest = key >> s + t << s | key & (1 << s) - 1
    np.maximum.accumulate(highest, out=highest)
    steps = np.flatnonzero(np.diff(highest, prepend=0))
    reached = highest[steps]
    pair = reached >> s
    reached_before = np.concatenate([[0], reached[:-1]])
    return Steps(
        cell=(pair & (1 << o) - 1) * labels + label[pair >> o],
        down=importances - (key[steps] >> s & (1 << t) - 1),
        across=reached & (1 << s) - 1,
        # below 0 where the step before belongs to another pair
        before=np.maximum(reached_before - (pair << s), 0),
    )


def count_corners(steps: Steps, scores: int, importances: int, cells: int) -> NDArray[np.int64]:
    """Count the steps' corners (S, T, O * L), less those of the steps before them at the same importance."""

    def at(level: Places, rows: NDArray[np.bool_] | EllipsisType) -> NDArray[np.int64]:
        places = (level[rows] * importances + steps.down[rows] - 1) * cells + steps.cell[rows]
        return np.bincount(places, minlength=scores * importances * cells)

    corners = at(steps.across - 1, ...) - at(steps.before - 1, steps.before > 0)
    return corners.reshape(scores, importances, cells)


def passed(values: Numbers, thresholds: Numbers) -> NDArray[np.unsignedinteger]:
    """Count the thresholds strictly below each value: (n,)."""
    above = np.zeros(len(values), np.min_scalar_type(len(thresholds)))
    for threshold in thresholds:
        above += values > threshold
    return above
