"""Boxes and class scores from YOLOv3's raw output.

YOLOv3, Redmon and Farhadi 2018, https://arxiv.org/abs/1804.02767.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

Seen = tuple[Tensor, Tensor, Tensor]


def _each(logits: Tensor, objectness: Tensor, score: float) -> Seen:
    """Score each class by its own sigmoid, as darknet trains them: a box may be several objects."""
    # asked before the sigmoid, which few of many classes then need
    row, object = (logits > (score / objectness).logit()[:, None]).nonzero(as_tuple=True)
    return row, object, objectness[row] * logits[row, object].sigmoid()


def _best(logits: Tensor, objectness: Tensor, score: float) -> Seen:
    """Score a box's best class by its softmax, as lightnet reads them: a box is one object."""
    highest, object = logits.max(-1)
    box_score = objectness * (highest - logits.logsumexp(-1)).exp()
    row = (box_score > score).nonzero()[:, 0]
    return row, object[row], box_score[row]


CLASSES: dict[str, Callable[[Tensor, Tensor, float], Seen]] = {"sigmoid": _each, "softmax": _best}
"""From logits (n, K) and objectness (n,) of boxes the row, object and score (N,) of all above a score."""


def candidates(
    maps: Tensor, last: nn.Conv2d, anchors: Tensor, score: float, classes: str = "sigmoid"
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return boxes (N, 4) in the frame of the view, object, score and image (N,) of one scale, above `score`.

    `maps` (B, C, h, w) is the input of `last`, a convolution of 1 x 1 pixels to A (5 + K) channels;
    `anchors` (A, 2) are widths and heights in cells. A score is objectness times the class's share, so
    everything but the objectness is computed only where the objectness is above `score`.
    """
    height, width = maps.shape[-2:]
    weight = last.weight.flatten(1).unflatten(0, (len(anchors), -1))
    bias = last.bias
    assert bias is not None
    maps = maps.to(weight.dtype)
    bias = bias.view(len(anchors), -1)
    objectness = conv2d(maps, weight[:, 4, :, None, None], bias[:, 4]).float().sigmoid()
    anchor, image, y, x = (objectness.transpose(0, 1) > score).nonzero(as_tuple=True)
    seen = maps.permute(0, 2, 3, 1)[image, y, x].split(anchor.bincount(minlength=len(anchors)).tolist())
    rows = torch.cat([linear(*one) for one in zip(seen, weight, bias, strict=True)]).float()
    row, object, box_score = CLASSES[classes](rows[:, 5:], objectness[image, anchor, y, x], score)
    cells = torch.tensor([width, height], device=maps.device)
    middle = (rows[:, :2].sigmoid() + torch.stack([x, y], -1)) / cells
    # beyond this a box is wider than any picture, and its corners no numbers
    half = rows[:, 2:4].clamp(max=20).exp() * anchors.to(maps.device)[anchor] / cells / 2
    boxes = torch.cat([middle - half, middle + half], -1)
    return boxes[row], object, box_score, image[row]
