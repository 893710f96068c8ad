"""Shapes on the cells of a map's grid, and the sums over them at all their places.

The grid divides each of the map's cells into equal parts, so that the shorter side has at least FINE of
them, and holds the exact means of the map. A box is cut to the map's window, its size is rounded to the
grid, and it stands at its nearest place. Sums at all places come from one summed-area table.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from emocam.functional.box.boxes import to_window
from emocam.functional.map.maps import hat_integrals
from emocam.records.base import Record

FINE = 32
"""Parts of a map's shorter side, at least: then a box's rounding is at most 1.6 % of the side."""
RING = 2
"""Cells of the grid: centres whose distances fall into the same step of this are equally far."""


@dataclass(frozen=True)
class Places(Record):
    """N regions on a grid of (width, height) cells; all fields are (N, 2), x before y, in cells.

    `first` is the region's first cell, `last` the place of its size nearest the grid's end, `middle` that of
    the picture. `seen` (N, 4) is the box in the window's frame, `image` (N,) its map.
    """

    image: Tensor
    seen: Tensor
    size: Tensor
    first: Tensor
    last: Tensor
    middle: Tensor

    def __len__(self) -> int:
        return len(self.image)

    def __getitem__(self, part: slice) -> Places:
        return Places(*(column[part] for column in vars(self).values()))

    @property
    def outside(self) -> Tensor:
        """Marks (N,) of the regions of which the window shows nothing."""
        return ((self.seen[:, 2:] <= 0) | (self.seen[:, :2] >= 1)).any(-1)


def refine(maps: Tensor) -> Tensor:
    """Return the bilinear map's means over equal parts of each cell as float64 (B, H, W)."""
    parts = -(-FINE // min(maps.shape[-2:]))

    def shares(cells: int) -> Tensor:
        edges = torch.linspace(0, 1, cells * parts + 1, device=maps.device, dtype=torch.float64)
        return hat_integrals(edges[:-1], edges[1:], cells) * cells * parts

    height, width = maps.shape[-2:]
    return shares(height) @ maps.double() @ shares(width).T


def find_places(grid: Tensor, window: Tensor, boxes: Tensor, image: Tensor) -> Places:
    """Place boxes (N, 4) of the picture on the grid (B, H, W) over windows (B, 4)."""
    window = window.double()[image]
    seen = to_window(boxes.double(), window)
    cut = seen.clamp(0, 1)
    cells = torch.tensor([grid.shape[-1], grid.shape[-2]], dtype=seen.dtype)
    cells = cells.to(seen.device, non_blocking=True)
    size = ((cut[:, 2:] - cut[:, :2]) * cells).round().clamp(min=1)
    last = cells - size
    first = ((cut[:, :2] + cut[:, 2:]) / 2 * cells - size / 2).round().clamp(min=0).minimum(last)
    middle = (0.5 - window[:, :2]) / (window[:, 2:] - window[:, :2]) * cells
    return Places(image, seen, size.long(), first.long(), last.long(), middle)


def summed_area(grid: Tensor) -> Tensor:
    """Sum all cells above and left of each corner (B, H + 1, W + 1)."""
    return torch.nn.functional.pad(grid.cumsum(-1).cumsum(-2), (1, 0, 1, 0))


def box_sums(table: Tensor, places: Places) -> Tensor:
    """Sum the grid over a box of each region's size at each first cell (N, H, W), cut at the grid's end."""
    height, width = table.shape[-2] - 1, table.shape[-1] - 1
    rows, columns = (torch.arange(cells, device=table.device) for cells in (height, width))
    # the tables of all images lie one below the other, so a row of any image is one index
    lines = table.flatten(0, 1)
    first = (places.image * (height + 1))[:, None]
    below = (rows + places.size[:, 1:]).clamp(max=height)
    strips = lines[first + below] - lines[first + rows]
    beyond = (columns + places.size[:, :1]).clamp(max=width)
    return strips.gather(2, beyond[:, None].expand(-1, height, -1)) - strips[:, :, :-1]


def inside(shape: torch.Size, places: Places) -> Tensor:
    """Mark the first cells (N, H, W) at which a region's whole shape lies inside the grid."""
    rows, columns = (torch.arange(cells, device=places.last.device) for cells in shape[-2:])
    return (rows <= places.last[:, 1:])[:, :, None] & (columns <= places.last[:, :1])[:, None]


def equally_far(shape: torch.Size, places: Places) -> Tensor:
    """Mark the first cells (N, H, W) whose centre is about as far from the middle as the region's own.

    Distances fall into fixed steps, so that this rank is as valid as `anywhere`.
    """
    each = torch.arange(len(places), device=places.first.device)
    offset = places.size / 2 - places.middle
    rows, columns = (torch.arange(cells, device=offset.device) for cells in shape[-2:])
    along_x = (columns + offset[:, :1]).square().float()
    along_y = (rows + offset[:, 1:]).square().float()
    # a quarter, since centres lie at halves: no distance falls on a step's border by symmetry
    own_distance = (along_x[each, places.first[:, 0]] + along_y[each, places.first[:, 1]]).sqrt()
    step = ((own_distance + 0.25) / RING).floor() * RING - 0.25
    nearest, farthest = step.clamp(min=0).square(), (step + RING).square()
    distance = along_y[:, :, None] + along_x[:, None]
    far = (distance >= nearest[:, None, None]) & (distance < farthest[:, None, None])
    far[each, places.first[:, 1], places.first[:, 0]] = True  # whatever rounding says
    return far
