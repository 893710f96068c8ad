"""The same region of another label's picture in a region's place: for regions that every picture has.

A face without eyes is no face: what is hidden in it makes a network unsure, whatever it makes of eyes. Other eyes
in their place show what it makes of these.
"""

import numpy as np
from PIL import Image, ImageFilter

from emocam.effect.base import Corpus
from emocam.effect.parts import Frame, Raster
from emocam.effect.picture import TriedPicture
from emocam.effect.sampling import dice_for
from emocam.paste.patch import Patch

EXCHANGED = "exchanged"
"""The fill of such a trial, which is none of those that take away, and has no control."""
RING = 7
"""Pixels across the filter that finds what lies around a part: three on each side."""
LEAST_CENTRES = 2
"""Regions that two pictures share, at least, to be laid onto each other."""

Placement = tuple[float, float, float, float, float, float]
"""x and y of the other picture's pixel, as sums of x, y and 1 of this one's."""


def exchange_source(corpus: Corpus, image: str, object: str, seed: int) -> str:
    """Draw a picture of another label that has the object; the image itself where there is none."""
    label = corpus.label[image]
    others = [name for name in corpus.regions[object] if corpus.label.get(name, label) != label]
    return dice_for(seed, EXCHANGED, image, object).one(others) if others else image


def exchanged(picture: TriedPicture, other: TriedPicture, object: str, within: Frame) -> tuple[Patch, ...]:
    """Return the other picture's region in place of the picture's, laid on by all regions; nothing without masks."""
    own, theirs = (
        found.raster.part(object, frame)
        for found, frame in ((picture, within), (other, (0, 0, *other.raster.size)))
    )
    placed = placement(region_centres(picture.raster), region_centres(other.raster))
    if own is None or theirs is None or placed is None or picture.regions.masks is None:
        return ()
    size = picture.raster.size
    shape = laid(np.asarray(theirs, np.uint8)[..., None], placed, size, Image.Resampling.NEAREST)[..., 0] > 0
    part = own.copy()
    x0, y0, x1, y1 = within
    part[y0:y1, x0:x1] |= shape[y0:y1, x0:x1]
    shown = laid(np.asarray(other.small), placed, size, Image.Resampling.BILINEAR)
    return picture.put(toned(shown, np.asarray(picture.small), part), part)


def region_centres(raster: Raster) -> dict[str, tuple[complex, float]]:
    """Return the centre x + iy of each object's own pixels, and how many these are."""
    found = {}
    for object in dict.fromkeys(raster.objects):
        part = raster.part(object, (0, 0, *raster.size))
        if part is not None:
            rows, columns = np.nonzero(part)
            found[object] = complex(columns.mean(), rows.mean()), float(len(rows))
    return found


def placement(
    own: dict[str, tuple[complex, float]], others: dict[str, tuple[complex, float]]
) -> Placement | None:
    """Fit the turn, size and shift that lay centres onto others; small regions, whose centres are sure, count most."""
    shared = [name for name in own if name in others]
    if len(shared) < LEAST_CENTRES:
        return None
    here, there = (np.array([of[name][0] for name in shared]) for of in (own, others))
    weight = 1 / np.array([own[name][1] + others[name][1] for name in shared])
    middle, target = (np.average(centres, weights=weight) for centres in (here, there))
    spread = float((weight * abs(here - middle) ** 2).sum())
    if not spread:
        return None
    turn = complex((weight * (there - target) * (here - middle).conj()).sum()) / spread
    shift = target - turn * middle
    return turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag


def laid(pixels: np.ndarray, placed: Placement, size: tuple[int, int], how: Image.Resampling) -> np.ndarray:
    """Lay pixels (h, w, c) onto a raster of this size (width, height); beyond its border they go on as at it."""
    margin = max(pixels.shape[:2])
    wide = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    a, b, c, d, e, f = placed
    image = Image.fromarray(wide[..., 0] if pixels.shape[2] == 1 else wide)
    found = np.asarray(
        image.transform(size, Image.Transform.AFFINE, (a, b, c + margin, d, e, f + margin), how)
    )
    return found.reshape(size[1], size[0], -1)


def toned(shown: np.ndarray, around: np.ndarray, part: np.ndarray) -> Image.Image:
    """Move the colours of a picture (h, w, 3) to those `around` the part (h, w), so that no seam is seen."""
    grown = np.asarray(Image.fromarray(part.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(RING))) > 0
    ring = grown & ~part
    if not ring.any():
        return Image.fromarray(shown)
    shift = np.median(around[ring], 0) - np.median(shown[ring], 0)
    return Image.fromarray((shown + shift).round().clip(0, 255).astype(np.uint8))
