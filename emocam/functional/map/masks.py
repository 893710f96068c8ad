"""The mean of a map inside the mask of a region."""

import torch
from torch import Tensor

from emocam.functional.box.boxes import to_window
from emocam.functional.map.maps import CHUNK, box_means, hat_integrals


def mask_means(maps: Tensor, window: Tensor, boxes: Tensor, masks: Tensor, image: Tensor) -> Tensor:
    """Return the mean of the map (N,) over masks (N, m, m), each in the frame of its own box.

    A mask's value is the share of its cell that it covers. The integral of the map over a cell
    separates into one along x and one along y, as for boxes, so nothing is sampled. Where a mask
    covers nothing, the box counts as a whole.
    """
    means = box_means(maps, window, boxes, image)
    step = max(1, CHUNK // (maps[0].numel() + masks[0].numel())) if len(boxes) else 1
    for start in range(0, len(boxes), step):
        part = slice(start, start + step)
        covered = masks[part].to(maps.dtype)
        share = covered.mean((-2, -1))
        weighed = _weighed(maps, window, boxes[part], covered, image[part]) / share.clamp(min=1e-12)
        solid = (share > 0) & ((boxes[part, 2:] - boxes[part, :2]) > 1e-4).all(-1)
        means[part] = torch.where(solid, weighed.clamp(0, 1), means[part])
    return means


def _weighed(maps: Tensor, window: Tensor, boxes: Tensor, masks: Tensor, image: Tensor) -> Tensor:
    """Return the mean over the box (n,) of map times mask."""
    seen = to_window(boxes.double(), window.double()[image])
    along_x = _edges(seen[:, 0], seen[:, 2], masks.shape[-1], maps.shape[-1]).to(maps.dtype)
    along_y = _edges(seen[:, 1], seen[:, 3], masks.shape[-2], maps.shape[-2]).to(maps.dtype)
    weights = torch.einsum("nih,nij,njw->nhw", along_y, masks, along_x)
    return (weights * maps[image]).sum((-2, -1))


def _edges(start: Tensor, end: Tensor, parts: int, cells: int) -> Tensor:
    """Return each part's term (n, parts, cells) of the mean of each cell's share from start to end (n,)."""
    steps = torch.linspace(0, 1, parts + 1, device=start.device, dtype=start.dtype)
    edges = start[:, None] + (end - start)[:, None] * steps
    hats = hat_integrals(edges[:, :-1].flatten(), edges[:, 1:].flatten(), cells)
    return hats.unflatten(0, (len(start), parts)) / (end - start).clamp(min=1e-12)[:, None, None]
