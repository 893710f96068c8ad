"""How well labels are told with fewer points: figures of right answers summed by person."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
RESAMPLES = 1000
SIDES = 4
"""Sums of a person: right answers and all, of the label's own sequences and of all others."""


def right_by_person(
    scores: Numbers, label: NDArray[np.int64], person: NDArray[np.int64], people: list[int]
) -> Numbers:
    """Return sums (people, SIDES, L) of the answers that scores (N, L) give; a score above 0 says yes."""
    own = label[:, None] == np.arange(scores.shape[1])
    right = (scores > 0) == own
    parts = np.stack([right & own, own, right & ~own, ~own], 1).astype(float)
    found = np.zeros((len(people), *parts.shape[1:]))
    np.add.at(found, np.searchsorted(people, person), parts)
    return found


def balanced_accuracy(sums: Numbers) -> Numbers:
    """Return the mean (..., L) of both sides' share of right answers, of sums (..., SIDES, L)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        own, others = (sums[..., side, :] / sums[..., side + 1, :] for side in (0, 2))
    return np.asarray((own + others) / 2)


def resample_people(people: int, seed: int, resamples: int = RESAMPLES) -> Numbers:
    """Return how often each person is drawn (resamples, people), the same for all figures of a study."""
    return (
        np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), resamples).astype(float)
    )


def resampled_accuracy(sums: Numbers, times: Numbers) -> Numbers:
    """Return the balanced accuracy (resamples, L + 1) over people drawn anew, that of all labels' mean last."""
    drawn = (times @ sums.reshape(len(sums), -1)).reshape(len(times), *sums.shape[1:])
    return with_mean(balanced_accuracy(drawn))


def with_mean(values: Numbers) -> Numbers:
    """Return values (..., L) with their mean as one more."""
    return np.concatenate([values, np.nanmean(values, -1, keepdims=True)], -1)


def smallest_within(sizes: list[int], accuracy: list[float], errors: list[float]) -> int:
    """Return the smallest size whose accuracy is within one standard error of the best one's."""
    best = int(np.nanargmax(accuracy))
    least = accuracy[best] - errors[best]
    return min(size for size, value in zip(sizes, accuracy, strict=True) if value >= least)


def area_under(sizes: list[int], accuracy: list[float]) -> float:
    """Return the mean accuracy along the logarithm of the number of points."""
    order = np.argsort(sizes)
    along, values = np.log(np.array(sizes, float)[order]), np.array(accuracy, float)[order]
    if len(order) < 2:
        return float(values[0])
    return float(np.trapezoid(values, along) / (along[-1] - along[0]))


def stability_of_choice(chosen: NDArray[np.bool_]) -> float:
    """Return how alike choices (M, P) of the same size are: 1 where they are the same, 0 as by lot.

    Nogueira, Sechidis, Brown 2018, https://jmlr.org/papers/v18/17-514.html. NaN where all or no points are chosen.
    """
    many, points = chosen.shape
    share = chosen.sum(1).mean() / points
    if many < 2 or share in (0, 1):
        return float("nan")
    frequency = chosen.mean(0)
    variance = many / (many - 1) * frequency * (1 - frequency)
    return float(1 - variance.mean() / (share * (1 - share)))
