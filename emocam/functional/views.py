"""What a component sees of a picture: a tensor, and the window of the image that it shows.

Views run in the data workers on the upright PIL picture with Pillow's filters, so that a network
gets what its published preprocessing gives. They return uint8 (3, h, w); the arithmetic that
follows (mean, standard deviation) belongs to the component, on its device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

from emocam.structures import WHOLE

LARGEST = 1 << 28
"""Pixels that a picture may have on the way to a view: a line of one pixel could else ask for all memory."""


class View(Protocol):
    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        """The view (3, h, w), or (1, h, w) in grey, and its window (4,) of the image."""


class Views(Protocol):
    def __call__(self, image: Image.Image) -> tuple[tuple[Tensor, ...], Tensor]:
        """What K components see side by side: their views, and the windows (K, 4)."""


def to_tensor(image: Image.Image) -> Tensor:
    """uint8 (3, h, w)."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).contiguous()


@dataclass(frozen=True)
class Nothing:
    """The view of a component that does not look."""

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        return torch.zeros(0, dtype=torch.uint8), torch.tensor(WHOLE)


@dataclass(frozen=True)
class Stretch:
    """The whole image at (height, width), whatever its proportions."""

    size: tuple[int, int]
    filter: Resampling = Resampling.BICUBIC

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        return to_tensor(image.resize(self.size[::-1], self.filter)), torch.tensor(WHOLE)


@dataclass(frozen=True)
class Unchanged:
    """The whole image at its own size, for networks that resize by themselves."""

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        return to_tensor(image), torch.tensor(WHOLE)


def _crop_start(length: int, crop: int) -> int:
    """Negative where the image is smaller: Pillow then fills with black."""
    return round((length - crop) / 2) if length >= crop else -((crop - length) // 2)


@dataclass(frozen=True)
class CentreCrop:
    """The shorter side at `resize`, then the `crop` (height, width) in the middle.

    Sizes and corners are rounded as torchvision's Resize and CenterCrop round them.
    """

    resize: int
    crop: tuple[int, int]
    filter: Resampling = Resampling.BILINEAR

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        width, height = image.size
        if width <= height:
            width, height = self.resize, int(self.resize * height / width)
        else:
            width, height = int(self.resize * width / height), self.resize
        if width * height > LARGEST:
            raise ValueError(
                f"{image.width} x {image.height} pixels are too narrow for a view {self.resize} wide"
            )
        left, top = _crop_start(width, self.crop[1]), _crop_start(height, self.crop[0])
        box = (left, top, left + self.crop[1], top + self.crop[0])
        view = to_tensor(image.resize((width, height), self.filter).crop(box))
        return view, torch.tensor(box) / torch.tensor([width, height, width, height])


@dataclass(frozen=True)
class Letterbox:
    """The whole image inside (height, width), proportions kept, grey around: its window is wider."""

    size: tuple[int, int]
    filter: Resampling = Resampling.BILINEAR
    grey: int = 127

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        height, width = self.size
        scale = min(width / image.width, height / image.height)
        inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        canvas = Image.new("RGB", (width, height), (self.grey,) * 3)
        canvas.paste(image.resize(inner, self.filter), (left, top))
        window = torch.tensor([-left, -top, width - left, height - top], dtype=torch.float32)
        return to_tensor(canvas), window / torch.tensor([*inner, *inner])


@dataclass(frozen=True)
class Custom:
    """A user's own transform of a PIL picture; where it looks is not known, so the whole image."""

    transform: Callable[[Image.Image], Tensor]

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        return self.transform(image), torch.tensor(WHOLE)
