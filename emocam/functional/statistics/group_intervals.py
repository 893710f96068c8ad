"""Intervals of shares and ratios when pictures come in groups.

A share's variance between groups says how many independent pictures its pictures are worth: at most
all of them, at least as many as there are groups, a large one counting for less (Kish 1965). With
that number the interval is Wilson's; with few groups its normal quantile is Student's (Korn and
Graubard 1998).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from emocam.functional.statistics.wilson import wilson

Numbers = NDArray[np.float64]
Places = NDArray[np.integer]


@dataclass(frozen=True)
class GroupSums:
    """Over groups: how many there are (n,), and of their counts a of b the sums a, b, aa, ab, bb (n,)."""

    groups: Numbers
    a: Numbers
    b: Numbers
    aa: Numbers
    ab: Numbers
    bb: Numbers


def worth(sums: GroupSums) -> Numbers:
    """Return how many independent pictures the b pictures are worth (n,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = sums.a / sums.b
        spread = sums.aa - 2 * share * sums.ab + share**2 * sums.bb
        spread = spread * sums.groups / np.maximum(sums.groups - 1, 1)
        found = share * (1 - share) * sums.b**2 / spread
        least = sums.b**2 / sums.bb
    # a share of 0 or 1 does not vary, and says nothing of how alike the pictures of a group are
    found = np.where((sums.a <= 0) | (sums.a >= sums.b), least, found)
    return np.clip(found, least, np.maximum(least, sums.b))


def group_wilson(sums: GroupSums) -> tuple[Numbers, Numbers]:
    """Return both ends (n,) of the 95 % interval of a / b; NaN where there is nothing to count."""
    of = np.where(sums.b > 0, worth(sums), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        count = np.where(sums.b > 0, sums.a / sums.b * of, 0)
    count = np.where(sums.a == sums.b, of, count)
    quantile = stdtrit(np.maximum(sums.groups - 1, 1), 0.975)
    return wilson(count, of, quantile)
