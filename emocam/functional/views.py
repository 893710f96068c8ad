"""What a component sees of a picture: a tensor, and the window of the image that it shows.

Views run in the data workers on the upright PIL picture with Pillow's filters, so that a network
gets what its published preprocessing gives. They return uint8 (3, h, w); the arithmetic that
follows (mean, standard deviation) belongs to the component, on its device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

from emocam.functional.frame import Frame
from emocam.structures import WHOLE

LARGEST = 1 << 28
"""Pixels that a picture may have on the way to a view: a line of one pixel could else ask for all memory."""


class View(Protocol):
    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        """The view (3, h, w), or (1, h, w) in grey, and its window (4,) of the image."""


class Views(Protocol):
    def __call__(self, image: Image.Image) -> tuple[tuple[Tensor, ...], Tensor]:
        """What K components see side by side: their views, and the windows (K, 4)."""


class Framed:
    """A view that a picture's size alone decides: `_frame` says what is shown, and how large."""

    def _frame(self, width: int, height: int) -> Frame:
        raise NotImplementedError

    def frame(self, width: int, height: int) -> Frame:
        frame = self._frame(width, height)
        if frame.inner[0] * frame.inner[1] > LARGEST:
            left, top, right, bottom = frame.part
            raise ValueError(
                f"{width} x {height} pixels are too narrow for a view of {right - left} x {bottom - top}"
            )
        return frame

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        frame = self.frame(*image.size)
        return frame.see(image), frame.window


@dataclass(frozen=True)
class Nothing:
    """The view of a component that does not look."""

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        return torch.zeros(0, dtype=torch.uint8), torch.tensor(WHOLE)


@dataclass(frozen=True)
class Stretch(Framed):
    """The whole image at (height, width), whatever its proportions."""

    size: tuple[int, int]
    filter: Resampling = Resampling.BICUBIC

    def _frame(self, width: int, height: int) -> Frame:
        return Frame(self.size[::-1], (0, 0, *self.size[::-1]), self.filter)


@dataclass(frozen=True)
class Unchanged(Framed):
    """The whole image at its own size, for networks that resize by themselves."""

    def _frame(self, width: int, height: int) -> Frame:
        return Frame((width, height), (0, 0, width, height), Resampling.BILINEAR)


@dataclass(frozen=True)
class CentreCrop(Framed):
    """The shorter side at `resize`, then the `crop` (height, width) in the middle.

    Sizes and corners are rounded as torchvision's Resize and CenterCrop round them.
    """

    resize: int
    crop: tuple[int, int]
    filter: Resampling = Resampling.BILINEAR

    def _frame(self, width: int, height: int) -> Frame:
        if width <= height:
            inner = self.resize, int(self.resize * height / width)
        else:
            inner = int(self.resize * width / height), self.resize
        return Frame.middle(inner, self.crop, self.filter)


@dataclass(frozen=True)
class Letterbox(Framed):
    """The whole image inside (height, width), proportions kept, grey around: its window is wider."""

    size: tuple[int, int]
    filter: Resampling = Resampling.BILINEAR
    grey: int = 127

    def _frame(self, width: int, height: int) -> Frame:
        tall, wide = self.size
        scale = min(wide / width, tall / height)
        inner = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (wide - inner[0]) // 2, (tall - inner[1]) // 2
        return Frame(inner, (-left, -top, wide - left, tall - top), self.filter, (self.grey,) * 3)


@dataclass(frozen=True)
class Custom:
    """A user's own transform of a PIL picture; where it looks is not known, so the whole image."""

    transform: Callable[[Image.Image], Tensor]

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        return self.transform(image), torch.tensor(WHOLE)


@dataclass(frozen=True)
class SideBySide:
    """One picture as each of K components wants it."""

    views: tuple[View, ...]

    def __call__(self, image: Image.Image) -> tuple[tuple[Tensor, ...], Tensor]:
        views, windows = zip(*(view(image) for view in self.views), strict=True)
        return views, torch.stack(windows)
