"""How many pictures are enough for the same objects to come first.

Parts of growing size are drawn without replacement, each containing the one before. Near the whole
a part agrees with it because it is nearly the same pictures; only up to half of them it says
something about pictures not seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.integer]
Shares = NDArray[np.float64]
TOP = 5
ENOUGH = 0.9
STEPS = (1, 1.5, 2, 3, 5, 7)


@dataclass(frozen=True)
class Agreement:
    """Of S sizes (S,) and D draws the overlap (S, D) with the whole: of the `top` objects of the
    highest mean percentage, and of each label's strongest object.
    """

    sizes: Places
    top: int
    overlap: Shares
    strongest: Shares

    @property
    def stable_from(self) -> int | None:
        """The size from which on, as far as half of the pictures, parts share ENOUGH of the top; None if none."""
        told = self.sizes <= self.sizes[-1] / 2 if len(self.sizes) else np.zeros(0, bool)
        below = np.flatnonzero(self.overlap.mean(1)[told] < ENOUGH)
        first = below[-1] + 1 if len(below) else 0
        return int(self.sizes[first]) if self.top and first < told.sum() else None


def round_sizes(images: int) -> Places:
    """10, 15, 20, 30, 50, 70, 100 and so on, and all images at last."""
    round_numbers = (int(step * 10**power) for power in range(1, 10) for step in STEPS)
    return np.array([*(n for n in round_numbers if n < images), *([images] if images else [])], np.int64)


def agreement(
    image: Places, object: Places, label: Places, shape: tuple[int, int], draws: int = 30, seed: int = 0
) -> Agreement:
    """image, object (K,) of pairs that count, without repeats; label (I,) of each image; shape (O, L)."""
    generator, sizes = np.random.default_rng(seed), round_sizes(len(label))
    whole = _percent(image, object, label, np.zeros(len(label), np.int64), 1, shape)[0]
    means = _mean(whole)
    top = min(TOP, int((means > 0).sum()))
    overlap, strongest = np.full((2, len(sizes), draws), np.nan)
    if top:
        for draw in range(draws):
            # the first size that holds an image; those after it hold it too
            level = np.searchsorted(sizes, generator.permutation(len(label)), side="right")
            parts = _percent(image, object, label, level, len(sizes), shape)
            overlap[:, draw] = _top_shared(_mean(parts), means, top)
            strongest[:, draw] = _strongest_shared(parts, whole)
    return Agreement(sizes, top, overlap, strongest)


def _percent(
    image: Places, object: Places, label: Places, level: Places, levels: int, shape: tuple[int, int]
) -> Shares:
    """Of each label's images up to a level the percentage with the object (levels, O, L); NaN without images."""
    objects, labels = shape
    cell = (level[image] * objects + object) * labels + label[image]
    counts = np.bincount(cell, minlength=levels * objects * labels).reshape(levels, objects, labels)
    images = (
        np.bincount(level * labels + label, minlength=levels * labels).reshape(levels, 1, labels).cumsum(0)
    )
    return 100 * counts.cumsum(0) / np.where(images > 0, images, np.nan)


def _mean(percent: Shares) -> Shares:
    """Over the labels that have images (..., O)."""
    known = ~np.isnan(percent)
    return np.where(known, percent, 0).sum(-1) / known.sum(-1).clip(min=1)


def _top_shared(means: Shares, whole: Shares, top: int) -> Shares:
    """The share of the top of means (S, O) that is in the top of the whole (O,); ties with its last are in it."""
    first = np.argsort(-means, axis=1, kind="stable")[:, :top]
    in_whole = whole[first] >= np.sort(whole)[-top]
    return (in_whole & (np.take_along_axis(means, first, 1) > 0)).sum(1) / top


def _strongest_shared(parts: Shares, whole: Shares) -> Shares:
    """The share of labels, of those with any object that counts, whose strongest object is the same (S,)."""
    highest = np.nan_to_num(whole).max(0)
    told = highest > 0
    parts = np.nan_to_num(parts)[..., told]
    best, labels = parts.argmax(1), np.flatnonzero(told)
    return ((np.nan_to_num(whole)[best, labels] == highest[told]) & (parts.max(1) > 0)).mean(1)
