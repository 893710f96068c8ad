"""The same people seen twice: whether their differences have their signs by chance, Fisher 1935."""

import numpy as np
from numpy.typing import NDArray

from emocam.functional.statistics.person_shuffles import CHUNK, SAME, SHUFFLES

Numbers = NDArray[np.float64]


def all_signs_are_counted(persons: int, flips: int = SHUFFLES) -> bool:
    """Return whether all ways to sign the persons' differences are gone through."""
    return 2.0**persons <= flips + 1


def sign_flip_p(differences: Numbers, flips: int = SHUFFLES, seed: int = 0) -> Numbers:
    """Return the two-sided p (C,) that the mean of the persons' differences (U, C) is so far from 0 by chance.

    Each person's difference might as well have had the other sign. NaN where all differences are 0.
    """
    persons, cells = differences.shape
    p = np.full(cells, np.nan)
    largest = np.abs(differences).max(0, initial=0)
    known = largest > 0
    if not known.any():
        return p
    scaled = differences[:, known] / largest[known]
    # for a given size of the differences, their sum orders the ways to sign them as t does
    seen = np.abs(scaled.sum(0))
    exact = all_signs_are_counted(persons, flips)
    ways = 2**persons if exact else flips
    generator = np.random.default_rng(seed)
    step = max(1, CHUNK // max(persons, scaled.shape[1]))
    as_far = np.zeros(len(seen))
    for start in range(0, ways, step):
        rows = min(step, ways - start)
        if exact:
            negative = (np.arange(start, start + rows)[:, None] >> np.arange(persons)) & 1
        else:
            negative = generator.integers(2, size=(rows, persons))
        as_far += (np.abs((1.0 - 2.0 * negative) @ scaled) >= seen - SAME).sum(0)
    p[known] = as_far / ways if exact else (as_far + 1) / (ways + 1)
    return p
