"""What YOLOv3's raw output says: boxes, and a score for each class.

YOLOv3, Redmon and Farhadi 2018, https://arxiv.org/abs/1804.02767.
"""

from collections.abc import Callable

import torch
from torch import Tensor

CLASSES: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,  # as darknet trains them: a box may be several objects
    "softmax": lambda logits: _best(logits.softmax(-1)),  # as lightnet reads them: a box is its best object
}


def _best(share: Tensor) -> Tensor:
    """Shares (n, K), all but the highest of each row set to zero."""
    value, place = share.max(-1, keepdim=True)
    return torch.zeros_like(share).scatter(-1, place, value)


def candidates(
    output: Tensor, anchors: Tensor, score: float, classes: str = "sigmoid"
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Boxes (N, 4) in the frame of the view, object, score, image (N,) of one scale, above `score`.

    output (B, A (5 + K), h, w); anchors (A, 2) as width and height in cells. A score is objectness
    times the class's share, so the classes are read where the objectness alone is high enough.
    """
    height, width = output.shape[-2:]
    rows = output.unflatten(1, (len(anchors), -1)).permute(0, 1, 3, 4, 2)
    objectness = rows[..., 4].sigmoid()
    image, anchor, y, x = (objectness > score).nonzero(as_tuple=True)
    rows, objectness = rows[image, anchor, y, x], objectness[image, anchor, y, x]
    scores = objectness[:, None] * CLASSES[classes](rows[:, 5:])
    row, object = (scores > score).nonzero(as_tuple=True)
    cells = torch.tensor([width, height], device=output.device)
    middle = (rows[:, :2].sigmoid() + torch.stack([x, y], -1)) / cells
    # beyond this a box is wider than any picture, and its corners no numbers
    half = rows[:, 2:4].clamp(max=20).exp() * anchors.to(output)[anchor] / cells / 2
    boxes = torch.cat([middle - half, middle + half], -1)
    return boxes[row], object, scores[row, object], image[row]
