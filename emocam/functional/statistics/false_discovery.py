"""Benjamini and Hochberg 1995: among what is called a discovery, at most a share q is chance.

Where nothing at all is to be found, as in a world without causes, q also bounds the probability
that anything is called found.
"""

import numpy as np
from numpy.typing import NDArray


def false_discoveries(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lowest q at which each p counts as a discovery, in the shape of p; NaN was not tested."""
    tested = ~np.isnan(p)
    values = p[tested]
    order = values.argsort(kind="stable")
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    q = np.full_like(p, np.nan)
    found = np.empty_like(values)
    found[order] = np.minimum.accumulate(scaled[::-1])[::-1].clip(max=1)
    q[tested] = found
    return q
