"""Non-maximum suppression over all images and classes of a batch at once."""

import torch
from torch import Tensor
from torchvision.ops import nms

ROUNDS = 16
"""After as many rounds only crowded groups are left, and few: those go one by one."""


def suppress(boxes: Tensor, score: Tensor, group: Tensor, iou: float) -> Tensor:
    """Rows (K,) that stay, ascending, of boxes (N, 4): of two in one group overlapping more, the better.

    In each round the best box left of every group stays, and takes the others that it overlaps with
    it: the greedy procedure, for all groups side by side. Of equal scores the first row goes first.
    """
    order = torch.argsort(score, descending=True, stable=True)
    order = order[torch.argsort(group[order], stable=True)]
    # a shift of all groups into one call of nms would cost a pass over N boxes for each that stays
    boxes, group = boxes[order].double(), group[order]
    area = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)
    live, kept = torch.arange(len(boxes), device=boxes.device), []
    for _ in range(ROUNDS):
        if not len(live):
            break
        first = torch.ones_like(live, dtype=torch.bool)
        first[1:] = group[live][1:] != group[live][:-1]
        best = live[first]
        kept.append(best)
        leader = best[first.cumsum(0) - 1]
        corner = torch.maximum(boxes[live, :2], boxes[leader, :2])
        opposite = torch.minimum(boxes[live, 2:], boxes[leader, 2:])
        shared = (opposite - corner).clamp(min=0).prod(-1)
        live = live[(shared <= iou * (area[live] + area[leader] - shared)) & ~first]
    kept += [rows[nms(boxes[rows], score[order[rows]].double(), iou)] for rows in _split(live, group)]
    return order[torch.cat(kept)].sort().values if kept else order


def _split(rows: Tensor, group: Tensor) -> tuple[Tensor, ...]:
    """The rows of each group; they lie side by side."""
    if not len(rows):
        return ()
    counts = torch.unique_consecutive(group[rows], return_counts=True)[1]
    return rows.split(counts.tolist())
