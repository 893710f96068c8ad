"""Welch's F (1951) of each point's mean movement, a label's own sequences against all others; no network is asked."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from emocam.attribution.base import Attribution, LabelledPoints, Numbers, PersonSums, Score, sums_by_person

MOMENTS = 5
"""Sums of a side: how many, x and y, and their squares."""


@dataclass
class Welch(Attribution):
    """A point's weight is the sum of F over both coordinates of its movement's mean over time."""

    def person_sums(
        self, score: Score, of_label: Callable[[int], Score], part: LabelledPoints, reference: LabelledPoints
    ) -> PersonSums:
        mean = part.x.double().mean(2)
        moments = torch.stack(
            [torch.ones_like(mean[:, 0]), mean[:, 0], mean[:, 1], mean[:, 0] ** 2, mean[:, 1] ** 2], 1
        )
        own = torch.nn.functional.one_hot(part.label, part.labels).double()
        sides = [(side[:, None, :, None] * moments[:, :, None]) for side in (own, 1 - own)]
        people = part.people
        sums = np.concatenate([sums_by_person(side, part.person, people) for side in sides], 1)
        return PersonSums(sums, welch_f)


def welch_f(sums: Numbers) -> Numbers:
    """Return F summed over coordinates, of moments (..., 10, L, P) of a label's own sequences and of all others."""
    sides = sums[..., :MOMENTS, :, :], sums[..., MOMENTS:, :, :]
    total = np.zeros(sums.shape[:-3] + sums.shape[-2:])
    with np.errstate(divide="ignore", invalid="ignore"):
        for axis in (1, 2):
            means, errors = [], []
            for side in sides:
                count = side[..., 0, :, :]
                mean = side[..., axis, :, :] / count
                variance = (side[..., axis + 2, :, :] - count * mean**2) / (count - 1)
                means.append(mean)
                errors.append(variance / count)
            total = total + (means[0] - means[1]) ** 2 / (errors[0] + errors[1])
    return np.asarray(total)
