"""The ranking of used and unused by a score; equal scores are taken together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Ranking:
    """The numbers of the n used and m unused that score at least each threshold (T,), highest first.

    Whatever has no score (NaN) is ranked last and all alike.
    """

    threshold: Scores
    right: NDArray[np.int64]
    false: NDArray[np.int64]

    @property
    def recall(self) -> Scores:
        return self.right / max(self.right[-1], 1)

    @property
    def precision(self) -> Scores:
        return self.right / (self.right + self.false)

    @property
    def auc(self) -> float:
        """The chance that a used one scores higher than an unused one, where equal ones count half."""
        n, m = self.right[-1], self.false[-1]
        if not n or not m:
            return float("nan")
        steps = np.diff(self.false, prepend=0)
        below = self.right - np.diff(self.right, prepend=0)
        return float((steps * (self.right + below) / 2).sum() / (n * m))

    @property
    def average_precision(self) -> float:
        """The mean precision at each used one: an unused one that is ranked high weighs most."""
        if not self.right[-1]:
            return float("nan")
        return float((np.diff(self.right, prepend=0) * self.precision).sum() / self.right[-1])


def rank(score: Scores, used: Marks) -> Ranking:
    """Rank scores (n,) against whether each is used (n,)."""
    known = np.where(np.isnan(score), -np.inf, score)
    threshold, place = np.unique(-known, return_inverse=True)
    right = np.bincount(place, used, len(threshold)).astype(np.int64)
    false = np.bincount(place, ~used, len(threshold)).astype(np.int64)
    return Ranking(-threshold, right.cumsum(), false.cumsum())


def highest(score: Scores, count: NDArray[np.integer]) -> Marks:
    """Mark the `count` (L,) highest scores of each column (O, L), where they are above 0."""
    order = np.argsort(np.where(np.isnan(score), np.inf, -score), axis=0, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(len(score))[:, None], axis=0)
    return (place < count) & (score > 0)
