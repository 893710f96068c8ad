"""Whether an object and a label come together more often than by chance, in pictures that come in groups.

Every group weighs the same, however many pictures it has, so that a large one does not decide what is
usual. A group's share of the evidence is the mean of (x - mean x)(y - mean y) over its pictures, for
object present or not (x) and label or not (y). Under the null its variance is that of one picture for
copies, and of a mean of n pictures for n that have nothing in common; between both lies what the
pictures of a group are correlated in the object and in the label.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from emocam.functional.statistics.tail_probability import hypergeometric_tail, skewed_tail

Numbers = NDArray[np.float64]
Places = NDArray[np.integer]
FEWEST = 12
"""Groups; of fewer no p is given, since their signs alone are p >= 2^-FEWEST."""
ALONE = 0.9
"""The share of pictures that are a group by themselves from which the evidence is a count's."""


@dataclass(frozen=True)
class Grouped:
    """Pictures that come in G groups.

    group, label (I,) of each picture; image, object (K,) of each pair that counts, without repeats;
    shape (O, L).
    """

    group: Places
    label: Places
    image: Places
    object: Places
    shape: tuple[int, int]


def group_association_p(pictures: Grouped) -> Numbers:
    """Return the one-sided p (O, L) that object and label come together so often by chance.

    NaN with fewer than FEWEST groups, for objects in no picture or all, and labels of none or all.
    """
    _, group, size = np.unique(pictures.group, return_inverse=True, return_counts=True)
    groups = len(size)
    if groups < FEWEST:
        return np.full(pictures.shape, np.nan)
    shares = _group_shares(pictures, group, 1 / size)
    mean_x, mean_y = _sum(shares.x)[:, None] / groups, _sum(shares.y) / groups
    evidence, squares = _evidence(shares, mean_x, mean_y)
    spread_x, spread_y = mean_x * (1 - mean_x), mean_y * (1 - mean_y)
    alike = correlation(shares.x, size, mean_x[:, 0])[:, None] * correlation(shares.y, size, mean_y)
    # how much of one picture's variance the mean of a group has
    parts, rest = (1 / size).sum(), (1 - 1 / size).sum()
    variance = parts + rest * alike
    squared = (
        (1 / size**2).sum()
        + 2 * alike * ((1 - 1 / size) / size).sum()
        + alike**2 * ((1 - 1 / size) ** 2).sum()
    )
    null = spread_x * spread_y * variance
    varies = (squares - evidence**2 / groups) * groups / (groups - 1)
    # groups in groups make a mean vary more, but never more than a single picture
    null = np.minimum(null * inflation(varies, null), spread_x * spread_y * groups)
    known = (spread_x > 1e-12) & (spread_y > 1e-12)
    means = mean_x, mean_y
    with np.errstate(divide="ignore", invalid="ignore"):
        p = gamma_tail(evidence, means, null, squared, squared / variance, groups)
        if size[size == 1].sum() >= ALONE * size.sum():
            more = null / (spread_x * spread_y * variance)
            p = np.where(known, count_tail(evidence, means, null, variance**3 / squared**2 / more, p), p)
    return np.where(known, np.maximum(p, 2.0**-groups), np.nan)


@dataclass(frozen=True)
class GroupShares:
    """Shares of each group's pictures with an object x (G, O), a label y (G, L), and both (G, O * L)."""

    x: sparse.csc_array
    y: sparse.csc_array
    both: sparse.csc_array


def _group_shares(pictures: Grouped, group: Places, weight: Numbers) -> GroupShares:
    """Return the shares of groups numbered from 0 by `group` (I,), of which a picture weighs `weight` (G,)."""
    objects, labels = pictures.shape
    of_pair = group[pictures.image]
    cell = pictures.object * labels + pictures.label[pictures.image].astype(np.int64)
    return GroupShares(
        _shares(of_pair, pictures.object, weight, (len(weight), objects)),
        _shares(group, pictures.label, weight, (len(weight), labels)),
        _shares(of_pair, cell, weight, (len(weight), objects * labels)),
    )


def _evidence(shares: GroupShares, mean_x: Numbers, mean_y: Numbers) -> tuple[Numbers, Numbers]:
    """Sum each cell's evidence over the groups, and its squares: (O, L) both.

    The squares are multiplied out, so that zeros cost nothing.
    """
    x, y, both = shares.x, shares.y, shares.both
    groups, labels = y.shape

    def grid(values: Numbers) -> Numbers:
        return values.reshape(-1, labels)

    xx, yy, xy = _sum(x.multiply(x))[:, None], _sum(y.multiply(y)), (x.T @ y).toarray()
    squares = (
        grid(_sum(both.multiply(both)))
        + mean_y**2 * xx
        + mean_x**2 * yy
        - 2 * mean_y * grid(_times(both, x, labels))
        - 2 * mean_x * grid(_times(both, y, labels, of_label=True))
        + 2 * mean_x * mean_y * (grid(_sum(both)) + xy)
        - 3 * groups * mean_x**2 * mean_y**2
    )
    return grid(_sum(both)) - groups * mean_x * mean_y, squares


