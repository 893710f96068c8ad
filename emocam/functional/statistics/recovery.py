"""Rules by which a cell, an object and a label, may be called used: each gives scores and a decision."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.ranking import highest
from emocam.functional.statistics.tail_probability import binomial_tail
from emocam.records.thresholds import Thresholds

Matrix = NDArray[np.float64]
PAPER = Thresholds()
"""The paper's threshold of importance, 0.3."""
RARE = 0.05
"""A region counts where so few boxes of its size, or fewer, hold as much of the map."""
SURE = 0.05
"""The share of false discoveries that a decision may have."""


@dataclass(frozen=True)
class Pairs:
    """P pairs of an image and an object in it, with its `regions` (P,) there; images (L,) of each label.

    Of several regions `importance` (P,) is the highest and `chance` (P,) the lowest.
    """

    object: NDArray[np.int64]
    label: NDArray[np.int64]
    regions: NDArray[np.int64]
    importance: Matrix
    chance: Matrix
    images: NDArray[np.int64]
    objects: int

    def total(self, value: NDArray[Any]) -> Matrix:
        """Sum a value over the pairs of each cell: (O, L)."""
        shape = self.objects, len(self.images)
        place = self.object * shape[1] + self.label
        summed = np.bincount(place, value.astype(np.float64), shape[0] * shape[1])
        return summed.astype(np.float64).reshape(shape)

    @property
    def present(self) -> Matrix:
        return self.total(np.ones(len(self.object)))

    def percent(self, value: NDArray[Any]) -> Matrix:
        """Return a value's sum over each cell's pairs as a percentage of the label's images (O, L)."""
        return 100 * self.total(value) / np.maximum(self.images, 1)

    def share(self, value: NDArray[Any]) -> Matrix:
        """Return a value's mean over the pairs of each cell (O, L); NaN where the object never is."""
        present = self.present
        return self.total(value) / np.where(present > 0, present, np.nan)


@dataclass(frozen=True)
class Called:
    """A rule's answer: a score (O, L), which cells it calls used (O, L), and the effect it measured, if it did."""

    score: Matrix
    chosen: NDArray[np.bool_]
    effect: Matrix | float = np.nan


Rule = Callable[[Pairs, NDArray[np.int64]], Called]
"""Takes how many cells of each label (L,) are used, which a ranking alone does not tell."""


def presence(pairs: Pairs, cues: NDArray[np.int64]) -> Called:
    """Score by the percentage of the label's images in which the object is present; no CAM is asked."""
    score = pairs.percent(np.ones(len(pairs.object)))
    return Called(score, highest(score, cues))


def paper(pairs: Pairs, cues: NDArray[np.int64]) -> Called:
    """Score by the percentage of the label's images in which the object has an importance above 0.3."""
    score = pairs.percent(PAPER.looked_at(pairs.importance, None))
    return Called(score, highest(score, cues))


def average(pairs: Pairs, cues: NDArray[np.int64]) -> Called:
    """Score by the mean importance of the object where it is present, without a threshold."""
    score = pairs.share(pairs.importance)
    return Called(score, highest(score, cues))


def rare(pairs: Pairs) -> NDArray[np.bool_]:
    """Return which pairs (P,) have a chance below 0.05, as float32 compares."""
    return Thresholds(chance=RARE).looked_at(pairs.importance, pairs.chance)


def chance(pairs: Pairs, cues: NDArray[np.int64]) -> Called:
    """Score as `paper` does, but count a region where its chance is below 0.05."""
    score = pairs.percent(rare(pairs))
    return Called(score, highest(score, cues))


def above_chance(pairs: Pairs, cues: NDArray[np.int64]) -> Called:
    """Score by the share of the object's images of the label in which its chance is below 0.05.

    A cell is called used if it counts more often than boxes put anywhere would, at a false discovery rate
    of 0.05: the number of used cells need not be known.
    """
    hits = pairs.total(rare(pairs))
    present = pairs.present
    usual = pairs.share(1 - (1 - RARE) ** pairs.regions)
    p = binomial_tail(hits.astype(np.int64), present.astype(np.int64), usual)
    return Called(pairs.share(rare(pairs)), false_discoveries(p) < SURE)


RULES: dict[str, Rule] = {
    "presence": presence,
    "paper": paper,
    "average": average,
    "chance": chance,
    "above chance": above_chance,
}
