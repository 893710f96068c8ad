"""The number of pictures that is enough for the same objects to come first.

Parts of growing size are drawn without replacement, each containing the one before. A part close to the
whole agrees with it because it has nearly the same pictures; only parts of up to half of the pictures say
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
    """The overlap (S, D) with the whole for S sizes (S,) and D draws.

    `overlap` is of the `top` objects of the highest mean percentage, `strongest` of each label's strongest
    object. The whole has so many `images`, by default those of the last size.
    """

    sizes: Places
    top: int
    overlap: Shares
    strongest: Shares
    images: int | None = None

    @property
    def stable_from(self) -> int | None:
        """The size from which on, up to half of the pictures, parts share ENOUGH of the top; None if none."""
        images = self.sizes.max(initial=0) if self.images is None else self.images
        telling = self.sizes <= images / 2
        below = np.flatnonzero(self.overlap.mean(1)[telling] < ENOUGH)
        first = below[-1] + 1 if len(below) else 0
        return int(self.sizes[first]) if self.top and first < telling.sum() else None


def round_sizes(images: int) -> Places:
    """Return the sizes 10, 15, 20, 30, 50, 70, 100 and so on, and last the number of all images."""
    round_numbers = (int(step * 10**power) for power in range(1, 10) for step in STEPS)
    return np.array([*(n for n in round_numbers if n < images), *([images] if images else [])], np.int64)


def agreement(
    image: Places,
    object: Places,
    label: Places,
    shape: tuple[int, int],
    draws: int = 30,
    seed: int = 0,
    unit: Places | None = None,
    of: tuple[Shares, int] | None = None,
) -> Agreement:
    """Compare growing random parts of the images with the whole, or with the percentages and number `of` a larger one.

    `image` and `object` (K,) are the pairs that count, without repeats; `label` (I,) is each image's;
    `shape` is (O, L). Images of one `unit` (I,) are drawn one after the other.
    """
    generator = np.random.default_rng(seed)
    sizes = round_sizes(len(label))
    if of is None:
        of = _percent(image, object, label, np.zeros(len(label), np.int64), 1, shape)[0], len(label)
    whole, images = of
    means = _mean(whole)
    top = min(TOP, int((means > 0).sum()))
    overlap, strongest = np.full((2, len(sizes), draws), np.nan)
    if top:
        for draw in range(draws):
            # the first size that holds an image; those after it hold it too
            level = np.searchsorted(sizes, _order(generator, len(label), unit), side="right")
            parts = _percent(image, object, label, level, len(sizes), shape)
            overlap[:, draw] = _top_shared(_mean(parts), means, top)
            strongest[:, draw] = _strongest_shared(parts, whole)
    return Agreement(sizes, top, overlap, strongest, images)


def _order(generator: np.random.Generator, images: int, unit: Places | None) -> Places:
    """Return the place (I,) at which each image is drawn."""
    places: Places = generator.permutation(images)
    if unit is None:
        return places
    _, of = np.unique(unit, return_inverse=True)
    drawn = np.lexsort((places, generator.permutation(int(of.max(initial=-1)) + 1)[of]))
    places[drawn] = np.arange(images)
    return places


def _percent(
    image: Places, object: Places, label: Places, level: Places, levels: int, shape: tuple[int, int]
) -> Shares:
    """Return the percentage of each label's images up to a level that have the object (levels, O, L).

    NaN without images.
    """
    objects, labels = shape
    # each image is counted at the level at which it comes in; the cumulative sums make it count from there on
    cell = (level[image] * objects + object) * labels + label[image]
    counts = np.bincount(cell, minlength=levels * objects * labels).reshape(levels, objects, labels)
    images = (
        np.bincount(level * labels + label, minlength=levels * labels).reshape(levels, 1, labels).cumsum(0)
    )
    return 100 * counts.cumsum(0) / np.where(images > 0, images, np.nan)


def _mean(percent: Shares) -> Shares:
    """Average over the labels that have images (..., O)."""
    known = ~np.isnan(percent)
    return np.where(known, percent, 0).sum(-1) / known.sum(-1).clip(min=1)


def _top_shared(means: Shares, whole: Shares, top: int) -> Shares:
    """Return the share of the top of means (S, O) that is in the whole's top (O,), ties with its last in."""
    first = np.argsort(-means, axis=1, kind="stable")[:, :top]
    in_whole = whole[first] >= np.sort(whole)[-top]
    return (in_whole & (np.take_along_axis(means, first, 1) > 0)).sum(1) / top


def _strongest_shared(parts: Shares, whole: Shares) -> Shares:
    """Return the share of labels (S,) whose strongest object is the same as in the whole.

    Only labels with an object that counts are taken.
    """
    highest = np.nan_to_num(whole).max(0)
    counted = highest > 0
    parts = np.nan_to_num(parts)[..., counted]
    best = parts.argmax(1)
    labels = np.flatnonzero(counted)
    return ((np.nan_to_num(whole)[best, labels] == highest[counted]) & (parts.max(1) > 0)).mean(1)