def gamma_tail(
    evidence: Numbers,
    means: tuple[Numbers, Numbers],
    null: Numbers,
    squared: Numbers,
    step: Numbers,
    groups: int,
) -> Numbers:
    """Return P(at least this evidence) (O, L) of a gamma variable as spread and as skewed, less half a step."""
    mean_x, mean_y = means
    third = (1 - 2 * mean_x) * (1 - 2 * mean_y) * mean_x * (1 - mean_x) * mean_y * (1 - mean_y) * squared
    deviation = np.sqrt(null * groups / (groups - 1))
    skew = third * groups**2 / ((groups - 1) * (groups - 2)) / deviation**3
    return skewed_tail((evidence - step / 2) / deviation, skew)


def count_tail(
    evidence: Numbers, means: tuple[Numbers, Numbers], null: Numbers, worth: Numbers, beyond: Numbers
) -> Numbers:
    """Return P(at least this evidence) (O, L) of a count in `worth` pictures alone; `beyond` where none is so large.

    Where hardly two pictures belong together that is the exact test of pictures that are independent. Its
    tail is thinner than a gamma variable's, by which a tenth of the relations at the edge would be lost.
    """
    mean_x, mean_y = means
    drawn, marked = worth * mean_x, worth * mean_y
    spread = worth * mean_x * (1 - mean_x) * mean_y * (1 - mean_y)
    together = drawn * mean_y + evidence / np.sqrt(null) * np.sqrt(spread)
    inside = together <= np.minimum(drawn, marked) * (1 + 1e-9)
    sound = (np.where(inside, value, 1.0) for value in np.broadcast_arrays(together, drawn, marked, worth))
    return np.where(inside, hypergeometric_tail(*sound), beyond)


def correlation(shares: sparse.csc_array, size: Places, mean: Numbers) -> Numbers:
    """Return how alike two pictures of a group are (n,), 1 for copies; 0 where no group has two.

    From shares (G, n) of each group's pictures with something, of which the mean over groups is `mean`.
    """
    several = size > 1
    if not several.any():
        return np.zeros(len(mean))
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = np.where(several, 1 / (size * (size - 1.0)), 0)
        rows = sparse.diags_array(pairs * size**2)
        once = sparse.diags_array(pairs * size)
        total = (
            _sum(rows @ shares.multiply(shares))
            - 2 * mean * _sum(rows @ shares)
            + mean**2 * (pairs * size**2).sum()
            - (1 - 2 * mean) * _sum(once @ shares)
            - mean**2 * (pairs * size).sum()
        )
        return np.nan_to_num(total / several.sum() / (mean * (1 - mean))).clip(0, 1)


def inflation(varies: Numbers, null: Numbers) -> Numbers:
    """Return by how much the evidence varies more than it should, at least 1: (O, L).

    Groups may hold groups, as a patient's pictures hold bursts. Of one cell this cannot be told from
    what is looked for; of an object's labels together, and of a label's objects together, it can.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        of_object = np.nan_to_num(varies.sum(1, keepdims=True) / null.sum(1, keepdims=True), nan=1.0)
        of_label = np.nan_to_num(varies.sum(0, keepdims=True) / null.sum(0, keepdims=True), nan=1.0)
    return np.maximum(1, np.maximum(of_object, of_label))


def _shares(row: Places, column: Places, weight: Numbers, shape: tuple[int, int]) -> sparse.csc_array:
    """Return the share of each group's pictures (G, n) with something; columns below 0 are left out."""
    known = column >= 0
    return sparse.coo_array((weight[row[known]], (row[known], column[known])), shape).tocsc()


def _sum(shares: sparse.sparray) -> Numbers:
    return np.asarray(shares.sum(0)).ravel()


def _times(both: sparse.csc_array, shares: sparse.csc_array, labels: int, of_label: bool = False) -> Numbers:
    """Return for each cell (O * L,) the sum over groups of what they share and one of the two."""
    found = both.tocoo()
    row, cell = found.coords
    column = cell % labels if of_label else cell // labels
    values = np.asarray(shares.tocsr()[row, column]).ravel()
    return np.asarray(np.bincount(cell, found.data * values, both.shape[1]), float)
