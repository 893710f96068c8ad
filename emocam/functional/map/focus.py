"""The distance between the focus of one map and that of another over the same picture."""

import torch
from torch import Tensor

from emocam.functional.box.boxes import to_window
from emocam.functional.map.maps import hat_integrals

GRID = 16
"""Cells to a side of the frame that maps of any size and window are brought to."""


def on_one_grid(maps: Tensor, window: Tensor, cells: int = GRID) -> Tensor:
    """Return each map's (B, h, w) shares of mass in equal cells (B, cells, cells) of the picture.

    The shares are exact integrals of the bilinear function over windows (B, 4). A flat map has no mass and
    stays zero.
    """
    edges = torch.linspace(0, 1, cells + 1, dtype=torch.float64)
    low, high = edges[:-1].repeat(len(maps)), edges[1:].repeat(len(maps))
    seen = to_window(torch.stack([low, low, high, high], 1), window.double().repeat_interleave(cells, 0))
    x, y = (
        hat_integrals(seen[:, side], seen[:, side + 2], maps.shape[-1 - side]).unflatten(0, (-1, cells))
        for side in (0, 1)
    )
    mass = y @ maps.double() @ x.transpose(-1, -2)
    return mass / mass.sum((-2, -1), keepdim=True).clamp(min=1e-12)


def moved(focus: Tensor) -> Tensor:
    """Return the share of the focus (M, M, B) that differs between the maps (M, B, g, g) of M methods.

    It is half the sum of absolute differences of shares: 0 for the same focus, 1 where nothing is shared,
    NaN where one of the two maps has no mass.
    """
    flat = focus.flatten(2).transpose(0, 1)
    apart = torch.cdist(flat, flat, p=1) / 2
    empty = flat.sum(-1) == 0
    return apart.masked_fill(empty[:, :, None] | empty[:, None, :], torch.nan).permute(1, 2, 0)
