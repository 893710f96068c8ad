"""Where people looked, as a map: each fixation a Gaussian of its duration, integrated over the cells of a grid."""

import torch
from torch import Tensor

GRID = (36, 64)
"""Cells down and across."""
TOGETHER = 512
"""Pictures whose Gaussians are held at once."""


def densities(place: Tensor, weight: Tensor, picture: Tensor, pictures: int, sigma: Tensor) -> Tensor:
    """Return densities (B, h, w) from places (n, 2) across and down in [0, 1], weights (n,) and pictures (n,).

    `sigma` (n, 2) are the Gaussians' widths across and down. A cell has the Gaussian's integral over it, so nothing
    depends on where its middle lies.
    """
    found = torch.zeros(pictures, *GRID, dtype=torch.float64)
    order = picture.argsort(stable=True)
    place, weight, picture, sigma = (
        place[order].double(),
        weight[order].double(),
        picture[order],
        sigma[order],
    )
    begins = torch.searchsorted(picture, torch.arange(0, pictures + TOGETHER, TOGETHER))
    for first, (begin, end) in enumerate(zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True)):
        if begin == end:
            continue
        of = picture[begin:end] - first * TOGETHER
        across = shares(place[begin:end, 0], GRID[1], sigma[begin:end, :1])
        down = shares(place[begin:end, 1], GRID[0], sigma[begin:end, 1:]) * weight[begin:end, None]
        slot = torch.arange(len(of)) - torch.searchsorted(of, of)
        rows = torch.zeros(TOGETHER, int(slot.max()) + 1, GRID[0], dtype=torch.float64)
        columns = torch.zeros(TOGETHER, int(slot.max()) + 1, GRID[1], dtype=torch.float64)
        rows[of, slot], columns[of, slot] = down, across
        part = rows.mT @ columns
        found[first * TOGETHER : (first + 1) * TOGETHER] = part[: pictures - first * TOGETHER]
    return found


def shares(middle: Tensor, cells: int, sigma: Tensor) -> Tensor:
    """Return the integral (n, cells) of Gaussians at `middle` (n,) of widths (n, 1) over the cells of [0, 1]."""
    edges = torch.linspace(0, 1, cells + 1, dtype=torch.float64)
    below = torch.special.ndtr((edges - middle.double()[:, None]) / sigma)
    return below.diff(dim=-1)
