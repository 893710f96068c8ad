"""Further ways from a picture of any proportions to a network's input, rounded as timm rounds them.

Sizes are (height, width), and `resize` is that of the crop divided by timm's crop_pct.
"""

from dataclasses import dataclass

import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

from emocam.functional.views import LARGEST, to_tensor

Size = tuple[int, int]


def middle(
    image: Image.Image, inner: Size, crop: Size, filter: Resampling, fill: tuple[int, int, int] = (0, 0, 0)
) -> tuple[Tensor, Tensor]:
    """The image at `inner`, then the `crop` in its middle, `fill` where it is smaller; and its window."""
    if inner[0] * inner[1] > LARGEST:
        raise ValueError(f"{image.width} x {image.height} pixels are too narrow for a view of {crop}")
    height, width = (max(1, side) for side in inner)
    left, top = _start(width, crop[1]), _start(height, crop[0])
    canvas = Image.new("RGB", crop[::-1], fill)
    canvas.paste(image.convert("RGB").resize((width, height), filter), (-left, -top))
    box = torch.tensor([left, top, left + crop[1], top + crop[0]])
    return to_tensor(canvas), box / torch.tensor([width, height, width, height])


def _start(length: int, crop: int) -> int:
    """Where the crop begins; before the image's own beginning where the image is smaller."""
    return round((length - crop) / 2) if length >= crop else -((crop - length) // 2)


@dataclass(frozen=True)
class Squash:
    """The whole image at `resize`, whatever its proportions, then the middle."""

    resize: Size
    crop: Size
    filter: Resampling = Resampling.BICUBIC

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        return middle(image, self.resize, self.crop, self.filter)


@dataclass(frozen=True)
class Cover:
    """Proportions kept, both sides at least `resize`, then the middle."""

    resize: Size
    crop: Size
    filter: Resampling = Resampling.BICUBIC

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        ratio = min(image.height / self.resize[0], image.width / self.resize[1])
        inner = round(image.height / ratio), round(image.width / ratio)
        return middle(image, inner, self.crop, self.filter)


@dataclass(frozen=True)
class Border:
    """Proportions kept, both sides at most `resize`, then the middle, with `fill` around it."""

    resize: Size
    crop: Size
    fill: tuple[int, int, int]
    filter: Resampling = Resampling.BICUBIC

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        ratio = max(image.height / self.resize[0], image.width / self.resize[1])
        inner = round(image.height / ratio), round(image.width / ratio)
        return middle(image, inner, self.crop, self.filter, self.fill)
