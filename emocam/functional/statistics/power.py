"""What could have been found: without it, that nothing was found says nothing."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtrinc, ndtri, stdtrit

Numbers = NDArray[np.float64]
CHANCE = 0.8
"""Of finding what is there."""


def level(q: Numbers, wanted: float) -> float:
    """Return the p below which a test of this family counts as a discovery, NaN without a test.

    Benjamini and Hochberg's bound where one more is found than was: of m tests the first must be below
    wanted / m.
    """
    tests = int((~np.isnan(q)).sum())
    return wanted * min(int((q < wanted).sum()) + 1, tests) / tests if tests else np.nan


def visible_mean(
    deviation: Numbers, of: NDArray[np.integer], p: float, above: float = 0.0, chance: float = CHANCE
) -> Numbers:
    """Return the mean difference that a one-sided t test at p finds with this chance: (n,).

    From the deviation (n,) of differences over `of` (n,) pictures or groups. The 95 % interval must lie
    above 0, and the mean that is found above `above`. NaN for a single one.
    """
    free = np.maximum(of - 1, 1).astype(float)
    error = np.where(of > 1, deviation, np.nan) / np.sqrt(np.maximum(of, 1))
    by_test = nctdtrinc(free, 1 - chance, stdtrit(free, 1 - min(p, 0.025))) * error
    return np.asarray(np.maximum(by_test, above + ndtri(chance) * error))
