"""What a view is: a tensor, and the window of the image that it shows."""

from typing import Protocol

from PIL import Image
from torch import Tensor

from emocam.view.frame import Frame

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
