"""The upper tail of a count over strata: labels are shuffled within each, and never between two."""

import numpy as np
from numpy.typing import NDArray

from emocam.functional.statistics.tail_probability import hypergeometric_tail, skewed_tail

Counts = NDArray[np.integer]


def strata_tail(count: Counts, drawn: Counts, marked: Counts, of: Counts) -> NDArray[np.float64]:
    """Return P(at least `count` marked ones) (C,), where `drawn` of `of` ones are drawn in each stratum (S, C).

    `marked` of these (S, C) are marked. In one stratum that is the hypergeometric tail; of several the sum
    has the mean, variance and skew of its parts, and Pearson's type III fits these, half a step back, since
    counts go in whole steps. 1 where nothing can vary.
    """
    if len(drawn) == 1:
        return hypergeometric_tail(count, drawn[0], marked[0], of[0])
    n, m, total = (x.astype(float) for x in (drawn, marked, of))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(total > 0, n * m / total, 0).sum(0)
        variance = n * m * (total - n) * (total - m) / (total**2 * (total - 1))
        third = variance * (total - 2 * n) * (total - 2 * m) / (total * (total - 2))
        variance = np.where(total > 1, variance, 0).sum(0)
        third = np.where(total > 2, third, 0).sum(0)
        deviation = np.sqrt(variance)
        tail = skewed_tail((count - 0.5 - mean) / deviation, third / deviation**3)
    return np.where(variance > 0, np.clip(tail, 0, 1), 1.0)
