"""What YOLOv3's raw output says: boxes, and a score for each class.

YOLOv3, Redmon and Farhadi 2018, https://arxiv.org/abs/1804.02767.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

Seen = tuple[Tensor, Tensor, Tensor]


def _each(logits: Tensor, objectness: Tensor, score: float) -> Seen:
    """As darknet trains them: a box may be several objects."""
    # asked before the sigmoid, which few of many classes then need
    row, object = (logits > (score / objectness).logit()[:, None]).nonzero(as_tuple=True)
    return row, object, objectness[row] * logits[row, object].sigmoid()


def _best(logits: Tensor, objectness: Tensor, score: float) -> Seen:
    """As lightnet reads them: a box is its best object, with its share of all."""
    highest, object = logits.max(-1)
    found = objectness * (highest - logits.logsumexp(-1)).exp()
    row = (found > score).nonzero()[:, 0]
    return row, object[row], found[row]


CLASSES: dict[str, Callable[[Tensor, Tensor, float], Seen]] = {"sigmoid": _each, "softmax": _best}
"""From logits (n, K) and objectness (n,) of boxes the row, object and score (N,) of all above a score."""


def candidates(
    maps: Tensor, last: nn.Conv2d, anchors: Tensor, score: float, classes: str = "sigmoid"
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Boxes (N, 4) in the frame of the view, object, score, image (N,) of one scale, above `score`.

    maps (B, C, h, w) before the `last` convolution of 1 x 1 pixels, to A (5 + K) channels; anchors (A, 2) as
    width and height in cells. A score is objectness times the class's share, so everything but the
    objectness is computed where that alone is high enough.
    """
    height, width = maps.shape[-2:]
    weight, bias = last.weight.flatten(1).unflatten(0, (len(anchors), -1)), last.bias
    assert bias is not None
    maps, bias = maps.to(weight.dtype), bias.view(len(anchors), -1)
    objectness = conv2d(maps, weight[:, 4, :, None, None], bias[:, 4]).float().sigmoid()
    anchor, image, y, x = (objectness.transpose(0, 1) > score).nonzero(as_tuple=True)
    seen = maps.permute(0, 2, 3, 1)[image, y, x].split(anchor.bincount(minlength=len(anchors)).tolist())
    rows = torch.cat([linear(*one) for one in zip(seen, weight, bias, strict=True)]).float()
    row, object, found = CLASSES[classes](rows[:, 5:], objectness[image, anchor, y, x], score)
    cells = torch.tensor([width, height], device=maps.device)
    middle = (rows[:, :2].sigmoid() + torch.stack([x, y], -1)) / cells
    # beyond this a box is wider than any picture, and its corners no numbers
    half = rows[:, 2:4].clamp(max=20).exp() * anchors.to(maps.device)[anchor] / cells / 2
    boxes = torch.cat([middle - half, middle + half], -1)
    return boxes[row], object, found, image[row]
