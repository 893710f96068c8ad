"""Whether confidences are as often right as they say, and the temperature that makes them so.

Guo et al. 2017, https://arxiv.org/abs/1706.04599.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

BINS = 15
RANGE = (0.05, 20.0)
"""Temperatures that are tried."""


@dataclass(frozen=True)
class Reliability:
    """Of bins of confidence (K,): how many answers, their mean confidence, and the share that is right."""

    edges: NDArray[np.float64]
    images: NDArray[np.int64]
    confidence: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def error(self) -> float:
        """The expected calibration error: the mean distance, each answer counting once."""
        there = self.images > 0
        distance = np.abs(self.right[there] - self.confidence[there])
        return float((distance * self.images[there]).sum() / max(1, self.images.sum()))


def reliability_of(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS
) -> Reliability:
    """Return the bins of answers by confidence (N,); an answer at an edge is in the bin above."""
    edges = np.linspace(0, 1, bins + 1)
    of = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, bins - 1)
    images = np.bincount(of, minlength=bins)
    several = np.maximum(images, 1)
    mean = np.bincount(of, weights=confidence, minlength=bins) / several
    share = np.bincount(of, weights=right, minlength=bins) / several
    empty = images == 0
    return Reliability(edges, images, np.where(empty, np.nan, mean), np.where(empty, np.nan, share))


def fit_temperature(logits: NDArray[np.floating], label: NDArray[np.integer]) -> float:
    """Return what to divide logits (N, L) by so that the labels (N,) are most likely; 1 without any."""
    if not len(logits):
        return 1.0
    z = logits.astype(np.float64)
    rows = np.arange(len(z))

    def surprise(log_temperature: float) -> float:
        scaled = z / np.exp(log_temperature)
        return float((logsumexp(scaled, axis=1) - scaled[rows, label]).mean())

    low, high = np.log(RANGE)
    found = minimize_scalar(surprise, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))
