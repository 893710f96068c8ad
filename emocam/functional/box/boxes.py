"""Boxes (N, 4) as x0, y0, x1, y1: pure functions."""

import torch
from torch import Tensor


def area(boxes: Tensor) -> Tensor:
    """(N,): never negative."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)


def from_window(boxes: Tensor, window: Tensor) -> Tensor:
    """Boxes in the frame of a view, put into the frame of the image it shows a window (N, 4) of."""
    corner, size = window[:, :2], window[:, 2:] - window[:, :2]
    return boxes * size.repeat(1, 2) + corner.repeat(1, 2)


def to_window(boxes: Tensor, window: Tensor) -> Tensor:
    """Boxes in the frame of the image, seen from a view of its window (N, 4)."""
    corner, size = window[:, :2], window[:, 2:] - window[:, :2]
    return (boxes - corner.repeat(1, 2)) / size.repeat(1, 2)


def iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union, (N, M)."""
    corner = torch.maximum(boxes[:, None, :2], others[None, :, :2])
    opposite = torch.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = (opposite - corner).clamp(min=0).prod(-1)
    union = area(boxes)[:, None] + area(others)[None] - shared
    return shared / union.clamp(min=torch.finfo(union.dtype).tiny)
