"""The 468 points of a face, Kartynnik et al. 2019, https://arxiv.org/abs/1907.06724, in the picture that it is in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import nn

from emocam.face.align import FaceSquare, aligned_square, cut_square
from emocam.face.blazeface import EXTREME

BATCH = 8
"""Faces that the network looks at together."""


@dataclass(frozen=True)
class MeshedFace:
    """A face in a picture: points (468, 2) in pixels, and how sure the network is that there is one."""

    points: np.ndarray
    presence: float

    @property
    def box(self) -> np.ndarray:
        """The box around all points (4,)."""
        return np.concatenate([self.points.min(0), self.points.max(0)])

    @property
    def square(self) -> FaceSquare:
        """The square that a classifier sees."""
        return aligned_square(self.points)


def overlap_of(one: np.ndarray, other: np.ndarray) -> float:
    """Return the intersection over union of two boxes (4,)."""
    shared = np.maximum(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0).prod()
    union = (one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - shared
    return float(shared / union) if union > 0 else 0.0


class FaceMesh(nn.Module):
    """The network of a face's points, which looks at squares of side x side pixels."""

    def __init__(self, network: nn.Module, side: int) -> None:
        super().__init__()
        self.network, self.side = network, side

    @torch.inference_mode()
    def find(self, image: Image.Image, squares: Sequence[FaceSquare]) -> list[MeshedFace]:
        """Return the face in each square of a picture; whether it is one, its presence says."""
        found = []
        for first in range(0, len(squares), BATCH):
            some = squares[first : first + BATCH]
            pixels = np.stack([np.asarray(cut_square(image, square, self.side)) for square in some])
            shown = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
            points, presence = self.network(shown)
            places = points.reshape(len(some), -1, 3)[:, :, :2].double().numpy() / self.side
            sure = presence.reshape(-1).clamp(-EXTREME, EXTREME).sigmoid().tolist()
            found += [
                MeshedFace(square.to_picture(place), presence)
                for square, place, presence in zip(some, places, sure, strict=True)
            ]
        return found
