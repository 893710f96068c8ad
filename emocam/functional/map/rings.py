"""The ring of the same area around a box, in the picture."""

import torch
from torch import Tensor

from emocam.functional.box.boxes import area

HALVINGS = 60
"""Of the interval in which the ring's outer edge is sought: further ones change no digit."""
THINNEST = 1e-4
"""Boxes without area are taken this wide and high, as the mean takes them."""


def widen(boxes: Tensor) -> Tensor:
    """Widen boxes (N, 4) to at least the thinnest size and cut them at the border."""
    middle, half = (
        (boxes[:, :2] + boxes[:, 2:]) / 2,
        ((boxes[:, 2:] - boxes[:, :2]) / 2).clamp(min=THINNEST / 2),
    )
    return torch.cat([middle - half, middle + half], -1).clamp(0, 1)


def grow(boxes: Tensor, times: Tensor) -> Tensor:
    """Scale boxes (N, 4) by `times` (N,) about their middle and cut them at the border."""
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    reach = half * times[:, None]
    return torch.cat([middle - reach, middle + reach], -1).clamp(0, 1)


def surround(boxes: Tensor) -> Tensor:
    """Return the box (N, 4) around each box with twice its area in the picture; the ring is between them.

    It has the same middle and proportions before it is cut at the border. Around a box of more than half of
    the picture the ring is all the rest.
    """
    boxes = widen(boxes.double())
    wanted = (2 * area(boxes)).clamp(max=1)
    low, high = torch.ones_like(wanted), torch.full_like(wanted, 2 / THINNEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = area(grow(boxes, middle)) >= wanted
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    return grow(boxes, high)
