"""How well labels were predicted, from counts (L, L): true labels as rows, predicted ones as columns."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.integer]
Shares = NDArray[np.float64]


def count_answers(truth: NDArray[np.integer], predicted: NDArray[np.integer], labels: int) -> Counts:
    """Count how often each true label (N,) was answered with each label (N,): (L, L)."""
    return np.bincount(truth * labels + predicted, minlength=labels**2).reshape(labels, labels)


def accuracy_of(counts: Counts) -> float:
    """Return the share of right answers; NaN without any."""
    total = counts.sum()
    return float(np.trace(counts) / total) if total else float("nan")


def recall_of(counts: Counts) -> Shares:
    """Return each label's share of pictures that were answered with it (L,); NaN where it has none."""
    return _share(np.diag(counts), counts.sum(1))


def precision_of(counts: Counts) -> Shares:
    """Return each label's share of answers that were right (L,); NaN where it was never answered."""
    return _share(np.diag(counts), counts.sum(0))


def f1_of(counts: Counts) -> Shares:
    """Return each label's harmonic mean of recall and precision (L,); NaN where it neither is nor was answered."""
    return _share(2 * np.diag(counts), counts.sum(0) + counts.sum(1))


def balanced_accuracy_of(counts: Counts) -> float:
    """Return the mean recall of the labels that have pictures."""
    return _mean(recall_of(counts))


def macro_f1_of(counts: Counts) -> float:
    """Return the mean F1 of the labels that have pictures or were answered."""
    return _mean(f1_of(counts))


def _share(part: NDArray[np.integer], whole: NDArray[np.integer]) -> Shares:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _mean(values: Shares) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")
