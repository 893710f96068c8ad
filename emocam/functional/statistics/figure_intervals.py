"""Intervals of classification figures by resampling pictures, or whole groups of them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emocam.functional.statistics.classification import accuracy_of, balanced_accuracy_of, macro_f1_of

FIGURES: dict[str, Callable[[NDArray[np.integer]], float]] = {
    "accuracy": accuracy_of,
    "balanced_accuracy": balanced_accuracy_of,
    "macro_f1": macro_f1_of,
}
RESAMPLES = 2000
FEW_GROUPS = 10
"""Of fewer groups a bootstrap says nothing."""


def redrawn_counts(
    truth: NDArray[np.integer],
    predicted: NDArray[np.integer],
    labels: int,
    group: NDArray[np.integer] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Return counts (R, L, L) of as many pictures drawn again, or of as many whole groups (N,)."""
    draw = np.random.default_rng(seed)
    cell = truth * labels + predicted
    if group is None:
        # the cells of N pictures drawn with replacement are multinomial
        shares = np.bincount(cell, minlength=labels**2) / len(cell)
        return draw.multinomial(len(cell), shares, resamples).reshape(-1, labels, labels)
    _, of = np.unique(group, return_inverse=True)
    groups = int(of.max()) + 1
    each = np.zeros((groups, labels**2), np.int64)
    np.add.at(each, (of, cell), 1)
    times = draw.multinomial(groups, np.full(groups, 1 / groups), resamples)
    return (times @ each).reshape(-1, labels, labels)


def figure_intervals(resampled: NDArray[np.int64]) -> dict[str, tuple[float, float]]:
    """Return the middle 95 % of each figure over resampled counts (R, L, L)."""
    found = {}
    for name, figure in FIGURES.items():
        values = np.array([figure(counts) for counts in resampled])
        low, high = np.nanpercentile(values, [2.5, 97.5])
        found[name] = float(low), float(high)
    return found
