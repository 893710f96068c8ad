"""The mass of a map that no box covers.

The edges of an image's boxes and those of the map's cells cut its window into rectangles, each of which a
box covers completely or not at all. So the union of the boxes is exact, and so is the integral of the map
over each rectangle: nothing is sampled and no box is rounded.
"""

import numpy as np
import torch
from torch import Tensor

from emocam.functional.box.boxes import to_window
from emocam.functional.map.maps import hats_between

CHUNK = 1 << 19
"""Rectangles held at once: so few that a processor's cache holds most of them."""
MIXED = np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0])
"""Of rows of an image and four corners a number; two that differ hardly ever share one, and are compared."""


def uncovered(maps: Tensor, window: Tensor, boxes: Tensor, image: Tensor) -> Tensor:
    """Return the mass of each map's cells (B, h, w) outside all boxes of its image, in a window of area 1.

    `boxes` (N, 4) and `image` (N,) come in any order; parts of boxes outside the window (B, 4) cover
    nothing.
    """
    return uncovered_with_area(maps, window, boxes, image)[0]


def uncovered_with_area(maps: Tensor, window: Tensor, boxes: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
    """Return what `uncovered` does, and the area (B,) of each window that is outside all boxes."""
    # one place may be many objects, where a detector doubts
    image, boxes = _different(image, boxes)
    seen = to_window(boxes.double(), window.double()[image]).clamp(0, 1)
    many = torch.bincount(image, minlength=len(maps))
    order = torch.argsort(image, stable=True)
    start = many.cumsum(0) - many
    mass = maps.new_zeros(maps.shape, dtype=torch.float64)
    area = maps.new_zeros(len(maps), dtype=torch.float64)
    # images with as many boxes lie side by side, so that little is padded
    images = torch.argsort(many, stable=True)
    cells = maps.shape[-2] + maps.shape[-1]
    while len(images):
        # a part holds images whose boxes are at most about twice as many as its first image's
        most = 2 * int(many[images[0]]) + cells
        part = images[: max(1, CHUNK // (4 * most**2))]
        part = part[many[part] <= 2 * many[part[0]] + 8]
        images = images[len(part) :]
        width = int(many[part].max())
        place = torch.arange(width)[None] + start[part, None]
        real = torch.arange(width)[None] < many[part, None]
        padded = torch.zeros(len(part), width, 4, dtype=torch.float64)
        padded[real] = seen[order[place[real]]]
        mass[part], area[part] = _uncovered(maps[part].double(), padded)
    return mass, area


def _different(image: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Drop repeated boxes of an image."""
    rows = torch.cat([image[:, None].double(), boxes.double()], 1).numpy()
    # by a number that equal rows share, which is a fraction of the time of sorting them by all five
    order = np.argsort(rows @ MIXED, kind="stable")
    ordered = rows[order]
    new = np.ones(len(rows), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(1)
    kept = torch.from_numpy(np.sort(order[new]))
    return image[kept], boxes[kept]


def _uncovered(maps: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the uncovered mass and area for boxes (B, K, 4) in the map's frame; one without area covers nothing."""
    height, width = maps.shape[-2:]
    along_x, first_x, last_x, of_x, wide = _cut(boxes[..., 0], boxes[..., 2], width)
    along_y, first_y, last_y, of_y, high = _cut(boxes[..., 1], boxes[..., 3], height)
    # a box is +1 at two of its corners and -1 at the others; sums over both sides fill it
    y, x = torch.cat([first_y, first_y, last_y, last_y], 1), torch.cat([first_x, last_x] * 2, 1)
    sign = torch.tensor([1, -1, -1, 1], dtype=torch.int32).repeat_interleave(boxes.shape[1]).expand_as(x)
    rows, columns = along_y.shape[1], along_x.shape[1] + 1
    outside = torch.zeros_like(maps)
    area = torch.zeros_like(wide[:, 0])
    above = torch.zeros(len(maps), 1, columns, dtype=torch.int32)
    step = max(1, CHUNK // (len(maps) * columns))
    for top in range(0, rows, step):  # thousands of boxes cut an image into more than memory holds
        part = slice(top, min(top + step, rows))
        count = part.stop - top
        inside = (y >= top) & (y < part.stop)
        corners = torch.zeros(len(maps), (count + 1) * columns, dtype=torch.int32)
        # corners of other parts gather in a row of their own
        place = torch.where(inside, y - top, count) * columns + x
        corners = corners.scatter_add_(1, place, sign).unflatten(1, (-1, columns))[:, :-1]
        corners[:, :1] += above
        down = corners.cumsum(1, dtype=torch.int32)
        above = down[:, -1:]
        free = (down.cumsum(2, dtype=torch.int32)[:, :, :-1] <= 0).double()
        mass = (along_y[:, part] @ maps @ along_x.transpose(-1, -2)).mul_(free)
        outside += of_y[:, part].transpose(-1, -2) @ mass @ of_x
        area += torch.linalg.vecdot((free @ wide[..., None])[..., 0], high[:, part])
    return outside, area


def _cut(start: Tensor, end: Tensor, cells: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Cut one axis into parts (P) at all edges (B, K) of boxes and of cells.

    Returns the integrals of the cells' shares over the parts (B, P, cells), the places of each box's first
    part and of the one after its last (B, K), which cell a part belongs to (B, P, cells), and its length (B, P).
    """
    borders = torch.linspace(0, 1, cells + 1, dtype=start.dtype).expand(len(start), -1)
    edges = torch.cat([borders, start, end], 1).sort(1).values
    low, high = edges[:, :-1], edges[:, 1:]
    shares = hats_between(edges, cells)
    cell = ((low + high) / 2 * cells).long().clamp(max=cells - 1)
    belongs = torch.nn.functional.one_hot(cell, cells).to(start.dtype)
    return (
        shares,
        torch.searchsorted(edges, start.contiguous()),
        torch.searchsorted(edges, end.contiguous()),
        belongs,
        high - low,
    )


def fullest_window(mass: Tensor, share: float = 1 / 3) -> tuple[Tensor, Tensor]:
    """Find the windows (B, 4), in the map's frame, that hold most of the mass (B, h, w), and that mass (B,).

    A window is `share` of each side long, in whole cells, at least one.
    """
    height, width = mass.shape[-2:]
    rows, columns = max(1, round(share * height)), max(1, round(share * width))
    sums = torch.nn.functional.avg_pool2d(mass[:, None], (rows, columns), stride=1)[:, 0] * (rows * columns)
    held, place = sums.flatten(1).max(1)
    y, x = place // sums.shape[-1], place % sums.shape[-1]
    boxes = torch.stack([x / width, y / height, (x + columns) / width, (y + rows) / height], 1)
    return boxes.double(), held
