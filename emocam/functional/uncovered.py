"""What of a map's mass no box covers.

The edges of an image's boxes and those of the map's cells cut its window into rectangles, each of
which a box covers whole or not at all. So the union of the boxes is exact, and so is the integral
of the map over each rectangle: nothing is sampled and no box is rounded.
"""

import torch
from torch import Tensor

from emocam.functional.boxes import to_window
from emocam.functional.maps import hat_integrals

CHUNK = 1 << 22
"""Rectangles held at once: what bounds the memory."""


def uncovered(maps: Tensor, window: Tensor, boxes: Tensor, image: Tensor) -> Tensor:
    """The mass of each map's cells (B, h, w) that lies outside all boxes of its image, of a window of area 1.

    boxes (N, 4) and image (N,) in any order; parts of boxes outside the window (B, 4) cover nothing.
    """
    seen = to_window(boxes.double(), window.double()[image]).clamp(0, 1)
    many = torch.bincount(image, minlength=len(maps))
    order = torch.argsort(image, stable=True)
    start = many.cumsum(0) - many
    found = maps.new_zeros(maps.shape, dtype=torch.float64)
    # images with as many boxes lie side by side, so that little is padded
    images = torch.argsort(many, stable=True)
    cells = maps.shape[-2] + maps.shape[-1]
    while len(images):
        most = 2 * int(many[images[0]]) + cells
        part = images[: max(1, CHUNK // (4 * most**2))]
        part = part[many[part] <= 2 * many[part[0]] + 8]
        images = images[len(part) :]
        width = int(many[part].max())
        place = torch.arange(width)[None] + start[part, None]
        real = torch.arange(width)[None] < many[part, None]
        own = torch.zeros(len(part), width, 4, dtype=torch.float64)
        own[real] = seen[order[place[real]]]
        found[part] = _uncovered(maps[part].double(), own)
    return found


def _uncovered(maps: Tensor, boxes: Tensor) -> Tensor:
    """The same for boxes (B, K, 4) in the frame of the map; one without area covers nothing."""
    height, width = maps.shape[-2:]
    along_x, first_x, last_x, of_x = _cut(boxes[..., 0], boxes[..., 2], width)
    along_y, first_y, last_y, of_y = _cut(boxes[..., 1], boxes[..., 3], height)
    mass = along_y @ maps @ along_x.transpose(-1, -2)
    rows, columns = mass.shape[-2] + 1, mass.shape[-1] + 1
    # a box is +1 at two of its corners and -1 at the others; sums over both sides fill it
    corners = torch.zeros(len(maps), rows * columns, dtype=torch.int32)
    for y, x, sign in (
        (first_y, first_x, 1),
        (first_y, last_x, -1),
        (last_y, first_x, -1),
        (last_y, last_x, 1),
    ):
        corners.scatter_add_(1, y * columns + x, torch.full(x.shape, sign, dtype=torch.int32))
    boxes_over = corners.unflatten(1, (rows, columns)).cumsum(1).cumsum(2)[:, :-1, :-1]
    open_mass = torch.where(boxes_over > 0, 0, mass)
    return of_y.transpose(-1, -2) @ open_mass @ of_x


def _cut(start: Tensor, end: Tensor, cells: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The parts (P) between all edges (B, K) of one axis and those of the cells.

    Integrals of the cells' shares over them (B, P, cells), the places of each box's first part and of
    the one after its last (B, K), and which cell a part belongs to (B, P, cells).
    """
    borders = torch.linspace(0, 1, cells + 1, dtype=start.dtype).expand(len(start), -1)
    edges = torch.cat([borders, start, end], 1).sort(1).values
    low, high = edges[:, :-1], edges[:, 1:]
    shares = hat_integrals(low.flatten(), high.flatten(), cells).unflatten(0, low.shape)
    cell = ((low + high) / 2 * cells).long().clamp(max=cells - 1)
    belongs = torch.nn.functional.one_hot(cell, cells).to(start.dtype)
    return (
        shares,
        torch.searchsorted(edges, start.contiguous()),
        torch.searchsorted(edges, end.contiguous()),
        belongs,
    )


def fullest_window(mass: Tensor, share: float = 1 / 3) -> tuple[Tensor, Tensor]:
    """Where most of the mass (B, h, w) lies together: boxes (B, 4) in the map's frame, and the mass in them (B,).

    A window is `share` of each side long, in whole cells, at least one.
    """
    height, width = mass.shape[-2:]
    rows, columns = max(1, round(share * height)), max(1, round(share * width))
    sums = torch.nn.functional.avg_pool2d(mass[:, None], (rows, columns), stride=1)[:, 0] * (rows * columns)
    held, place = sums.flatten(1).max(1)
    y, x = place // sums.shape[-1], place % sums.shape[-1]
    boxes = torch.stack([x / width, y / height, (x + columns) / width, (y + rows) / height], 1)
    return boxes.double(), held
