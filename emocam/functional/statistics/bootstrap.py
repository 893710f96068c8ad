"""The bootstrap of Efron 1979: images are drawn with replacement and everything is counted again."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from emocam.functional.statistics.lift import lift

Numbers = NDArray[np.float64]
RESAMPLES = 2000
CHUNK = 2**21
"""Numbers held at once: what bounds the memory."""


def resampled_counts(
    cell: NDArray[np.integer],
    image: NDArray[np.integer],
    images: int,
    cells: int,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Iterator[NDArray[np.int32]]:
    """Yield counts (r, cells) of resampled images, in parts that together are `resamples`.

    `cell` and `image` (K,) say what is counted in which image. All counts in one row come from the same
    images, so that matrices of several methods stay paired.
    """
    generator = np.random.default_rng(seed)
    # how often an image was drawn, times what it shows, summed by cell: one product for many resamples
    shown = sparse.csr_array((np.ones(len(cell), np.int32), (cell, image)), shape=(cells, images))
    step = max(1, CHUNK // max(1, images, cells))
    for start in range(0, resamples, step):
        drawn = generator.integers(images, size=(min(step, resamples - start), images))
        times = np.stack([np.bincount(row, minlength=images) for row in drawn], 1)
        yield (shown @ times.astype(np.int32)).T


def lift_intervals(
    counts: NDArray[np.integer], images: NDArray[np.integer], resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Numbers, Numbers]:
    """Return the ends (O, L) of the 95 % percentile intervals of the lift over resampled images.

    The images of each label in a resample are multinomial, and those of them with the object binomial, as
    are those elsewhere. This is exactly what drawing images one by one gives for a cell, without drawing
    any image. NaN where the object was seen under the label only, or never under it: resampling cannot draw
    what is not there.
    """
    generator = np.random.default_rng(seed)
    low, high = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    total = int(images.sum())
    if not total:
        return low, high
    drawn = generator.multinomial(total, images / total, resamples)
    everywhere = counts.sum(1)
    step = max(1, CHUNK // resamples)
    for label in np.flatnonzero((images > 0) & (images < total)):
        rows = np.flatnonzero((counts[:, label] > 0) & (counts[:, label] < everywhere))
        n = drawn[:, label]
        rest = total - drawn[:, label]
        for some in (rows[i : i + step] for i in range(0, len(rows), step)):
            inside = counts[some, label]
            outside = everywhere[some] - counts[some, label]
            count = generator.binomial(n, (inside / images[label])[:, None])
            elsewhere = generator.binomial(rest, (outside / (total - images[label]))[:, None])
            resampled = lift(count, n, elsewhere, rest)
            low[some, label], high[some, label] = _middle(resampled)
    return low, high


def group_lift_intervals(
    cell: NDArray[np.integer],
    cell_group: NDArray[np.integer],
    label: NDArray[np.integer],
    group: NDArray[np.integer],
    shape: tuple[int, int],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Numbers, Numbers]:
    """Return both ends (O, L) of the 95 % percentile intervals of lift when groups are drawn anew.

    label, group (I,) of each image; cell, cell_group (K,) of each object that counts. NaN as of
    lift_intervals.
    """
    objects, labels = shape
    cells, groups = objects * labels, int(group.max(initial=-1)) + 1
    low, high = np.full(cells, np.nan), np.full(cells, np.nan)
    counts, images = np.bincount(cell, minlength=cells).reshape(shape), np.bincount(label, minlength=labels)
    inside = (counts > 0) & (counts < counts.sum(1, keepdims=True)) & (images < images.sum())
    active = np.flatnonzero(inside)
    if not len(active) or not resamples:
        return low.reshape(shape), high.reshape(shape)
    # after the cells of interest every object's images, and every label's
    place = np.full(cells, -1)
    place[active] = np.arange(len(active))
    seen = place[cell] >= 0
    first_label = len(active) + objects
    rows = np.concatenate([place[cell[seen]], len(active) + cell // labels, first_label + label])
    of = np.concatenate([cell_group[seen], cell_group, group])
    parts = []
    for drawn in resampled_counts(rows, of, groups, first_label + labels, resamples, seed):
        count, everywhere, n = np.split(drawn.astype(np.float32), [len(active), first_label], axis=1)
        everyone = n.sum(1, keepdims=True)  # groups are of unequal size
        elsewhere, n = everywhere[:, active // labels] - count, n[:, active % labels]
        parts.append(lift(count, n, elsewhere, everyone - n).astype(np.float32))
    low[active], high[active] = _middle(np.concatenate(parts).T)
    return low.reshape(shape), high.reshape(shape)


def _middle(values: NDArray[np.floating]) -> Numbers:
    """Return the ends (2, n) of the middle 95 % of each row, leaving out resamples without the object."""
    gaps = np.isnan(values).any(1)
    ends = np.empty((2, len(values)))
    ends[:, ~gaps] = np.quantile(values[~gaps], (0.025, 0.975), axis=1)
    ends[:, gaps] = np.nanquantile(values[gaps], (0.025, 0.975), axis=1)
    return ends
