"""How far two groups of people are apart: Hedges' g, and intervals over persons.

g is the difference in standard deviations between persons, less the bias of few (Hedges 1981). Intervals are
percentiles over resamples of persons, widened for few of them as Student's t is (Hesterberg 2015,
https://doi.org/10.1080/00031305.2015.1089789): of five persons the plain percentiles hold the truth in 82 of
100 cases, these in 95.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

Numbers = NDArray[np.float64]
RESAMPLES = 2000


def hedges_g(one: Numbers, other: Numbers) -> Numbers:
    """Return Hedges' g (C,) of the persons' values (U, C) of two groups: other less one."""
    free = len(one) + len(other) - 2
    if min(len(one), len(other)) < 2:
        return np.full(one.shape[1], np.nan)
    pooled = ((len(one) - 1) * one.var(0, ddof=1) + (len(other) - 1) * other.var(0, ddof=1)) / free
    return _standardised(other.mean(0) - one.mean(0), pooled, free)


def paired_hedges_g(one: Numbers, other: Numbers) -> Numbers:
    """Return Hedges' g (C,) of the same persons' values (U, C) seen twice, in deviations between persons."""
    free = len(one) - 1
    if free < 1:
        return np.full(one.shape[1], np.nan)
    pooled = (one.var(0, ddof=1) + other.var(0, ddof=1)) / 2
    return _standardised(other.mean(0) - one.mean(0), pooled, free)


def _standardised(difference: Numbers, variance: Numbers, free: int) -> Numbers:
    unbiased = 1 - 3 / (4 * free - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, unbiased * difference / np.sqrt(variance), np.nan)


def resampled_means(values: Numbers, resamples: int = RESAMPLES, seed: int = 0) -> Numbers:
    """Return the mean of the values (U, C) over persons that are drawn with replacement (r, C)."""
    persons = len(values)
    drawn = np.random.default_rng(seed).multinomial(persons, np.full(persons, 1 / persons), resamples)
    return np.asarray(drawn @ values / persons)


def widened_percentiles(drawn: Numbers, persons: int) -> tuple[Numbers, Numbers]:
    """Return both ends (C,) of the 95 % interval of resamples (r, C) of so many persons."""
    if persons < 2:
        return np.full((2, drawn.shape[1]), np.nan)  # type: ignore[return-value]
    below = float(ndtr(-np.sqrt(persons / (persons - 1)) * stdtrit(persons - 1, 0.975)))
    low, high = np.quantile(drawn, [below, 1 - below], axis=0)
    return low, high
