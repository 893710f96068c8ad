"""Boxes (N, 4) as x0, y0, x1, y1: pure functions."""

from torch import Tensor


def area(boxes: Tensor) -> Tensor:
    """Return the area of each box (N,), never negative."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)


def from_window(boxes: Tensor, window: Tensor) -> Tensor:
    """Move boxes from the frame of a view of windows (N, 4) of the image into the frame of the image."""
    corner, size = window[:, :2], window[:, 2:] - window[:, :2]
    return boxes * size.repeat(1, 2) + corner.repeat(1, 2)


def to_window(boxes: Tensor, window: Tensor) -> Tensor:
    """Move boxes from the frame of the image into the frame of a view that shows its window (N, 4)."""
    corner, size = window[:, :2], window[:, 2:] - window[:, :2]
    return (boxes - corner.repeat(1, 2)) / size.repeat(1, 2)
