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
MANY_CELLS = 20_000
"""From so many cells on, those with equal counts are drawn once: of a thousand labels half are."""


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
    what is not there. Of many cells those with equal counts, whose intervals are draws of one distribution, have one.
    """
    if counts.size > MANY_CELLS:
        return _equal_once(counts, images, resamples, seed)
    return _lift_intervals(counts, counts.sum(1), images, resamples, seed)


def _equal_once(
    counts: NDArray[np.integer], images: NDArray[np.integer], resamples: int, seed: int
) -> tuple[Numbers, Numbers]:
    """Return what `lift_intervals` does, from cells of which no two have the same counts.

    A cell is told by the images of its label, and by the object's under this label and under all.
    """
    everywhere = counts.sum(1)
    rows, labels = np.nonzero((counts > 0) & (images > 0))
    told = np.stack([images[labels], counts[rows, labels], everywhere[rows]], 1)
    # of labels with as many images the first draws for all
    first = {int(n): int(label) for label, n in reversed([*enumerate(images.tolist())])}
    kinds, back = np.unique(told, axis=0, return_inverse=True)
    low, high = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    ends = np.full((2, len(kinds)), np.nan)
    generator = np.random.default_rng(seed)
    total = int(images.sum())
    drawn = (
        generator.multinomial(total, images / total, resamples) if total else np.zeros((0, len(images)), int)
    )
    for n in np.unique(kinds[:, 0]):
        of = np.flatnonzero((kinds[:, 0] == n) & (kinds[:, 1] < kinds[:, 2]))
        if 0 < n < total:
            ends[:, of] = _drawn_lifts(
                kinds[of, 1], kinds[of, 2], int(n), total, drawn[:, first[int(n)]], generator
            )
    low[rows, labels], high[rows, labels] = ends[:, back.reshape(-1)]
    return low, high


def _lift_intervals(
    counts: NDArray[np.integer],
    everywhere: NDArray[np.integer],
    images: NDArray[np.integer],
    resamples: int,
    seed: int,
) -> tuple[Numbers, Numbers]:
    """Return the ends of the intervals, of which each cell has its own draws."""
    generator = np.random.default_rng(seed)
    low, high = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    total = int(images.sum())
    if not total:
        return low, high
    drawn = generator.multinomial(total, images / total, resamples)
    for label in np.flatnonzero((images > 0) & (images < total)):
        rows = np.flatnonzero((counts[:, label] > 0) & (counts[:, label] < everywhere))
        low[rows, label], high[rows, label] = _drawn_lifts(
            counts[rows, label], everywhere[rows], int(images[label]), total, drawn[:, label], generator
        )
    return low, high


def _drawn_lifts(
    count: NDArray[np.integer],
    everywhere: NDArray[np.integer],
    images: int,
    total: int,
    n: NDArray[np.integer],
    generator: np.random.Generator,
) -> Numbers:
    """Return the ends (2, C) of the lifts of cells of one label, whose images were drawn `n` (r,) times."""
    ends = np.full((2, len(count)), np.nan)
    rest = total - n
    step = max(1, CHUNK // max(1, len(n)))
    for some in (slice(i, i + step) for i in range(0, len(count), step)):
        inside, outside = count[some], everywhere[some] - count[some]
        within = generator.binomial(n, (inside / images)[:, None])
        elsewhere = generator.binomial(rest, (outside / (total - images))[:, None])
        ends[:, some] = _middle(lift(within, n, elsewhere, rest))
    return ends


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
