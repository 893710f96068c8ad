"""False discovery rates, Benjamini and Hochberg 1995: of all discoveries at most a share q is due to chance.

Where there is nothing to discover, as in a world without causes, q also bounds the probability of any
discovery.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control


def false_discoveries(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lowest q at which each p counts as a discovery, in the shape of p; NaN was not tested."""
    tested = ~np.isnan(p)
    q = np.full_like(p, np.nan)
    if tested.any():
        q[tested] = false_discovery_control(p[tested])
    return q
