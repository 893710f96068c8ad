"""The view that a person's own transform makes, with the window of the picture measured.

A transform is any callable, so nobody says which part of a picture it shows. What it makes of a picture that
is black on its left and white on its right does: each column of the input then tells where it lies.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from emocam.errors import SettingError

EXACT = 0.02
"""How far, as a share of the picture, a place may be from a straight line: a resized ramp bends at its ends."""


@dataclass(frozen=True)
class MeasuredView:
    """A transform of an upright PIL picture to a network's input (C, h, w), which is no uint8 view.

    Transforms resize, crop and pad; their mean, deviation and colours may be any. The window is measured once
    for each size of pictures.
    """

    transform: Callable[[Image.Image], Tensor]
    windows: dict[tuple[int, int], Tensor] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        if image.size not in self.windows:
            self.windows[image.size] = measure_window(self.transform, image.size)
        return self.transform(image), self.windows[image.size]


def measure_window(transform: Callable[[Image.Image], Tensor], size: tuple[int, int]) -> Tensor:
    """Return the part (4,) of a picture of `size` (width, height) that a transform shows."""
    width, height = size
    across = np.broadcast_to((np.arange(width) + 0.5) / width, (height, width))
    down = np.broadcast_to((np.arange(height)[:, None] + 0.5) / height, (height, width))
    black, white = (_answer(transform, np.full((height, width), level)) for level in (0.0, 1.0))
    span = white - black
    shown = span.abs() > 1e-3  # what is padded answers the same to all pictures
    if not shown.any():
        raise SettingError("transform makes the same input of a black and of a white picture")
    ends = []
    for ramp, axis in ((across, 1), (down, 0)):
        answer = _answer(transform, ramp)
        if answer.shape != span.shape or not torch.equal(answer, _answer(transform, ramp)):
            raise SettingError(
                "transform makes different inputs of one picture, so it draws at random; give the one for testing"
            )
        place = ((answer - black) / torch.where(shown, span, 1)).double()
        ends.append(_line(place, shown, axis))
    (left, right), (top, bottom) = ends
    return torch.tensor([left, top, right, bottom], dtype=torch.float32)


def _answer(transform: Callable[[Image.Image], Tensor], grey: np.ndarray) -> Tensor:
    """Return the mean over channels (h, w) of what a transform makes of a grey picture with values in [0, 1]."""
    pixels = np.round(255 * grey).astype(np.uint8)
    return transform(Image.fromarray(pixels).convert("RGB")).float().mean(0)


def _line(place: Tensor, shown: Tensor, axis: int) -> tuple[float, float]:
    """Return where in the picture the input's first and last border lie along an axis, from places (h, w)."""
    length = place.shape[axis]
    middle = (torch.arange(length, dtype=torch.float64) + 0.5) / length
    along = middle[None, :] if axis == 1 else middle[:, None]
    x, y = along.expand_as(place)[shown], place[shown]
    slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum().clamp(min=1e-12)
    start = float(y.mean() - slope * x.mean())
    if float(slope) <= 0 or float((start + slope * x - y).abs().mean()) > EXACT * max(1.0, float(slope)):
        raise SettingError(
            "transform must resize, crop or pad the upright picture, so that its regions can be found again; this "
            "one turns, mirrors or bends it"
        )
    return start, start + float(slope)
