"""What the explained layer says of a picture as a whole, and the picture as a person recognises it, small."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

SIDE = 48
"""Pixels of the longer side."""


def channel_means(activation: Tensor) -> Tensor:
    """Return the mean of each channel (B, C) of activations (B, C, h, w), as the nearest float16."""
    most = torch.finfo(torch.float16).max
    return activation.float().flatten(2).mean(-1).clamp(-most, most).half()


def small_views(view: Tensor, side: int = SIDE) -> Tensor:
    """Return views (B, 1 or 3, h, w) of 0 to 255 as colours (B, 3, h, w) with at most `side` pixels a side."""
    longest = max(view.shape[-2:])
    size = [max(1, round(side * length / longest)) for length in view.shape[-2:]]
    small = interpolate(view.float(), size=size, mode="area")
    return small.round().clamp(0, 255).to(torch.uint8).expand(-1, 3, -1, -1)
