"""How predicted values agree with ratings: r, rank r, errors, and intervals by resampling pictures or groups."""

from dataclasses import dataclass

import numpy as np
import torch

from emocam.functional.statistics.similarity import average_ranks, pearson

RESAMPLES = 1000
CHUNK = 100
"""Resamples at a time, so that memory does not grow with the corpus."""
NO_SPREAD = 1e-9
"""Of the mean square; what is left below it is rounding: the drawn numbers are all the same."""
LEAST = 3
"""Pictures below which a correlation says nothing."""


@dataclass(frozen=True)
class ValueMeasures:
    """Of each of A values: `images` that have both numbers, correlations with the interval of r, and errors."""

    images: np.ndarray
    r: np.ndarray
    rho: np.ndarray
    rmse: np.ndarray
    bias: np.ndarray
    low: np.ndarray
    high: np.ndarray


def value_agreement(
    predicted: np.ndarray, rated: np.ndarray, unit: np.ndarray, seed: int = 0, resamples: int = RESAMPLES
) -> ValueMeasures:
    """Compare predictions (n, A) with ratings (n, A), NaN where there is none; `unit` (n,) is resampled whole."""
    given = np.isfinite(predicted) & np.isfinite(rated)
    images = given.sum(0)
    error = np.where(given, predicted - rated, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        bias = error.sum(0) / np.where(images > 0, images, np.nan)
        rmse = np.sqrt((error**2).sum(0) / np.where(images > 0, images, np.nan))
    pairs = [np.stack([predicted[own, a], rated[own, a]]) for a, own in enumerate(given.T)]
    r, rho = (np.array([one(pair) for pair in pairs]) for one in (_r, _rank_r))
    low, high = r_intervals(predicted, rated, unit, seed, resamples)
    few = ~np.isfinite(r)
    low[few], high[few] = np.nan, np.nan
    return ValueMeasures(images, r, rho, rmse, bias, low, high)


def _varies(pair: np.ndarray) -> bool:
    return pair.shape[1] >= LEAST and bool((np.ptp(pair, axis=1) > 0).all())


def _r(pair: np.ndarray) -> float:
    return pearson(torch.from_numpy(pair))[0, 1].item() if _varies(pair) else np.nan


def _rank_r(pair: np.ndarray) -> float:
    return pearson(average_ranks(torch.from_numpy(pair)))[0, 1].item() if _varies(pair) else np.nan


def r_intervals(
    predicted: np.ndarray, rated: np.ndarray, unit: np.ndarray, seed: int, resamples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends (A,) of the 95 % interval of each r, from weighted moments: no resample is made."""
    given = (np.isfinite(predicted) & np.isfinite(rated)).astype(float)
    x, y = (_centred(table, given) for table in (predicted, rated))
    terms = np.stack([given, x, y, x * x, y * y, x * y])  # (6, n, A)
    kinds, place = np.unique(unit, return_inverse=True)
    # what a unit adds to each sum: units are drawn, never their pictures
    sums = np.zeros((len(kinds), *terms.shape[::2]))
    np.add.at(sums, place, terms.transpose(1, 0, 2))
    draws = np.random.default_rng(seed)
    found = []
    for start in range(0, resamples, CHUNK):
        times = draws.multinomial(
            len(kinds), np.full(len(kinds), 1 / len(kinds)), min(CHUNK, resamples - start)
        )
        n, sx, sy, sxx, syy, sxy = np.tensordot(times, sums, 1).transpose(1, 0, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            across, vx, vy = n * sxy - sx * sy, n * sxx - sx * sx, n * syy - sy * sy
            varied = (vx > NO_SPREAD * n * sxx) & (vy > NO_SPREAD * n * syy)
            found.append(np.where(varied, (across / np.sqrt(vx * vy)).clip(-1, 1), np.nan))
    drawn = np.concatenate(found)
    dead = np.isnan(drawn).all(0)
    low, high = np.where(dead, np.nan, np.nanpercentile(np.where(dead, 0, drawn), [2.5, 97.5], axis=0))
    return low, high


def _centred(table: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Return numbers (n, A) less their mean where they are given, else 0."""
    known = np.where(given > 0, table, 0.0)
    return given * (known - known.sum(0) / np.maximum(given.sum(0), 1))
