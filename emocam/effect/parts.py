"""Which pixels are an object's own: those that no smaller region covers, and that no other box disputes.

A picture's regions are painted into one raster, the largest first, by their masks where there are any
and else by their boxes. The last painter owns a pixel, and an object's part is what any of its regions
owns. So taking a person away leaves the ball in the person's hands, whose box lies within the person's.
Where the boxes of two objects overlap and neither lies within the other, what stands there may be of
either: it is part of none of them. Outlines say whose it is, so of masks nothing is disputed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageFilter
from PIL.Image import Resampling

from emocam.paste.base import Box

LONGEST = 256
"""Pixels along the raster's longer side, at most."""
LEAST = 0.1
"""An object of whose regions a smaller share is left to it is not tried."""
ROUNDING = 1e-3
"""Pixels: boxes are stored in single precision, and an edge between two pixels touches only one."""
WITHIN = 0.8
"""A box of which so much lies in another one lies within it, and owns what both cover; with less, neither does."""
HALF = 0.5
"""A mask covers a pixel by more than this share of it."""

Frame = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of a raster, the last ones outside."""


@dataclass(frozen=True)
class PictureRegions:
    """All regions of one picture: names (n,), boxes (n, 4), and masks (n, m, m), each in its box, or None."""

    objects: Sequence[str]
    boxes: np.ndarray
    masks: np.ndarray | None = None


NO_REGIONS = PictureRegions([], np.zeros((0, 4), np.float32))


@dataclass(frozen=True)
class Raster:
    """Who owns each pixel (h, w): the number of a painted shape, or -1; and which shapes and regions are whose.

    Masks have so many `cells` along each side, boxes none.
    """

    owner: np.ndarray
    shape_of: np.ndarray
    covers: list[tuple[Frame, np.ndarray | None]]
    objects: Sequence[str]
    cells: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.owner.shape[1], self.owner.shape[0]

    @cached_property
    def occupied(self) -> np.ndarray:
        """The pixels (h, w) of any object."""
        return self.owner >= 0

    def frames_of(self, object: str) -> list[Frame]:
        """Return the frames of the object's regions."""
        return [self.covers[region][0] for region in self.regions_of(object)]

    def whole(self, object: str, within: Frame) -> np.ndarray | None:
        """Return all pixels (h, w) of the object's regions within a frame, whoever owns them, or None."""
        found = self._covered(self.regions_of(object), within)
        return found if found.any() else None

    def part(self, object: str, within: Frame) -> np.ndarray | None:
        """Return the object's own pixels (h, w) within a frame; None if under a tenth of its regions is left."""
        return self.part_of(self.regions_of(object), within)

    def part_of(self, regions: Sequence[int], within: Frame, all_of: bool = False) -> np.ndarray | None:
        """Return the same of some regions alone; `all_of` takes their pixels whoever owns them."""
        whole = self._covered(regions, within)
        if all_of:
            return whole if whole.any() else None
        own = whole & np.isin(self.owner, self.shape_of[list(regions)]) & ~self.disputed(regions)
        return own if own.any() and own.sum() >= LEAST * whole.sum() else None

    def disputed(self, regions: Sequence[int]) -> np.ndarray:
        """Return the pixels (h, w) at which a box of another object overlaps one of these, neither within the other."""
        found = np.zeros(self.owner.shape, bool)
        own = {self.objects[region] for region in regions}
        others = [cover for cover, name in zip(self.covers, self.objects, strict=True) if name not in own]
        for frame, mask in (self.covers[region] for region in regions):
            for other, outline in others:
                both = shared_frame(frame, other)
                if mask is None and outline is None and both and not lies_within(frame, other, both):
                    cover(found, both, None, True)
        return found

    def with_rim(self, object: str, part: np.ndarray, within: Frame) -> np.ndarray:
        """Add to a part (h, w) by masks what their outlines may have cut off: half a cell, at least a pixel.

        Nothing is taken of another object's pixels. A rim that stays shows what was taken away.
        """
        if not self.cells:
            return part
        sides = [max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in self.frames_of(object)]
        reach = max(1, round(max(sides) / self.cells / 2))
        grown = (
            np.asarray(Image.fromarray(part).convert("L").filter(ImageFilter.MaxFilter(2 * reach + 1))) > 0
        )
        seen = np.zeros_like(part)
        cover(seen, within, None, True)
        return np.asarray(part | (grown & seen & ~self.occupied))

    def regions_of(self, object: str) -> list[int]:
        """Return the numbers of the object's regions."""
        return [i for i, name in enumerate(self.objects) if name == object]

    def _covered(self, regions: Sequence[int], within: Frame) -> np.ndarray:
        found, seen = np.zeros((2, *self.owner.shape), bool)
        for region in regions:
            cover(found, *self.covers[region], True)
        cover(seen, within, None, True)
        return np.asarray(found & seen)


