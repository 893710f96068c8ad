"""The frame of a view: the picture at some size, and the part of it, or more than it, that is shown."""

from dataclasses import dataclass

import numpy as np
import PIL
import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

Size = tuple[int, int]
Part = tuple[int, int, int, int]
DOWN_FIRST = int(PIL.__version__.partition(".")[0]) >= 13


def to_tensor(image: Image.Image) -> Tensor:
    """Convert a picture to uint8 (3, h, w)."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).contiguous()


def passes(size: Size, inner: Size) -> tuple[Size, Size]:
    """Return both sizes (width, height) that Pillow resizes a picture to on the way to `inner`.

    Pillow rounds after each. It resizes across first; from version 13 on it resizes down first where the
    height loses more than twice as much.
    """
    (width, height), (wide, tall) = size, inner
    down = DOWN_FIRST and tall < height and height - tall > 2 * (width - wide)
    return ((width, tall) if down else (wide, height)), inner


def _start(length: int, crop: int) -> int:
    """Return the start of a centred crop, rounded as torchvision and timm do; negative for small pictures."""
    return round((length - crop) / 2) if length >= crop else -((crop - length) // 2)


@dataclass(frozen=True)
class Frame:
    """The `part` of the picture resized to `inner` (width, height), with `fill` where it reaches outside."""

    inner: Size
    part: Part
    filter: Resampling
    fill: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def middle(
        cls, inner: Size, crop: Size, filter: Resampling, fill: tuple[int, int, int] = (0, 0, 0)
    ) -> "Frame":
        """Return the frame of the middle `crop` (height, width) of the picture at `inner`."""
        left, top = _start(inner[0], crop[1]), _start(inner[1], crop[0])
        return cls(inner, (left, top, left + crop[1], top + crop[0]), filter, fill)

    @property
    def window(self) -> Tensor:
        """The shown part (4,) in the frame of the picture."""
        return torch.tensor(self.part) / torch.tensor([*self.inner, *self.inner])

    def see(self, image: Image.Image) -> Tensor:
        """Return what the frame shows of a picture as uint8 (3, h, w)."""
        whole = image if image.size == self.inner else image.resize(self.inner, self.filter)
        return self.cut(to_tensor(whole))

    def cut(self, whole: Tensor) -> Tensor:
        """Cut the frame's part out of the picture at `inner` (3, h, w)."""
        left, top, right, bottom = self.part
        inside = whole[:, max(top, 0) : bottom, max(left, 0) : right]
        if inside.shape[1:] == (bottom - top, right - left):
            return inside.contiguous()
        view = torch.tensor(self.fill, dtype=whole.dtype)[:, None, None].repeat(1, bottom - top, right - left)
        y, x = max(-top, 0), max(-left, 0)
        view[:, y : y + inside.shape[1], x : x + inside.shape[2]] = inside
        return view
