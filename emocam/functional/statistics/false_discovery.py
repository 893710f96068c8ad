"""False discovery rates, Benjamini and Hochberg 1995: of all discoveries at most a share q is due to chance.

Where there is nothing to discover, as in a world without causes, q also bounds the probability of any
discovery.
"""

import numpy as np
from numpy.typing import NDArray


def false_discoveries(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lowest q at which each p counts as a discovery, in the shape of p; NaN was not tested."""
    tested = ~np.isnan(p)
    q = np.full_like(p, np.nan)
    if tested.any():
        q[tested] = _adjusted(p[tested])
    return q


def _adjusted(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least of p n / rank over all p (N,) that are no smaller."""
    order = np.argsort(p)
    q = np.empty_like(p)
    at_rank = p[order] * (len(p) / np.arange(1, len(p) + 1, dtype=float))
    q[order] = np.minimum.accumulate(at_rank[::-1])[::-1]
    return q.clip(0, 1)
