"""A picture in which cells are tried, with all its regions: what is made of it once serves all its trials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from emocam.effect.parts import Frame, PictureRegions, Raster, paint_raster
from emocam.paste.part_fill import PART_FILLS
from emocam.paste.patch import Patch

LEAST_BARE = 0.1
"""With less of a picture bare of objects, what is taken away may take the colours of others."""


@dataclass
class TriedPicture:
    """The upright picture, and the regions that the run found in it."""

    image: Image.Image
    regions: PictureRegions

    @cached_property
    def raster(self) -> Raster:
        """Whose each pixel is."""
        return paint_raster(self.regions, self.image.size)

    @cached_property
    def small(self) -> Image.Image:
        """The picture in the raster's size, from which all fills are made."""
        size = self.raster.size
        return (
            self.image if size == self.image.size else self.image.resize(size, Resampling.BOX, reducing_gap=2)
        )

    def filled(self, name: str, part: np.ndarray, hidden: np.ndarray | None = None) -> tuple[Patch, ...]:
        """Fill the part (h, w) of the raster: a patch of the picture that leaves all else as it is.

        Nothing that is `hidden` (h, w) is taken for it: what else lies in the object's own regions may show it.
        """
        hole = part if hidden is None or (part | hidden).all() else part | hidden
        return self.put(PART_FILLS[name](self.small, hole, self.sources(hole)), part)

    def put(self, fill: Image.Image, part: np.ndarray) -> tuple[Patch, ...]:
        """Put what is in another picture of the raster's size, or of this one's, into the part (h, w)."""
        frame = self.frame(part)
        patch = self.image.crop(frame)
        across, down = (self.raster.size[i] / self.image.size[i] for i in (0, 1))
        within = (frame[0] * across, frame[1] * down, frame[2] * across, frame[3] * down)
        fill = (
            fill.crop(frame)
            if fill.size == self.image.size
            else fill.resize(patch.size, Resampling.BICUBIC, within)
        )
        patch.paste(fill, mask=self.stencil(part, frame))
        return (Patch(patch, frame[:2]),)

    def sources(self, part: np.ndarray) -> np.ndarray:
        """Return the pixels (h, w) from which the part may be filled: by masks of no object, where there are enough.

        Boxes hold much of what is around objects, so by boxes it is all but the part.
        """
        bare = ~(part | self.raster.occupied)
        return bare if self.raster.cells and bare.mean() >= LEAST_BARE else ~part

    def stencil(self, part: np.ndarray, frame: Frame) -> Image.Image:
        """Draw the part as a mask over a frame of the picture."""
        columns = np.arange(frame[0], frame[2]) * self.raster.size[0] // self.image.width
        rows = np.arange(frame[1], frame[3]) * self.raster.size[1] // self.image.height
        return Image.fromarray(part[rows][:, columns].astype(np.uint8) * 255)

    def frame(self, part: np.ndarray) -> Frame:
        """Return the frame of the picture around a part of the raster."""
        rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
        wide, tall = self.image.width / self.raster.size[0], self.image.height / self.raster.size[1]
        return (
            int(columns[0] * wide),
            int(rows[0] * tall),
            min(self.image.width, int(np.ceil((columns[-1] + 1) * wide))),
            min(self.image.height, int(np.ceil((rows[-1] + 1) * tall))),
        )
