"""Permutation importance, Breiman 2001 and Fisher, Rudin, Dominici 2019, https://arxiv.org/abs/1801.01489.

A point's weight is the balanced accuracy that is lost where its movement is that of another sequence.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emocam.attribution.base import Attribution, LabelledPoints, Numbers, PersonSums, Score, sums_by_person
from emocam.errors import SettingError


@dataclass
class Permutation(Attribution):
    """The movement of each point is dealt out anew `times` times among at most `most` sequences."""

    times: int = 1
    most: int = 400
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("times", "most"):
            if getattr(self, name) < 1:
                raise SettingError(f"attribution.{name} must be at least 1, got {getattr(self, name)}")

    @torch.no_grad()
    def person_sums(
        self, score: Score, of_label: Callable[[int], Score], part: LabelledPoints, reference: LabelledPoints
    ) -> PersonSums:
        generator = torch.Generator().manual_seed(self.seed)
        part = part.at(torch.randperm(len(part), generator=generator)[: self.most].sort().values)
        own = torch.nn.functional.one_hot(part.label, part.labels).bool()
        right = (score(part.x) > 0) == own
        lost = torch.zeros(len(part), part.labels, part.x.shape[-1])
        for _ in range(self.times):
            for point in range(part.x.shape[-1]):
                order = torch.randperm(len(part), generator=generator)
                lost[..., point] += right.float() - ((score(dealt(part.x, point, order)) > 0) == own).float()
        lost /= self.times
        everything = (own[..., None] * lost, own[..., None].expand_as(lost), ~own[..., None] * lost)
        counted = [*everything, (~own[..., None]).expand_as(lost)]
        people = part.people
        sums = np.stack([sums_by_person(values, part.person, people) for values in counted], 1)
        return PersonSums(sums, balanced_loss)


def dealt(x: Tensor, point: int, order: Tensor) -> Tensor:
    """Return movements (N, 2, T, P) in which one point moves as in the sequence that comes in its place."""
    changed = x.clone()
    changed[..., point] = x[order][..., point]
    return changed


def balanced_loss(sums: Numbers) -> Numbers:
    """Return the mean loss over a label's own sequences and over all others, both of equal weight."""
    with np.errstate(divide="ignore", invalid="ignore"):
        own, others = (sums[..., place, :, :] / sums[..., place + 1, :, :] for place in (0, 2))
    return np.asarray((own + others) / 2)
