"""The highest value of a map inside a region.

A map is bilinear between the centres of its cells, so along each axis it is straight from one
centre to the next: within a box it is highest at a centre, on a corner, or where an edge crosses
the lines through the centres. Nothing is sampled.
"""

import torch
from torch import Tensor

from emocam.functional.box.boxes import to_window
from emocam.functional.map.maps import CHUNK


def peak_shares(places: Tensor, cells: int) -> Tensor:
    """Return each cell's share (N, p, cells) in the value at places (N, p) along one axis of the view."""
    centres = torch.arange(cells, device=places.device, dtype=places.dtype)
    steps = (places * cells - 0.5).clamp(0, cells - 1)
    return (1 - (steps[..., None] - centres).abs()).clamp(min=0)


def corners_and_centres(start: Tensor, end: Tensor, cells: int) -> Tensor:
    """Return the places (N, cells + 2) along one axis at which a map may peak from start to end (N,)."""
    centres = (torch.arange(cells, device=start.device, dtype=start.dtype) + 0.5) / cells
    inside = torch.maximum(torch.minimum(centres, end[:, None]), start[:, None])
    return torch.cat([start[:, None], inside, end[:, None]], 1)


def read_peaks(maps: Tensor, image: Tensor, along_x: Tensor, along_y: Tensor) -> Tensor:
    """Read each region's map at p heights (N, p, h) and q places across (N, q, w): (N, p, q)."""
    return torch.einsum("nph,nhw,nqw->npq", along_y, maps[image], along_x)


def box_peaks(maps: Tensor, window: Tensor, boxes: Tensor, image: Tensor) -> Tensor:
    """Return the maximum (N,) of each region's map over its box; outside of its window a map is 0."""
    height, width = maps.shape[-2:]
    seen = to_window(boxes.double(), window.double()[image])
    overlaps = ((seen[:, 2:] >= 0) & (seen[:, :2] <= 1)).all(-1)
    seen = seen.clamp(0, 1).to(maps.dtype)
    peaks = maps.new_zeros(len(boxes))
    step = max(1, CHUNK // (2 * (height + 2) * (width + 2)))
    for start in range(0, len(boxes), step):
        part = slice(start, start + step)
        x0, y0, x1, y1 = seen[part].unbind(-1)
        along_x = peak_shares(corners_and_centres(x0, x1, width), width)
        along_y = peak_shares(corners_and_centres(y0, y1, height), height)
        peaks[part] = read_peaks(maps, image[part], along_x, along_y).amax((-2, -1))
    return torch.where(overlaps, peaks, 0).clamp(0, 1)


def mask_peaks(maps: Tensor, window: Tensor, boxes: Tensor, masks: Tensor, image: Tensor) -> Tensor:
    """Return the map's maximum (N,) at the centres of a mask's (N, m, m) cells that are covered by half.

    Where a mask has no such cell, the box counts as a whole.
    """
    peaks = box_peaks(maps, window, boxes, image)
    rows, columns = ((torch.arange(n, device=boxes.device) + 0.5) / n for n in masks.shape[-2:])
    step = max(1, CHUNK // (maps[0].numel() + 2 * masks[0].numel())) if len(boxes) else 1
    for start in range(0, len(boxes), step):
        part = slice(start, start + step)
        seen = to_window(boxes[part].double(), window.double()[image[part]]).to(maps.dtype)
        x = seen[:, :1] + (seen[:, 2:3] - seen[:, :1]) * columns
        y = seen[:, 1:2] + (seen[:, 3:] - seen[:, 1:2]) * rows
        values = read_peaks(maps, image[part], peak_shares(x, maps.shape[-1]), peak_shares(y, maps.shape[-2]))
        shown = ((y >= 0) & (y <= 1))[:, :, None] & ((x >= 0) & (x <= 1))[:, None, :]
        covered = masks[part] >= 0.5
        highest = torch.where(covered & shown, values, 0).amax((-2, -1)).clamp(0, 1)
        peaks[part] = torch.where(covered.any(-1).any(-1), highest, peaks[part])
    return peaks
