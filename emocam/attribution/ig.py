"""Integrated gradients, Sundararajan, Taly, Yan 2017, https://arxiv.org/abs/1703.01365, of points over a corpus.

A point's weight is the sum over coordinates and frames, then the mean over the label's own sequences, both with
their signs: the absolute value before the sum ranks noisy points first.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emocam.attribution.base import Attribution, LabelledPoints, Numbers, PersonSums, Score, sums_by_person
from emocam.errors import SettingError, nearest

BASELINES = ("negatives", "typical")
TYPICAL = 5
FIRST_STEPS, MOST_STEPS = 16, 1024
CHUNK = 1024
"""Movements that are scored at once."""
LEAST = 1e-9


@dataclass(frozen=True)
class PathIntegral:
    """Attributions (n, 2, T, P) along straight paths, and the error of their sums in parts of the scores' change."""

    attributions: Tensor
    error: float
    steps: int


def integrate(score: Score, x: Tensor, baseline: Tensor, tolerance: float) -> PathIntegral:
    """Integrate gradients from a baseline (2, T, P) to movements (n, 2, T, P) at midpoints.

    Steps are doubled until the attributions add up to the scores' change within `tolerance` of it.
    """
    with torch.no_grad():
        change = (score(x) - score(baseline[None])).double()
    scale = float(change.abs().sum()) + LEAST
    steps = FIRST_STEPS
    while True:
        found = (x - baseline) * mean_gradient(score, x, baseline, steps)
        error = float((found.flatten(1).double().sum(1) - change).abs().sum()) / scale
        if error < tolerance or steps >= MOST_STEPS:
            return PathIntegral(found, error, steps)
        steps *= 2


def mean_gradient(score: Score, x: Tensor, baseline: Tensor, steps: int) -> Tensor:
    """Return the mean of the gradients (n, 2, T, P) at the midpoints of `steps` parts of each path."""
    total = torch.zeros_like(x)
    width = max(1, CHUNK // steps)
    share = ((torch.arange(steps) + 0.5) / steps).view(-1, 1, 1, 1, 1)
    for start in range(0, len(x), width):
        some = x[start : start + width]
        along = (baseline + share * (some - baseline)).flatten(0, 1).requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(score(along).sum(), along)
        total[start : start + width] = gradient.view(steps, *some.shape).mean(0)
    return total


def baselines(kind: str, label: int, reference: LabelledPoints) -> Tensor:
    """Return the baselines (b, 2, T, P) of a label: the mean of all others, or typical sequences of its own."""
    own = reference.label == label
    if kind == "negatives":
        return reference.x[~own].mean(0, keepdim=True)
    ours = reference.x[own]
    far = (ours - ours.mean(0)).square().flatten(1).sum(1)
    return ours[far.argsort()[:TYPICAL]]


@dataclass
class IntegratedGradients(Attribution):
    """`baseline`: `negatives`, the mean of the other labels' sequences, or `typical`, five typical ones of the label.

    With `absolute`, the size of each attribution counts before they are summed, as in the paper.
    """

    baseline: str = "negatives"
    tolerance: float = 0.01
    absolute: bool = False

    def __post_init__(self) -> None:
        if self.baseline not in BASELINES:
            raise SettingError(
                f"attribution.baseline {self.baseline!r} is not known; {nearest(str(self.baseline), BASELINES)}"
            )
        if not 0 < self.tolerance < 1:
            raise SettingError(f"attribution.tolerance must be between 0 and 1, got {self.tolerance}")

    def of_sequences(
        self, score: Score, x: Tensor, label: int, reference: LabelledPoints
    ) -> tuple[Tensor, float]:
        """Return the weights of points (n, P) in movements (n, 2, T, P) for a label, and the completeness error."""
        found = [
            integrate(score, x, one, self.tolerance) for one in baselines(self.baseline, label, reference)
        ]
        parts = torch.stack([one.attributions.abs() if self.absolute else one.attributions for one in found])
        return parts.mean(0).sum((1, 2)), max(one.error for one in found)

    def person_sums(
        self, score: Score, of_label: Callable[[int], Score], part: LabelledPoints, reference: LabelledPoints
    ) -> PersonSums:
        people, worst = part.people, 0.0
        sums = np.zeros((len(people), 2, part.labels, part.x.shape[-1]))
        for label in range(part.labels):
            own = part.at(part.label == label)
            if not len(own):
                continue
            weights, error = self.of_sequences(of_label(label), own.x, label, reference)
            sums[:, 0, label] = sums_by_person(weights, own.person, people)
            sums[:, 1, label] = sums_by_person(torch.ones_like(weights), own.person, people)
            worst = max(worst, error)
        return PersonSums(sums, ratio, worst)


def ratio(sums: Numbers) -> Numbers:
    """Return the first sums by the second, (..., 2, L, P) to (..., L, P)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[..., 0, :, :] / sums[..., 1, :, :])
