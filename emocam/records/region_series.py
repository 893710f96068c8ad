"""Series of regions along a film: a table a run of a scanner, or what comes from it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RegionSeries:
    """Runs of R regions: `series` (T, R) and `time` (T,) each, the film's second at which a volume begins.

    `step` are the seconds from one volume to the next; a cell that is no number is NaN.
    """

    regions: list[str]
    series: list[NDArray[np.float64]]
    time: list[NDArray[np.float64]]
    step: float
    notes: list[str] = field(default_factory=list)
