"""What lies around a box: a ring of the same area, in the picture."""

import torch
from torch import Tensor

from emocam.functional.box.boxes import area

HALVINGS = 60
"""Of the interval in which the ring's outer edge is sought: further ones change no digit."""
THINNEST = 1e-4
"""Boxes without area are taken this wide and high, as the mean takes them."""


def widen(boxes: Tensor) -> Tensor:
    """Boxes (N, 4) of at least the thinnest size, cut at the border."""
    middle, half = (
        (boxes[:, :2] + boxes[:, 2:]) / 2,
        ((boxes[:, 2:] - boxes[:, :2]) / 2).clamp(min=THINNEST / 2),
    )
    return torch.cat([middle - half, middle + half], -1).clamp(0, 1)


def grow(boxes: Tensor, times: Tensor) -> Tensor:
    """Boxes (N, 4) so many times (N,) as wide and high about their middle, cut at the border."""
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    reach = half * times[:, None]
    return torch.cat([middle - reach, middle + reach], -1).clamp(0, 1)


def surround(boxes: Tensor) -> Tensor:
    """The box (N, 4) around each that has, in the picture, twice its area: what is between is the ring.

    It has the same middle and proportions before it is cut at the border. Around a box of more
    than half of the picture the ring is all the rest.
    """
    boxes = widen(boxes.double())
    wanted = (2 * area(boxes)).clamp(max=1)
    low, high = torch.ones_like(wanted), torch.full_like(wanted, 2 / THINNEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = area(grow(boxes, middle)) >= wanted
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    return grow(boxes, high)
