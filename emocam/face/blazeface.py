"""Faces out of BlazeFace's answers: a box and six points at each anchor, and how sure it is.

Bazarevsky et al. 2019, https://arxiv.org/abs/1907.05047; overlapping boxes are averaged, as there.
"""

import torch
from torch import Tensor, nn

from emocam.face.found import FoundFaces

GRIDS = {"short": ((16, 2), (8, 6)), "back": ((16, 2), (8, 6)), "full": ((48, 1),)}
"""Of each kind the grids of anchors: cells along a side, and anchors in a cell."""
POINTS = 6
"""The person's right eye, left eye, nose, mouth, right ear and left ear."""
EXTREME = 80.0
"""Beyond it a logit is cut, so that its sigmoid stays a number."""


def face_anchors(kind: str) -> Tensor:
    """Return the middle of each anchor (A, 2) in [0, 1], row by row."""
    found = []
    for cells, often in GRIDS[kind]:
        middle = (torch.arange(cells) + 0.5) / cells
        y, x = torch.meshgrid(middle, middle, indexing="ij")
        found.append(torch.stack([x, y], -1).reshape(-1, 2).repeat_interleave(often, 0))
    return torch.cat(found)


def decode_faces(raw: Tensor, logits: Tensor, anchors: Tensor, side: int, least: float) -> FoundFaces:
    """Return the boxes of raw (B, A, 16) and logits (B, A, 1) that are surer than `least`."""
    score = logits[..., 0].float().clamp(-EXTREME, EXTREME).sigmoid()
    image, place = (score > least).nonzero(as_tuple=True)
    numbers = raw[image, place].float().reshape(-1, 2 + POINTS, 2) / side
    middle = numbers[:, 0] + anchors[place]
    half = numbers[:, 1].abs() / 2
    boxes = torch.cat([middle - half, middle + half], 1)
    points = numbers[:, 2:] + anchors[place][:, None]
    return FoundFaces(boxes, points, score[image, place], image)


def average_overlaps(faces: FoundFaces, overlap: float) -> FoundFaces:
    """Return one face for all that overlap the surest of them: their mean, weighted by the scores.

    Faces of one picture are sorted, the surest first.
    """
    from torchvision.ops import box_iou  # takes a while to import, and runs without faces need it not

    boxes, points, score, image = [], [], [], []
    for picture in faces.image.unique().tolist():
        left = (faces.image == picture).nonzero().flatten()
        left = left[faces.score[left].argsort(descending=True, stable=True)]
        while len(left):
            same = box_iou(faces.boxes[left[:1]], faces.boxes[left])[0] > overlap
            same[0] = True  # a box without an area overlaps not even itself
            rows = left[same]
            weight = faces.score[rows] / faces.score[rows].sum()
            boxes.append((faces.boxes[rows] * weight[:, None]).sum(0))
            points.append((faces.points[rows] * weight[:, None, None]).sum(0))
            score.append(faces.score[left[0]])
            image.append(faces.image[left[0]])
            left = left[~same]
    if not boxes:
        return faces.rows(torch.zeros(0, dtype=torch.int64, device=faces.image.device))
    return FoundFaces(torch.stack(boxes), torch.stack(points), torch.stack(score), torch.stack(image))


class BlazeFace(nn.Module):
    """A detector of faces: pictures (B, 3, side, side) as uint8 -> faces in fractions of the picture."""

    anchors: Tensor

    def __init__(self, network: nn.Module, kind: str, side: int) -> None:
        super().__init__()
        self.network, self.side = network, side
        self.register_buffer("anchors", face_anchors(kind), persistent=False)

    def forward(self, pictures: Tensor, least: float, overlap: float) -> FoundFaces:
        shown = pictures.to(memory_format=torch.channels_last).to(self.anchors.dtype) / 127.5 - 1
        raw, logits = self.network(shown)
        return average_overlaps(decode_faces(raw, logits, self.anchors, self.side, least), overlap)
