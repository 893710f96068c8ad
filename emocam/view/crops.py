"""The views of a picture that components take: a tensor, and the window of the image that it shows.

Views run in the data workers on the upright PIL picture with Pillow's filters, so that a network
gets what its published preprocessing gives. They return uint8 (3, h, w); the arithmetic that
follows (mean, standard deviation) belongs to the component, on its device.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

from emocam.records.base import WHOLE
from emocam.view.base import Framed, View
from emocam.view.frame import Frame, Size


@dataclass(frozen=True)
class NoView:
    """The view of a component that does not look."""

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        return torch.zeros(0, dtype=torch.uint8), torch.tensor(WHOLE)


@dataclass(frozen=True)
class Stretch(Framed):
    """The whole image resized to (height, width), whatever its proportions."""

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
    """The middle `crop` (height, width) of the image, whose shorter side is resized to `resize`.

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
    """The whole image inside (height, width), with its proportions and grey around: its window is wider."""

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
    """A user's own transform of a PIL picture; its window is unknown and taken as the whole image."""

    transform: Callable[[Image.Image], Tensor]

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        return self.transform(image), torch.tensor(WHOLE)


@dataclass(frozen=True)
class SideBySide:
    """The views that K components take of one picture."""

    views: tuple[View, ...]

    def __call__(self, image: Image.Image) -> tuple[tuple[Tensor, ...], Tensor]:
        views, windows = zip(*(view(image) for view in self.views), strict=True)
        return views, torch.stack(windows)


@dataclass(frozen=True)
class Squash(Framed):
    """The middle of the image, which is resized to `resize` whatever its proportions."""

    resize: Size
    crop: Size
    filter: Resampling = Resampling.BICUBIC

    def _frame(self, width: int, height: int) -> Frame:
        return Frame.middle(self.resize[::-1], self.crop, self.filter)


@dataclass(frozen=True)
class Cover(Framed):
    """The middle of the image, resized with its proportions so that both sides are at least `resize`."""

    resize: Size
    crop: Size
    filter: Resampling = Resampling.BICUBIC

    def _frame(self, width: int, height: int) -> Frame:
        ratio = min(height / self.resize[0], width / self.resize[1])
        inner = max(1, round(width / ratio)), max(1, round(height / ratio))
        return Frame.middle(inner, self.crop, self.filter)


@dataclass(frozen=True)
class Border(Framed):
    """The middle of the image, resized with its proportions to at most `resize`, with `fill` around it."""

    resize: Size
    crop: Size
    fill: tuple[int, int, int]
    filter: Resampling = Resampling.BICUBIC

    def _frame(self, width: int, height: int) -> Frame:
        ratio = max(height / self.resize[0], width / self.resize[1])
        inner = max(1, round(width / ratio)), max(1, round(height / ratio))
        return Frame.middle(inner, self.crop, self.filter, self.fill)
