"""How far observers of a film agree: the share that says so, Krippendorff's alpha, and split halves.

Labs et al. 2015, https://doi.org/10.12688/f1000research.6230.1; Krippendorff 2011 for the alpha of nominal data.
"""

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

NORMAL = 1.96
"""Standard errors on either side of a mean that an interval of 95 % has."""
BLOCK = 60.0
"""Seconds that are resampled together: neighbouring ones are not independent."""
MOST_SPLITS = 2_000


def said_in_bins(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    row: NDArray[np.integer],
    rows: int,
    first: NDArray[np.float64],
    last: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Return which of `rows` is said in which bin (rows, T): an event and a bin share some time.

    Events (E,) have a start, an end and a row; bins from `first` to `last` (T,) are in order. What is
    said twice in a bin is said.
    """
    begins = np.searchsorted(last, start, side="right")
    ends = np.searchsorted(first, end, side="left")
    inside = ends > begins
    changes = np.zeros((rows, len(first) + 1), np.int32)
    np.add.at(changes, (row[inside], begins[inside]), 1)
    np.add.at(changes, (row[inside], ends[inside]), -1)
    return np.cumsum(changes, axis=1)[:, :-1] > 0


def krippendorff_alpha(count: NDArray[np.integer], observers: int) -> float:
    """Return the alpha of yes and no, given how many of all observers said yes in each bin (T,).

    It is 1 - Do / De; NaN where all said the same always, or there is but one observer.
    """
    return float(alpha_of_sums(*disagreement_sums(count, observers), len(count), observers))


def disagreement_sums(count: NDArray[np.integer], observers: int) -> tuple[NDArray, NDArray]:
    """Return the sums over the last axis of k (R - k) and of k, of which an alpha is made."""
    counted = count.astype(np.float64)
    return (counted * (observers - counted)).sum(-1), counted.sum(-1)


def alpha_of_sums(apart: NDArray, yes: NDArray, bins: int, observers: int) -> NDArray[np.float64]:
    """Return the alpha of sums over so many bins, as `disagreement_sums` gives them."""
    values = bins * observers
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = 2 * apart / (observers - 1) / values
        expected = 2 * yes * (values - yes) / (values * (values - 1))
        return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan))


def alpha_interval(
    count: NDArray[np.integer], observers: int, bin_seconds: float, resamples: int, seed: int
) -> tuple[float, float]:
    """Return an interval of 95 % of alpha, by resampling blocks of a minute."""
    length = max(1, round(BLOCK / bin_seconds))
    blocks = len(count) // length
    if blocks < 2:
        return np.nan, np.nan
    apart, yes = disagreement_sums(count[: blocks * length].reshape(blocks, length), observers)
    drawn = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), resamples)
    alphas = alpha_of_sums(drawn @ apart, drawn @ yes, blocks * length, observers)
    alphas = alphas[np.isfinite(alphas)]
    if not len(alphas):
        return np.nan, np.nan
    low, high = np.quantile(alphas, [0.025, 0.975])
    return float(low), float(high)


def split_halves(yes: NDArray[np.bool_], no: NDArray[np.bool_] | None = None) -> tuple[float, float]:
    """Return the mean rank correlation of all ways to part the observers (R, T), and half its 95 % interval.

    A smaller half of R // 2 observers is held against all others, share against share; of a pair of
    opposites, such as high and low arousal, `no` is subtracted. NaN where in one of the ways a half
    says the same throughout. Shares are subtracted as floats, as in the article: their rounding breaks ties.
    """
    observers = len(yes)
    half = observers // 2
    if half < 1:
        return np.nan, np.nan
    found = []
    for way in _ways(observers, half):
        parts = np.isin(np.arange(observers), way)
        one, other = (_shares(yes, no, part) for part in (parts, ~parts))
        found.append(share_correlation(one, other))
    return float(np.mean(found)), float(NORMAL * np.std(found) / np.sqrt(len(found)))


def _ways(observers: int, half: int) -> list[tuple[int, ...]]:
    """Return all ways to take a half, or of very many a sample that is always the same."""
    if comb(observers, half) <= MOST_SPLITS:
        return list(combinations(range(observers), half))
    dice = np.random.default_rng(0)
    return [tuple(dice.choice(observers, half, replace=False).tolist()) for _ in range(MOST_SPLITS)]


def _shares(yes: NDArray[np.bool_], no: NDArray[np.bool_] | None, part: NDArray[np.bool_]) -> NDArray:
    return yes[part].mean(0) if no is None else yes[part].mean(0) - no[part].mean(0)


def share_correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return Spearman's correlation with average ranks; NaN where one is constant."""
    from scipy.stats import rankdata  # takes a while to import, and few runs need it

    ranks = [rankdata(values) for values in (one, other)]
    first, second = (rank - rank.mean() for rank in ranks)
    size = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / size) if size > 0 else float("nan")