def shared_frame(one: Frame, other: Frame) -> Frame | None:
    """Return the frame that both cover, or None."""
    x0, y0, x1, y1 = *map(max, one[:2], other[:2]), *map(min, one[2:], other[2:])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def lies_within(one: Frame, other: Frame, both: Frame) -> bool:
    """Check whether the smaller of two frames, which share `both`, lies within the larger one."""
    return _area(both) >= WITHIN * min(_area(one), _area(other))


def pixels_in(size: tuple[int, int], box: Box) -> Frame:
    """Find the pixels of a raster that a box in [0, 1] touches by more than rounding, at least one."""
    width, height = size
    x0, y0 = min(int(box[0] * width + ROUNDING), width - 1), min(int(box[1] * height + ROUNDING), height - 1)
    x1, y1 = int(np.ceil(box[2] * width - ROUNDING)), int(np.ceil(box[3] * height - ROUNDING))
    return x0, y0, max(x0 + 1, min(x1, width)), max(y0 + 1, min(y1, height))


def raster_size(width: int, height: int) -> tuple[int, int]:
    """Return the picture's own size, or a smaller one of about its proportions."""
    scale = min(1.0, LONGEST / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def cover(raster: np.ndarray, frame: Frame, mask: np.ndarray | None, value: int | bool) -> None:
    """Write a value where a region is."""
    x0, y0, x1, y1 = frame
    target = raster[y0:y1, x0:x1]
    if mask is None:
        target[...] = value
    else:
        target[mask] = value


def mask_in_frame(mask: np.ndarray, frame: Frame) -> np.ndarray | None:
    """Resize a mask (m, m) of shares to the pixels of its box; None, the box, for one without a pixel."""
    size = frame[2] - frame[0], frame[3] - frame[1]
    image = Image.fromarray(mask.astype(np.float32))
    found = np.asarray(image.resize(size, Resampling.BILINEAR)) > HALF
    return found if found.any() else None


def paint_raster(regions: PictureRegions, size: tuple[int, int]) -> Raster:
    """Draw the raster of a picture of this size (width, height).

    Regions that cover the very same pixels, as where a detector gives one box several names, are one
    shape: it belongs to all of them.
    """
    width, height = raster_size(*size)
    covers: list[tuple[Frame, np.ndarray | None]] = []
    for number, box in enumerate(regions.boxes.tolist()):
        frame = pixels_in((width, height), tuple(box))
        mask = None if regions.masks is None else mask_in_frame(regions.masks[number], frame)
        covers.append((frame, mask))
    known: dict[tuple[Frame, bytes], int] = {}
    keys = [(frame, b"" if mask is None else mask.tobytes()) for frame, mask in covers]
    shape_of = np.array([known.setdefault(key, len(known)) for key in keys], np.int64)
    areas = [_pixels(frame, mask) for frame, mask in covers]
    owner = np.full((height, width), -1, np.int32)
    # of equal areas the later region is painted later: the order is that of the evidence
    for region in sorted(range(len(covers)), key=lambda i: -areas[i]):
        cover(owner, *covers[region], int(shape_of[region]))
    cells = 0 if regions.masks is None else regions.masks.shape[-1]
    return Raster(owner, shape_of, covers, regions.objects, cells)


def _pixels(frame: Frame, mask: np.ndarray | None) -> int:
    return int(mask.sum()) if mask is not None else _area(frame)


def _area(frame: Frame) -> int:
    return (frame[2] - frame[0]) * (frame[3] - frame[1])
