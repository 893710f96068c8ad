"""Views by torch's resizing in place of Pillow's, as `data.resize=fast` asks.

Both sum each pixel's neighbours with the same antialiased weights in whole numbers, in one direction
and then the other, and round after each. Pillow keeps 22 bits of a weight and torch 15, so that a sum
near a half may be rounded another way: one grey level, and two where this happens to neighbours and
then again, in about one value of a hundred thousand. Torch reads Pillow's own memory, four bytes a
pixel, which is what its vector instructions take at once, so that nothing is copied.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa
import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor
from torch.nn.functional import interpolate

from emocam.view.base import Framed, View, Views
from emocam.view.crops import SideBySide
from emocam.view.frame import passes

Seeing = TypeVar("Seeing", bound=View | Views)
MODES = {Resampling.BILINEAR: "bilinear", Resampling.BICUBIC: "bicubic"}


def memory_of(image: Image.Image) -> Tensor:
    """Return Pillow's memory of an RGB picture, to be read only: uint8 (1, 3 or 4, h, w), channels last."""
    try:
        pixels = torch.from_dlpack(pa.array(image).values)
    except ValueError:  # more than 16 MiB lie in pieces; those opened from now on do not
        Image.core.set_use_block_allocator(1)
        pixels = torch.from_numpy(np.array(image)).flatten()
    return pixels.view(1, image.height, image.width, -1).permute(0, 3, 1, 2)


def resized(image: Image.Image, size: tuple[int, int], filter: Resampling) -> Tensor:
    """Resize an RGB picture to (width, height) by a filter of `MODES`: uint8 (3, h, w)."""
    pixels = memory_of(image)
    now = image.size
    for after in passes(image.size, size):
        if after != now:
            pixels = interpolate(pixels, after[::-1], mode=MODES[filter], align_corners=False, antialias=True)
            now = after
    return pixels[0, :3]


@dataclass(frozen=True)
class Quick:
    """A framed view resized by torch; filters and modes that torch does not know are resized by Pillow."""

    view: Framed

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        frame = self.view.frame(*image.size)
        if image.mode != "RGB" or frame.filter not in MODES:
            return frame.see(image), frame.window
        return frame.cut(resized(image, frame.inner, frame.filter)), frame.window


def quickened(view: Seeing) -> Seeing:
    """Make framed views quick, also those side by side; any other view keeps Pillow's picture."""
    if isinstance(view, SideBySide):
        return SideBySide(tuple(quickened(one) for one in view.views))  # type: ignore[return-value]
    return Quick(view) if isinstance(view, Framed) else view  # type: ignore[return-value]
