"""The interval of a correlation, of pictures that may come in groups.

A picture's influence on r is zx zy - r (zx^2 + zy^2) / 2. The influences of a group are added before they are
squared, so pictures that go together count as what they are. The interval is laid around arctanh r, with
Student's quantile of as many groups.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

FEWEST = 6
"""Of fewer groups no interval is given."""


def correlation_interval(
    x: NDArray[np.floating], y: NDArray[np.floating], unit: NDArray[np.integer]
) -> tuple[float, float]:
    """Return the ends of the 95 % interval of Pearson's r of x and y (n,), whose `unit` (n,) vary as a whole."""
    _, place = np.unique(unit, return_inverse=True)
    groups = int(place.max(initial=-1)) + 1
    if groups < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan, np.nan
    zx, zy = ((values - values.mean()) / values.std() for values in (x.astype(float), y.astype(float)))
    r = float(np.clip((zx * zy).mean(), -1, 1))
    if abs(r) > 1 - 1e-12:
        return r, r
    influence = np.bincount(place, zx * zy - r * (zx**2 + zy**2) / 2)
    spread = np.sqrt((influence**2).sum() * groups / (groups - 1)) / len(x) / (1 - r**2)
    half = stdtrit(groups - 1, 0.975) * spread
    low, high = np.tanh(np.arctanh(r) + np.array([-half, half]))
    return float(low), float(high)
