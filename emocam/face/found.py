"""Faces as a detector finds them, before their points are looked for."""

from dataclasses import dataclass

from torch import Tensor

from emocam.records.base import Record


@dataclass(frozen=True)
class FoundFaces(Record):
    """N faces in the pictures of a batch: boxes (N, 4), six points (N, 6, 2), score and image (N,).

    Places are fractions of the picture, and may lie outside of it.
    """

    boxes: Tensor
    points: Tensor
    score: Tensor
    image: Tensor

    def __len__(self) -> int:
        return len(self.boxes)

    def rows(self, rows: Tensor) -> "FoundFaces":
        """Pick faces by their numbers."""
        return FoundFaces(self.boxes[rows], self.points[rows], self.score[rows], self.image[rows])
