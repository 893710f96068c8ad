"""A sequence of points as a network sees it: movement of a face put in one place, level and of one size."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from emocam.errors import Refused
from emocam.records.base import WHOLE
from emocam.records.keypoints import PointSequence

SCALE = 10.0
"""One scale for all points: a tenth of the distance between the eyes becomes 1."""
LEAST = 1e-6
KEY = "emocam.points"
"""Where a picture that was drawn from a sequence of points carries it."""


def level_points(points: Tensor, right: Sequence[int], left: Sequence[int]) -> Tensor:
    """Return points (..., P, 2) with the eyes' middle at 0, their line level and their distance 1."""
    first, second = (points[..., list(eye), :].mean(-2) for eye in (right, left))
    across = second - first
    length = across.norm(dim=-1, keepdim=True)
    if bool((length < LEAST).any()):
        raise Refused("has both eyes in one place in some frame, so the face has no size")
    cosine, sine = (across / length)[..., None, :].unbind(-1)
    x, y = (points - ((first + second) / 2)[..., None, :]).unbind(-1)
    turned = torch.stack([cosine * x + sine * y, cosine * y - sine * x], -1)
    return turned / length[..., None]


def movement(points: Tensor, first: int) -> Tensor:
    """Return how far points (T, P, 2) are from their mean of the first frames."""
    return points - points[:first].mean(0)


@dataclass(frozen=True)
class NormalisedPoints:
    """Movement (2, `length`, `points`) against the mean of the first frames, of a face levelled by its eyes.

    It is shown a picture that was drawn from a sequence of points, and sees those points alone.
    """

    points: int
    length: int
    first: int = 2

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        sequence = image.info.get(KEY)
        if not isinstance(sequence, PointSequence):
            raise Refused("is a picture, and classifier=landmarks sees sequences of points alone")
        frames, count = sequence.points.shape[:2]
        if (frames, count) != (self.length, self.points):
            raise Refused(
                f"has {count} points in {frames} frames, and the classifier takes {self.points} in {self.length}"
            )
        layout = sequence.layout
        levelled = level_points(sequence.points.double(), layout.right_eye, layout.left_eye)
        moved = SCALE * movement(levelled, self.first)
        return moved.permute(2, 0, 1).float().contiguous(), torch.tensor(WHOLE)
