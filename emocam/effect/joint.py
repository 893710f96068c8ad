"""Several objects of one picture taken away together, kept alone, or moved."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from emocam.effect.bare import bare_pieces, barest_shift, shifted
from emocam.effect.insert import onto
from emocam.effect.parts import Frame
from emocam.effect.picture import TriedPicture
from emocam.functional.dice import Dice
from emocam.paste.patch import Patch, patched

SAME = 0.5
"""Two objects that share more of the smaller one's pixels are one thing: nothing is left to take away alone."""
TOUCHING = 0.1
"""Controls that share more of the smaller one's pixels are no fair control of two; nor is a moved object bare."""

VariantKind = Literal["out", "control", "whole", "moved", "keep"]


@dataclass(frozen=True)
class JointVariant:
    """What becomes of a picture: of one object or two `out`, or as much elsewhere (`control`).

    Also the `whole` of an object with all that lies in it taken away, an object `moved`, and all objects but none,
    one or two taken away (`keep`). A name that is not needed is empty.
    """

    kind: VariantKind
    a: str = ""
    b: str = ""

    @property
    def objects(self) -> tuple[str, ...]:
        """The named objects."""
        return tuple(name for name in (self.a, self.b) if name)


@dataclass
class JointPicture:
    """A picture whose `objects` are changed by one fill; `within` is what the classifier sees of its raster.

    `whole` regions are taken in place of parts; controls lie anywhere if they need not be `bare`.
    """

    picture: TriedPicture
    within: Frame
    fill: str
    objects: Sequence[str]
    dice: Dice
    whole: bool = False
    bare: bool = True
    parts: dict[str, np.ndarray | None] = field(init=False)

    def __post_init__(self) -> None:
        raster = self.picture.raster
        find = raster.whole if self.whole else raster.part
        self.parts = {name: self._with_rim(name, find(name, self.within)) for name in self.objects}

    def _with_rim(self, name: str, part: np.ndarray | None) -> np.ndarray | None:
        return None if part is None else self.picture.raster.with_rim(name, part, self.within)

    def patches(self, variant: JointVariant) -> tuple[Patch, ...] | None:
        """Return what is new in the picture; None where the variant cannot be made fairly."""
        if variant.kind == "moved":
            return self._moved(variant.a)
        pixels = self._pixels(variant)
        if pixels is None:
            return None
        return self.picture.filled(self.fill, pixels) if pixels.any() else ()

    def _pixels(self, variant: JointVariant) -> np.ndarray | None:
        """Return the pixels (h, w) that are filled."""
        raster = self.picture.raster
        if variant.kind == "out":
            return self._out(variant.objects)
        if variant.kind == "control":
            return union_of([self.controls[name][0] for name in variant.objects], TOUCHING)
        if variant.kind == "whole":
            return self._with_rim(variant.a, raster.whole(variant.a, self.within))
        return self._all_but(variant.objects)

    def _out(self, names: Sequence[str]) -> np.ndarray | None:
        """Return the pixels (h, w) of all these objects; what they dispute with each other alone goes with both."""
        found = union_of([self.parts[name] for name in names], SAME)
        if found is None or self.whole or len(names) < 2:
            return found
        raster = self.picture.raster
        regions = [region for name in names for region in raster.regions_of(name)]
        together = raster.part_of(regions, self.within)
        if together is None:
            return found
        # what goes with both alone is an interaction of boxes, not of objects: little of either may be so
        both = together & ~found
        least = min((part | both).sum() for name in names if (part := self.parts[name]) is not None)
        return None if both.sum() > SAME * least else found | together

    def _all_but(self, kept: Sequence[str]) -> np.ndarray:
        """Return the pixels (h, w) of all objects that are seen, but for some."""
        raster = self.picture.raster
        regions = [region for name in kept for region in raster.regions_of(name)]
        others = (
            raster.occupied & ~np.isin(raster.owner, raster.shape_of[regions]) & ~raster.disputed(regions)
        )
        seen = np.zeros_like(others)
        seen[self.within[1] : self.within[3], self.within[0] : self.within[2]] = True
        gone = others & seen
        for name in dict.fromkeys(self.picture.regions.objects):
            if name not in kept:
                gone = gone | raster.with_rim(name, gone, self.within)
        return gone

    @cached_property
    def controls(self) -> dict[str, tuple[np.ndarray | None, tuple[int, int] | None]]:
        """For each object the pixels (h, w) of a control, one off the other where there is room, and its shift."""
        found: dict[str, tuple[np.ndarray | None, tuple[int, int] | None]] = {}
        raster = self.picture.raster
        taken = np.zeros_like(raster.occupied)
        occupied = raster.occupied if self.bare else np.zeros_like(raster.occupied)
        for name, part in self.parts.items():
            if part is None:
                found[name] = None, None
                continue
            shift = barest_shift(part, occupied, self.within, self.dice, part | taken)
            pixels = (
                bare_pieces(part, occupied | taken, self.within, self.dice)
                if shift is None
                else shifted(part, *shift)
            )
            taken |= False if pixels is None else pixels
            found[name] = pixels, shift
        return found

    def _moved(self, name: str) -> tuple[Patch, ...] | None:
        """Take the object away and put it where it covers next to nothing of another."""
        (place, shift), part = self.controls[name], self.parts[name]
        if part is None or place is None or shift is None:
            return None
        if (place & self.picture.raster.occupied).sum() > TOUCHING * part.sum():
            return None
        gone = self.picture.filled(self.fill, part)
        frame, corner = self.picture.frame(part), self.picture.frame(place)[:2]
        stencil = self.picture.stencil(part, frame)
        size = self.picture.image.size
        corner = min(corner[0], size[0] - stencil.width), min(corner[1], size[1] - stencil.height)
        # it is put into the picture that has it no longer: the frames of both may meet
        without = patched(self.picture.image, gone)
        return (*gone, onto(without, self.picture.image, frame, stencil, corner))


def union_of(parts: Sequence[np.ndarray | None], most: float) -> np.ndarray | None:
    """Return the pixels (h, w) of all parts; None where one is missing, or two share more than so much."""
    there = [part for part in parts if part is not None]
    if len(there) < len(parts) or not there:
        return None
    first, *rest = there
    for other in rest:
        if (first & other).sum() > most * min(first.sum(), other.sum()):
            return None
        first = first | other
    return np.asarray(first)
