"""Labels moved along time in a circle, all moves at once: what a decoder learns where nothing is related."""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

LEAST = 15
"""Volumes by which labels are moved at least: by fewer they still meet what they belong to."""

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


def draw_shifts(lengths: list[int], draws: int, seed: int) -> Places:
    """Draw by how much the labels of each run are moved (1 + draws, runs); the first row is no move.

    In a run too short for LEAST it is at least a quarter of it.
    """
    dice = np.random.default_rng(seed)
    shifts = np.zeros((draws + 1, len(lengths)), np.int64)
    for run, length in enumerate(lengths):
        least = min(LEAST, length // 4)
        shifts[1:, run] = dice.integers(least, length - least + 1, draws)
    return shifts


def shifted_products(series: Numbers, label: NDArray[np.bool_], shifts: Places) -> Numbers:
    """Return the sums over time of series (T, R) times the label (T,), moved by each shift (S,): (S, R)."""
    length = len(series)
    spectrum = np.conj(scipy.fft.rfft(label.astype(float)))[:, None] * scipy.fft.rfft(series, axis=0)
    return np.asarray(scipy.fft.irfft(spectrum, length, axis=0)[shifts % length])


def shifted_auc(answers: Numbers, label: NDArray[np.bool_], shifts: Places) -> Numbers:
    """Return how often an answer (T, S) under the label (T,), moved by each shift (S,), beats one that is not (S,).

    NaN where the label is on throughout or never.
    """
    length, on = len(label), int(label.sum())
    if on in (0, length):
        return np.full(answers.shape[1], np.nan)
    order = np.argsort(answers, axis=0, kind="stable")
    sorted_answers = np.take_along_axis(answers, order, 0)
    rank = np.empty_like(answers)
    # equal answers share their ranks' mean
    first = np.ones_like(answers, bool)
    first[1:] = sorted_answers[1:] != sorted_answers[:-1]
    if first.all():
        np.put_along_axis(rank, order, np.arange(1.0, length + 1)[:, None], 0)
    else:
        from scipy.stats import rankdata

        rank = rankdata(answers, axis=0)
    places = (np.flatnonzero(label)[:, None] + shifts) % length
    total = np.take_along_axis(rank, places, 0).sum(0)
    return np.asarray((total - on * (on + 1) / 2) / (on * (length - on)))
