"""Series of one run without slow drifts, all regions in one measure."""

import numpy as np
from numpy.typing import NDArray

PERIOD = 128.0
"""Seconds: what is slower than that is taken for drift, as SPM does."""
FLAT = 1e-9
"""The least deviation of a series that says anything, as a share of its largest value."""

Numbers = NDArray[np.float64]


def drift_basis(length: int, step: float, period: float = PERIOD) -> Numbers:
    """Return the cosines (T, K) slower than a period in seconds, the constant first, each of length 1."""
    count = int(np.floor(2 * length * step / period)) + 1
    places = (np.arange(length) + 0.5) * np.pi / length
    basis = np.cos(np.outer(places, np.arange(min(count, length))))
    return basis / np.sqrt((basis**2).sum(0))


def without_drift(series: Numbers, step: float, period: float = PERIOD) -> Numbers:
    """Return the series (T, R) of a run less their slow cosines, each with mean 0 and deviation 1.

    A cell that is no number counts as the series' mean. A series that does not change becomes 0.
    """
    known = np.isfinite(series)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, series, 0).sum(0) / known.sum(0)
    filled = np.where(known, series, np.nan_to_num(mean)) - np.nan_to_num(mean)
    basis = drift_basis(len(series), step, period)
    rest = filled - basis @ (basis.T @ filled)
    deviation = rest.std(0)
    flat = deviation <= FLAT * np.abs(filled).max(0, initial=0)
    return np.asarray(np.where(flat, 0, rest / np.where(flat, 1, deviation)))
