"""Which region each cell of a view belongs to: the smallest over it, as a mask says or its box."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from emocam.functional.box.boxes import area
from emocam.records.detections import Detections

HALF = 0.5
"""A mask covers a cell by more than this share of the mask at the cell's middle."""


def owners_of_cells(
    regions: Detections, window: Tensor, size: Sequence[int], most: int
) -> tuple[Tensor, Tensor]:
    """Return the number of each cell's region (B, H, W), and how many regions each picture has (B,).

    Of each picture the `most` regions of the highest score are painted, the largest first. Regions that
    are left a cell are numbered from 0, and cells of none are the last, where there are any.
    """
    images = len(window)
    chosen = regions.rows(torch.nonzero(ranks(regions.score, regions.image, images) < most)[:, 0])
    share = 1.0 if chosen.masks is None else chosen.masks.float().mean((-2, -1))
    order = ranks(area(chosen.boxes) * share, chosen.image, images)
    # of an accelerator's ranks all are asked at once: each question would make the host wait
    rank_of = order.tolist()
    painters = max(rank_of, default=-1) + 1
    owner = torch.full((images, *size), painters, device=window.device)
    y, x = (torch.arange(n, device=window.device).add(0.5).div(n) for n in size)
    for rank in range(painters):
        rows = torch.tensor([row for row, found in enumerate(rank_of) if found == rank])
        rows = rows.to(window.device, non_blocking=True)
        image = chosen.image[rows]
        covered = covers(chosen.rows(rows), window[image], x, y)
        owner[image] = torch.where(covered, rank, owner[image])
    left = torch.zeros(images, painters + 1, dtype=torch.bool, device=window.device)
    left.scatter_(1, owner.flatten(1), True)
    number = left.long().cumsum(1) - 1
    return number.gather(1, owner.flatten(1)).view(owner.shape), left.sum(1)


def ranks(value: Tensor, image: Tensor, images: int) -> Tensor:
    """Return the place of each region (N,) among those of its image by value, the highest first."""
    order = torch.argsort(value, descending=True, stable=True)
    order = order[torch.argsort(image[order], stable=True)]
    many = torch.zeros(images, dtype=torch.int64, device=image.device)
    many.index_add_(0, image, torch.ones_like(image))
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order), device=order.device) - (many.cumsum(0) - many)[image[order]]
    return place


def covers(regions: Detections, window: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Mark the cells (N, H, W) that regions cover, with middles x (W,) and y (H,) in their windows (N, 4)."""
    x0, y0, x1, y1 = (regions.boxes[:, i, None] for i in range(4))
    across = window[:, 0, None] + x * (window[:, 2] - window[:, 0])[:, None]
    down = window[:, 1, None] + y * (window[:, 3] - window[:, 1])[:, None]
    inside = ((down >= y0) & (down < y1))[:, :, None] & ((across >= x0) & (across < x1))[:, None]
    if regions.masks is None:
        return inside
    u = 2 * (across - x0) / (x1 - x0).clamp(min=1e-6) - 1
    v = 2 * (down - y0) / (y1 - y0).clamp(min=1e-6) - 1
    place = torch.stack(torch.broadcast_tensors(u[:, None, :], v[:, :, None]), -1).float()
    masks = regions.masks.float()
    shown = F.grid_sample(masks[:, None], place, "bilinear", "border", align_corners=False)[:, 0] > HALF
    empty = masks.flatten(1).amax(1) <= 0  # counts as its box, as everywhere
    return inside & (shown | empty[:, None, None])
