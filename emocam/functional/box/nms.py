"""Non-maximum suppression over all images and classes of a batch at once."""

import torch
from torch import Tensor

ROUNDS = 16
"""After as many rounds only crowded groups are left, and few: those go one by one."""


def suppress(boxes: Tensor, score: Tensor, group: Tensor, iou: float) -> Tensor:
    """Return, ascending, the rows (K,) of boxes (N, 4) that overlap no better box of their group.

    Boxes overlap where their intersection over union exceeds `iou`. Each round keeps the best remaining box
    of every group and drops the boxes that it overlaps: the greedy procedure, for all groups side by side.
    Of equal scores the first row wins.
    """
    if boxes.device.type != "cpu":
        return _at_once(boxes, score, group, iou)
    order = torch.argsort(score, descending=True, stable=True)
    order = order[torch.argsort(group[order], stable=True)]
    # a shift of all groups into one call of nms would cost a pass over N boxes for each that stays
    boxes = boxes[order].double()
    group = group[order]
    area = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)
    live = torch.arange(len(boxes), device=boxes.device)
    kept = []
    for _ in range(ROUNDS):
        if not len(live):
            break
        first = torch.ones_like(live, dtype=torch.bool)
        first[1:] = group[live][1:] != group[live][:-1]
        best = live[first]  # rows of a group stand together, the best first
        kept.append(best)
        leader = best[first.cumsum(0) - 1]  # for each row the best of its group
        corner = torch.maximum(boxes[live, :2], boxes[leader, :2])
        opposite = torch.minimum(boxes[live, 2:], boxes[leader, 2:])
        shared = (opposite - corner).clamp(min=0).prod(-1)
        live = live[(shared <= iou * (area[live] + area[leader] - shared)) & ~first]
    kept += [rows[_greedy(boxes[rows], score[order[rows]].double(), iou)] for rows in _split(live, group)]
    return order[torch.cat(kept)].sort().values if kept else order


def _at_once(boxes: Tensor, score: Tensor, group: Tensor, iou: float) -> Tensor:
    """Suppress in one call, in which groups lie so far apart that they cannot meet.

    On an accelerator each round would make the host wait. A group is a pair of numbers below 2**32, and
    lies along two axes, so that double precision holds the shifts of all of them.
    """
    boxes = boxes.double()
    apart = (boxes.amax() - boxes.amin() + 1) if boxes.numel() else 1.0
    shift = torch.stack([group & 0xFFFFFFFF, group >> 32], -1) * apart
    return _greedy(boxes + shift.repeat(1, 2), score.double(), iou).sort().values


def _greedy(boxes: Tensor, score: Tensor, iou: float) -> Tensor:
    from torchvision.ops import nms  # which takes a second to import, and few batches are so crowded

    rows: Tensor = nms(boxes, score, iou)
    return rows


def _split(rows: Tensor, group: Tensor) -> tuple[Tensor, ...]:
    """Split rows, sorted by group, into one tensor for each group."""
    if not len(rows):
        return ()
    counts = torch.unique_consecutive(group[rows], return_counts=True)[1]
    return rows.split(counts.tolist())
