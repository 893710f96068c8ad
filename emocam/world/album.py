"""Photographs to paste on and cut-outs to paste: a user's own, or drawn ones where there are none."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from emocam.functional.dice import Dice
from emocam.world.backdrop import FIELDS, Backdrop, draw_backdrop
from emocam.world.compose import scribble
from emocam.world.draw import SUBPIXELS, Box, Thing, extent, paint, rimmed, subpixels
from emocam.world.palette import pick_paints, pick_tone
from emocam.world.shapes import SHAPES

DRAWN_PHOTOS, DRAWN_SIDE, DRAWN_CUT_OUTS = 24, 240, 4
COMMON = 0.2
"""An object of more than this share of the photographs is not planted: it would be there by itself."""


@dataclass(frozen=True)
class Photo:
    """A photograph, and what its own annotators saw in it: names and boxes in pixels."""

    image: Image.Image
    objects: Sequence[tuple[str, Box]]


@dataclass(frozen=True)
class Album:
    """Photographs, and of each object its cut-outs: RGBA pictures, clear outside of the outline.

    So many photographs were `skipped` because they could not be read.
    """

    photos: Sequence[Photo]
    cut_outs: Mapping[str, Sequence[Image.Image]]
    skipped: int = 0

    @property
    def objects(self) -> list[str]:
        """Every object that can be in a picture, those that can be pasted first."""
        own = sorted({name for photo in self.photos for name, _ in photo.objects})
        return [*self.cut_outs, *(name for name in own if name not in self.cut_outs)]

    @cached_property
    def digest(self) -> str:
        """The name of all its pictures, outlines and objects."""
        told = hashlib.sha256(json.dumps([photo.objects for photo in self.photos]).encode())
        for name, image in [
            *(("", photo.image) for photo in self.photos),
            *((name, cut) for name, cuts in self.cut_outs.items() for cut in cuts),
        ]:
            told.update(f"{name} {image.size} {image.mode} ".encode() + image.tobytes())
        return told.hexdigest()

    @property
    def plantable(self) -> list[str]:
        """Objects with a cut-out that few photographs hold already."""

        def holding(object: str) -> int:
            return sum(any(name == object for name, _ in photo.objects) for photo in self.photos)

        return [object for object in self.cut_outs if holding(object) <= COMMON * len(self.photos)]


def drawn_album(seed: int = 0) -> Album:
    """Draw backdrops and shapes of the embedded world in the place of photographs and cut-outs."""
    dice = Dice(seed, DRAWN_PHOTOS)
    photos = []
    for _ in range(DRAWN_PHOTOS):
        size = DRAWN_SIDE, DRAWN_SIDE
        tones = tuple(pick_tone(dice) for _ in range(3))
        image = draw_backdrop(Backdrop(dice.one(list(FIELDS)), tones, dice.whole(0, 2**32 - 1)), size)
        for stroke in [scribble(dice, size) for _ in range(dice.whole(6, 16))]:
            paint(image, [(stroke.paint, subpixels(stroke.corners))])
        photos.append(Photo(image, []))
    return Album(photos, {name: [_cut_shape(name, dice) for _ in range(DRAWN_CUT_OUTS)] for name in SHAPES})


def _cut_shape(name: str, dice: Dice, side: float = 96) -> Image.Image:
    """Draw a shape of the embedded world on a clear ground."""
    tones = tuple(pick_tone(dice) for _ in range(3))
    shapes = rimmed(Thing(name, side, side, side, 0.0, 1.0, pick_paints(dice, tones)))
    canvas, stencil = (Image.new(mode, (round(2 * side),) * 2) for mode in ("RGB", "L"))
    paint(canvas, shapes)
    paint(stencil, [(255, outline) for _, outline in shapes])  # type: ignore[misc]
    canvas.putalpha(stencil)
    x0, y0, x1, y1 = extent(shapes)
    return canvas.crop((x0 // SUBPIXELS, y0 // SUBPIXELS, -(-x1 // SUBPIXELS), -(-y1 // SUBPIXELS)))
