"""Weights of points for each label over a corpus, as sums over people that can be drawn again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Numbers = NDArray[np.float64]
Score = Callable[[Tensor], Tensor]
"""Movements (B, 2, T, P) to scores (B,) or (B, L)."""
RESAMPLES = 500


@dataclass(frozen=True)
class LabelledPoints:
    """Movements (N, 2, T, P) with labels (N,) out of `labels`, and whose they are (N,), by number."""

    x: Tensor
    label: Tensor
    person: Tensor
    labels: int

    def __len__(self) -> int:
        return len(self.x)

    def at(self, rows: Tensor) -> "LabelledPoints":
        """Return some of the sequences, by their places or by a mask (N,)."""
        return replace(self, x=self.x[rows], label=self.label[rows], person=self.person[rows])

    @property
    def people(self) -> list[int]:
        """The numbers of all people, in order."""
        return torch.unique(self.person).tolist()


@dataclass(frozen=True)
class PersonSums:
    """Sums (people, K, L, P) of what weights are made of, and how: `combine` takes (..., K, L, P) to (..., L, P)."""

    sums: Numbers
    combine: Callable[[Numbers], Numbers]
    completeness_error: float | None = None

    @property
    def weights(self) -> Numbers:
        """The weight of each label's points (L, P); larger is more important."""
        return self.combine(self.sums.sum(0))

    def intervals(self, seed: int = 0, resamples: int = RESAMPLES) -> tuple[Numbers, Numbers]:
        """Return the ends (L, P) of 95 % intervals over people drawn with replacement; NaN with fewer than two."""
        people = len(self.sums)
        if people < 2:
            nothing = np.full(self.sums.shape[2:], np.nan)
            return nothing, nothing
        dice = np.random.default_rng(seed)
        times = dice.multinomial(people, np.full(people, 1 / people), resamples).astype(float)
        flat = self.sums.reshape(people, -1)
        drawn = self.combine((times @ flat).reshape(resamples, *self.sums.shape[1:]))
        # a label that nobody has has no weights to draw from, and nanquantile would warn of it
        unknown = np.isnan(drawn).all(0)
        low, high = np.nanquantile(np.where(unknown, 0.0, drawn), (0.025, 0.975), axis=0)
        return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


class Attribution:
    """The base: a method overrides `person_sums`.

    `score` answers with all labels' scores (B, L), `of_label` makes the score of one label alone; `reference` are
    the sequences that baselines are taken from.
    """

    def person_sums(
        self, score: Score, of_label: Callable[[int], Score], part: LabelledPoints, reference: LabelledPoints
    ) -> PersonSums:
        """Return the weights of points in a part of a corpus."""
        raise NotImplementedError


def sums_by_person(values: Tensor, person: Tensor, people: list[int]) -> Numbers:
    """Return the sum (people, ...) of values (N, ...) over each person's sequences."""
    place = torch.searchsorted(torch.tensor(people), person)
    found = torch.zeros(len(people), *values.shape[1:], dtype=torch.float64)
    return np.asarray(found.index_add(0, place, values.double()).numpy(), np.float64)
