"""The same pictures changed in two ways: differences within each picture.

McNemar 1947 in its exact form, Student's t of paired differences, and what several such tests say
together, Benjamini and Heller 2008, https://doi.org/10.1111/j.1541-0420.2007.00984.x.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from emocam.functional.statistics.tail_probability import binomial_tail

Numbers = NDArray[np.float64]


def mcnemar_p(only_one: NDArray[np.integer], only_other: NDArray[np.integer]) -> Numbers:
    """One-sided p that pictures which only one of two changes turned are so many by chance.

    Of the pictures turned by one change alone, either is as likely to have done it.
    """
    return binomial_tail(only_one, only_one + only_other, np.full(np.shape(only_one), 0.5))


def paired_interval(
    mean: Numbers, deviation: Numbers, of: NDArray[np.integer], share: float = 0.95
) -> tuple[Numbers, Numbers]:
    """Ends of the interval of a mean difference, from its standard deviation over `of` pictures."""
    half = stdtrit(np.maximum(of - 1, 1), (1 + share) / 2) * deviation / np.sqrt(of)
    return mean - half, mean + half


def paired_p(mean: Numbers, deviation: Numbers, of: NDArray[np.integer]) -> Numbers:
    """One-sided p that the mean difference is not above 0; NaN for a single picture."""
    error = deviation / np.sqrt(of)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where((error == 0) & (mean == 0), 0.0, mean / error)  # nothing ever changed
    return np.where(of > 1, stdtr(np.maximum(of - 1, 1), -t), np.nan)


def most_agree_p(p: Numbers) -> Numbers:
    """The p (n,) that more than half of the m tests (n, m) of a row are true; NaN is a test not made.

    Of m tests the u that are needed fail together unless one of the m - u + 1 with the largest p is
    true, hence the u-th smallest p times as many.
    """
    tests = (~np.isnan(p)).sum(1)
    needed = tests // 2 + 1
    ordered = np.sort(p, axis=1)  # NaN last
    found = np.take_along_axis(ordered, np.minimum(needed, p.shape[1])[:, None] - 1, 1)[:, 0]
    return np.where(tests > 0, np.minimum(1, found * (tests - needed + 1)), np.nan)
