"""The share of a shape's places elsewhere in the same map at which its mean is at least as high.

This is done as for boxes, with the mask put on the grid's cells by area and shifted as a whole. The sums at
all places are one correlation of the mask with the map, computed by a Fourier transform of the grid. The
transform is circular, but places at which the whole shape lies inside the grid never wrap around.
"""

import torch
from torch import Tensor

from emocam.functional.map.chance import Chance, chance_rank, join_chances, steps
from emocam.functional.map.placements import Places, find_places, inside, refine

ROUNDING = 1e-9
"""Of sums by a Fourier transform, which are 0 but for rounding where the map is."""


def mask_chance(maps: Tensor, window: Tensor, boxes: Tensor, masks: Tensor, image: Tensor) -> Chance:
    """Rank masks (N, m, m), each in the frame of its box (N, 4), in the maps (B, h, w) of their image."""
    grid = refine(maps)
    places = find_places(grid, window, boxes, image)
    spectrum = spectrum_of(grid)
    parts = []
    start = 0
    for part in steps(places, grid[0].numel() + masks[0].numel() if len(masks) else 1):
        shape = on_grid(masks[start : start + len(part)].double(), part, grid.shape)
        start += len(part)
        product = torch.fft.rfft2(shape).conj() * spectrum[part.image]
        sums = torch.fft.irfft2(product, s=(grid.shape[-2], grid.shape[-1]))
        parts.append(chance_rank(sums, shape.sum((1, 2)), part))
    return join_chances(parts, maps)


def mask_pass_rates(
    maps: Tensor, window: Tensor, boxes: Tensor, masks: Tensor, image: Tensor, threshold: float
) -> Tensor:
    """Return the share (N,) of all places of a region's shape in its map whose mean is above the threshold."""
    grid = refine(maps)
    places, spectrum = find_places(grid, window, boxes, image), spectrum_of(grid)
    rates, start = [maps.new_zeros(0, dtype=torch.float32)], 0
    for part in steps(places, grid[0].numel() + masks[0].numel() if len(masks) else 1):
        shape = on_grid(masks[start : start + len(part)].double(), part, grid.shape)
        start += len(part)
        product = torch.fft.rfft2(shape).conj() * spectrum[part.image]
        sums = torch.fft.irfft2(product, s=(grid.shape[-2], grid.shape[-1]))
        least, among = threshold * shape.sum((1, 2)), inside(sums.shape, part)
        passed = (sums > least[:, None, None] + ROUNDING) & among
        rates.append((passed.sum((1, 2)) / among.sum((1, 2))).float())
    return torch.cat(rates)


def spectrum_of(grid: Tensor) -> Tensor:
    """Return the Fourier transform of each map; there may be none, which not every release of torch allows."""
    return torch.fft.rfft2(grid) if len(grid) else grid.to(torch.complex128)


def on_grid(masks: Tensor, places: Places, grid: torch.Size) -> Tensor:
    """Return the share (N, H, W) of each cell that a mask covers when it is put in the grid's corner.

    Of a box that the window cuts, only the part inside counts; an empty mask counts as its whole box.
    """
    size = places.seen[:, 2:] - places.seen[:, :2]
    cut = (places.seen.clamp(0, 1) - places.seen[:, :2].repeat(1, 2)) / size.repeat(1, 2).clamp(min=1e-12)
    along_x = _overlaps(cut[:, 0], cut[:, 2], places.size[:, 0], grid[-1], masks.shape[-1])
    along_y = _overlaps(cut[:, 1], cut[:, 3], places.size[:, 1], grid[-2], masks.shape[-2])
    covered = along_y @ masks @ along_x.mT
    box = (along_y.sum(-1)[:, :, None] > 0) & (along_x.sum(-1)[:, None] > 0)
    return torch.where((covered.sum((1, 2)) > 1e-9)[:, None, None], covered, box.double())


def _overlaps(start: Tensor, end: Tensor, count: Tensor, cells: int, parts: int) -> Tensor:
    """Return each mask part's share (N, cells, parts) of `count` (N,) equal cells from start to end (N,).

    Cells beyond the count have no share in any part.
    """
    first = torch.arange(cells, device=start.device, dtype=start.dtype)
    wide = ((end - start).clamp(min=1e-9) / count)[:, None]
    low = (start[:, None] + first * wide)[:, :, None]
    edges = torch.arange(parts + 1, device=start.device, dtype=start.dtype) / parts
    shared = (low + wide[:, :, None]).minimum(edges[1:]) - low.maximum(edges[:-1])
    return shared.clamp(min=0) / wide[:, :, None] * (first < count[:, None])[:, :, None]
