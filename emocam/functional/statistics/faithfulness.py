"""Whether what a map weighs most is what the answer loses most by: rank correlations within pictures."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Numbers = NDArray[np.float64]
LEAST_OBJECTS = 3
"""Of fewer objects an order says nothing."""


def rank_correlations(values: Numbers, against: Numbers, picture: NDArray[np.integer]) -> Numbers:
    """Return the rank correlation (P, M) of values (N, M) with numbers (N,) within each of P pictures.

    `picture` (N,) counts from 0. Average ranks; values that are all equal order nothing, which is 0.
    """
    from scipy.stats import rankdata  # takes a while to import, and few runs need it

    found = np.zeros((int(picture.max(initial=-1)) + 1, values.shape[1]))
    for place in range(len(found)):
        rows = picture == place
        ranks = rankdata(np.column_stack([values[rows], against[rows]]), axis=0)
        ranks -= ranks.mean(0)
        size = np.sqrt((ranks**2).sum(0))
        products = ranks[:, :-1].T @ ranks[:, -1]
        sizes = size[:-1] * size[-1]
        np.divide(products, sizes, out=found[place], where=sizes > 0)
    return found


def map_correlations(maps: Numbers, others: Numbers) -> Numbers:
    """Return the rank correlation (B,) over the cells of maps (B, C); two flat maps are the same, one is not."""
    from scipy.stats import rankdata  # takes a while to import, and few runs need it

    ranks, other = (rankdata(m, axis=1) for m in (maps, others))
    ranks, other = ranks - ranks.mean(1, keepdims=True), other - other.mean(1, keepdims=True)
    sizes = np.sqrt((ranks**2).sum(1) * (other**2).sum(1))
    flat = (ranks == 0).all(1) & (other == 0).all(1)
    return np.where(flat, 1.0, (ranks * other).sum(1) / np.where(sizes > 0, sizes, 1))


def drawn_means(values: Numbers, unit: NDArray[np.integer], draws: int = 2000, seed: int = 0) -> Numbers:
    """Draw the units (P,) of pictures anew, and return the means (draws, M) of values (P, M) in each draw."""
    _, code = np.unique(unit, return_inverse=True)
    units = int(code.max(initial=-1)) + 1
    sums = np.zeros((units, values.shape[1]))
    np.add.at(sums, code, values)
    counts = np.bincount(code, minlength=units)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(units, np.full(units, 1 / max(1, units)), size=draws)
    means: Numbers = (drawn @ sums) / np.maximum(drawn @ counts, 1)[:, None]
    return means


def drawn_mean_intervals(
    values: Numbers, unit: NDArray[np.integer], draws: int = 2000, seed: int = 0
) -> Callable[[Numbers], tuple[Numbers, Numbers]]:
    """Draw the units (P,) of pictures anew, and return what gives the 95 % interval of weighted means.

    What is returned takes weights (M, K) and gives the intervals (K,) of the means of values (P, M) times these,
    so that a difference of two columns comes from the same draws as either.
    """
    means = drawn_means(values, unit, draws, seed)

    def interval(weights: Numbers) -> tuple[Numbers, Numbers]:
        low, high = np.percentile(means @ weights, [2.5, 97.5], axis=0)
        return low, high

    return interval


def order_agreement(
    one: Numbers, other: Numbers, unit: NDArray[np.integer], draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the rank correlation over M columns of the means of two sets of values (P, M), with its 95 % interval.

    Each draw takes the same units (P,) of pictures for both, so what a picture adds to both is no agreement more.
    """
    columns = one.shape[1]
    means = drawn_means(np.hstack([one, other]), unit, draws, seed)
    low, high = np.percentile(map_correlations(means[:, :columns], means[:, columns:]), [2.5, 97.5])
    value = map_correlations(one.mean(0)[None], other.mean(0)[None])[0]
    return float(value), float(low), float(high)


def beyond_p(difference: Numbers, unit: NDArray[np.integer]) -> float:
    """Return the one-sided p that the mean difference (P,) of the pictures' units is not above 0: Student's t."""
    _, code = np.unique(unit, return_inverse=True)
    means = np.bincount(code, difference) / np.bincount(code)
    if len(means) < 2:
        return float("nan")
    error = means.std(ddof=1) / np.sqrt(len(means))
    if error == 0:
        return 0.0 if means.mean() > 0 else 1.0
    return float(stdtr(len(means) - 1, -means.mean() / error))


def best_threshold(passes: NDArray[np.bool_], used: NDArray[np.bool_]) -> int:
    """Return the place of the threshold that keeps most of what is used and least of the rest, (T, N) and (N,).

    It is Youden's: the share of the used that pass less that of the others; the lowest of equal ones.
    """
    if used.all() or not used.any():
        return 0
    return int((passes[:, used].mean(1) - passes[:, ~used].mean(1)).argmax())
