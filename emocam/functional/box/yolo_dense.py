"""What YOLOv3's raw output says of all scales at once, for an accelerator.

There it costs less to compute the last layers everywhere than to count, scale by scale, where they are
needed: each count makes the host wait for the accelerator. Two are left, whatever the number of scales.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emocam.functional.box.yolo import CLASSES


def dense_candidates(
    scales: Sequence[tuple[Tensor, nn.Conv2d, Tensor]], score: float, classes: str = "sigmoid"
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return what `candidates` does of maps, last layer and anchors of each scale, in another order."""
    parts = [_rows(*scale) for scale in scales]
    rows, corner, cells, size, image = (torch.cat(part) for part in zip(*parts, strict=True))
    objectness = rows[:, 4].float().sigmoid()
    kept = (objectness > score).nonzero()[:, 0]
    rows = rows[kept].float()
    row, object, box_score = CLASSES[classes](rows[:, 5:], objectness[kept], score)
    middle = (rows[:, :2].sigmoid() + corner[kept]) / cells[kept]
    half = rows[:, 2:4].clamp(max=20).exp() * size[kept] / cells[kept] / 2
    boxes = torch.cat([middle - half, middle + half], -1)
    return boxes[row], object, box_score, image[kept][row]


def _rows(maps: Tensor, last: nn.Conv2d, anchors: Tensor) -> tuple[Tensor, ...]:
    """Return the last layer's rows (n, 5 + K); cell, cells a side and anchor (n, 2); and the image (n,)."""
    answers = last(maps.to(last.weight.dtype)).unflatten(1, (len(anchors), -1))
    images, kinds, _, height, width = answers.shape
    device = maps.device
    shape = images, kinds, height, width

    def everywhere(values: Tensor) -> Tensor:
        return values.expand(*shape).flatten()

    x = everywhere(torch.arange(width, device=device))
    y = everywhere(torch.arange(height, device=device)[:, None])
    image = everywhere(torch.arange(images, device=device)[:, None, None, None])
    anchor = everywhere(torch.arange(kinds, device=device)[:, None, None])
    cells = torch.stack([torch.full_like(x, width), torch.full_like(x, height)], -1)
    rows = answers.permute(0, 1, 3, 4, 2).flatten(0, 3)
    return rows, torch.stack([x, y], -1), cells, anchors.to(device, non_blocking=True)[anchor], image
