"""Training pictures changed at random, a batch at once on its device."""

import math

import torch
from torch import Tensor, nn

from emocam.train.settings import Changes

ERASED = (1 / 8, 5 / 16)
"""The side of a square that is erased, as a share of the picture's: 8 to 20 of 64 pixels."""


def augment(x: Tensor, changes: Changes) -> Tensor:
    """Return pictures (B, c, h, w) in [0, 1], each flipped, moved, lit and partly erased in its own way.

    The draws come from torch's generator of the processor, so that they are the same on any device.
    """
    images = len(x)

    def draw(most: float) -> Tensor:
        return most * (2 * torch.rand(images) - 1)

    side = torch.where(torch.rand(images) < changes.flip, -1.0, 1.0)
    angle, scale = torch.deg2rad(draw(changes.turn)), 1 + draw(changes.scale)
    across, down = 2 * draw(changes.shift), 2 * draw(changes.shift)
    contrast, light = 1 + draw(changes.contrast), draw(changes.brightness)
    erased, place = torch.rand(images) < changes.erase, torch.rand(3, images)
    x = _move(x, side, angle, scale, across, down) if _moves(changes) else _flip(x, side)
    if changes.contrast or changes.brightness:
        contrast, light = (values.to(x)[:, None, None, None] for values in (contrast, light))
        middle = x.mean((-3, -2, -1), keepdim=True)
        x = ((x - middle) * contrast + middle + light).clamp(0, 1)
    return _erase(x, erased, place) if changes.erase else x


def _moves(changes: Changes) -> bool:
    return bool(changes.turn or changes.scale or changes.shift)


def _flip(x: Tensor, side: Tensor) -> Tensor:
    return torch.where((side < 0).to(x.device)[:, None, None, None], x.flip(-1), x)


def _move(x: Tensor, side: Tensor, angle: Tensor, scale: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Return each picture turned about its middle, scaled and shifted; its border goes on where it ends."""
    height, width = x.shape[-2:]
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    rows = [side * cos, -sin * height / width, across, side * sin * width / height, cos, down]
    theta = torch.stack(rows, 1).reshape(-1, 2, 3).to(x)
    grid = nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    return nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _erase(x: Tensor, erased: Tensor, place: Tensor) -> Tensor:
    """Return pictures in which a square of some is the picture's mean."""
    height, width = x.shape[-2:]
    least, most = ERASED
    size = (least + (most - least) * place[0]) * math.sqrt(height * width)
    left, top = place[1] * (width - size), place[2] * (height - size)
    columns, rows = torch.arange(width), torch.arange(height)
    in_columns = (columns >= left[:, None]) & (columns < (left + size)[:, None])
    in_rows = (rows >= top[:, None]) & (rows < (top + size)[:, None])
    hole = (in_rows[:, :, None] & in_columns[:, None, :] & erased[:, None, None]).to(x.device)
    return torch.where(hole[:, None], x.mean((-2, -1), keepdim=True), x)
