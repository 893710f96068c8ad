"""Tests of the same pictures changed in two ways, by differences within each picture.

These are McNemar 1947 in its exact form, Student's t of paired differences, and the combination of several
such tests, Benjamini and Heller 2008, https://doi.org/10.1111/j.1541-0420.2007.00984.x.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from emocam.functional.statistics.tail_probability import binomial_tail

Numbers = NDArray[np.float64]


def mcnemar_p(only_one: NDArray[np.integer], only_other: NDArray[np.integer]) -> Numbers:
    """Return the one-sided p that only one of two changes turned so many pictures by chance.

    Under chance, a picture turned by one change alone was as likely turned by either.
    """
    return binomial_tail(only_one, only_one + only_other, np.full(np.shape(only_one), 0.5))


def paired_interval(
    mean: Numbers, deviation: Numbers, of: NDArray[np.integer], share: float = 0.95
) -> tuple[Numbers, Numbers]:
    """Return the interval's ends of a mean difference, from its standard deviation over `of` pictures."""
    half = stdtrit(np.maximum(of - 1, 1), (1 + share) / 2) * deviation / np.sqrt(of)
    return mean - half, mean + half


def paired_p(mean: Numbers, deviation: Numbers, of: NDArray[np.integer]) -> Numbers:
    """Return the one-sided p that the mean difference is not above 0; NaN for a single picture."""
    error = deviation / np.sqrt(of)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where((error == 0) & (mean == 0), 0.0, mean / error)  # nothing ever changed
    return np.where(of > 1, stdtr(np.maximum(of - 1, 1), -t), np.nan)


def most_agree_p(p: Numbers) -> Numbers:
    """Return the p (n,) that more than half of a row's m tests (n, m) are true; NaN is a test not made.

    If u of m tests are needed, they are not all false unless one of the m - u + 1 tests with the largest p
    is true, so the p is m - u + 1 times the u-th smallest one.
    """
    tests = (~np.isnan(p)).sum(1)
    needed = tests // 2 + 1
    ordered = np.sort(p, axis=1)  # NaN last
    highest_needed = np.take_along_axis(ordered, np.minimum(needed, p.shape[1])[:, None] - 1, 1)[:, 0]
    return np.where(tests > 0, np.minimum(1, highest_needed * (tests - needed + 1)), np.nan)
