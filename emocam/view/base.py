"""A view: a tensor, and the window of the image that it shows."""

from typing import Protocol

from PIL import Image
from torch import Tensor

from emocam.view.frame import Frame

LARGEST = 1 << 28
"""Pixels that a picture may have on the way to a view: a line of one pixel could else ask for all memory."""


class View(Protocol):
    """A way from a picture to one component's input."""

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        """Return the view (3, h, w), or (1, h, w) in grey, and its window (4,) of the image."""


class Views(Protocol):
    """A way from a picture to the inputs of several components."""

    def __call__(self, image: Image.Image) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the views of K components, and their windows (K, 4)."""


class Framed:
    """A view that depends on a picture's size alone: `_frame` says which part is shown, and how large."""

    def _frame(self, width: int, height: int) -> Frame:
        raise NotImplementedError

    def frame(self, width: int, height: int) -> Frame:
        """Return the frame for a picture of this size; a picture too narrow for it is an error."""
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
