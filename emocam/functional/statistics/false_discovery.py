"""False discovery rates, Benjamini and Hochberg 1995: of all discoveries at most a share q is due to chance.

Where there is nothing to discover, as in a world without causes, q also bounds the probability of any
discovery.
"""

import numpy as np
from numpy.typing import NDArray


def false_discoveries(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lowest q at which each p counts as a discovery, in the shape of p; NaN was not tested."""
    tested = ~np.isnan(p)
    values = p[tested]
    order = values.argsort(kind="stable")
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    q = np.full_like(p, np.nan)
    lowest = np.empty_like(values)
    lowest[order] = np.minimum.accumulate(scaled[::-1])[::-1].clip(max=1)
    q[tested] = lowest
    return q
