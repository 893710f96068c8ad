"""All faces of one picture, with their points."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from PIL.Image import Resampling

from emocam.face.align import FaceSquare, square_of_box, square_of_picture
from emocam.face.blazeface import BlazeFace
from emocam.face.landmarks import FaceMesh, MeshedFace, overlap_of
from emocam.view.crops import Letterbox

SCORE, OVERLAP = 0.5, 0.3
PART = 0.6
"""Of a picture's side, a part in which small faces are looked for."""
TWICE = 0.5
"""Two faces whose points' boxes overlap more are one."""


def overlapping_parts(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Return four boxes of a picture, each more than a half of its sides."""
    wide, tall = math.ceil(PART * width), math.ceil(PART * height)
    return [(x, y, x + wide, y + tall) for y in (0, height - tall) for x in (0, width - wide)]


@dataclass(frozen=True)
class FaceFinder:
    """What finds faces; `least` is the presence and `smallest` the side of a face, in pixels, that counts.

    With `halves`, a picture is searched as a whole and in four parts, for small faces.
    """

    detector: BlazeFace
    mesh: FaceMesh
    least: float = 0.5
    smallest: float = 24.0
    halves: bool = False

    @torch.inference_mode()
    def squares(self, image: Image.Image) -> list[FaceSquare]:
        """Return the squares in which the mesh is to look for a face, from left to right."""
        view, window = Letterbox((self.detector.side,) * 2, Resampling.BILINEAR, 0)(image)
        found = self.detector(view[None], SCORE, OVERLAP)
        x0, y0, x1, y1 = window.tolist()
        corner, size = np.array([x0, y0]), np.array([x1 - x0, y1 - y0])
        pixels = np.array(image.size)
        boxes = (found.boxes.double().numpy().reshape(-1, 2, 2) * size + corner) * pixels
        eyes = (found.points[:, :2].double().numpy() * size + corner) * pixels
        return [
            square_of_box(box.ravel(), right, left)
            for box, (right, left) in zip(boxes, eyes, strict=True)
            if (box[1] - box[0]).max() >= self.smallest
        ]

    def faces(self, image: Image.Image) -> list[MeshedFace]:
        """Return the faces of a picture, from left to right; with `halves` its parts are searched as well."""
        squares = self.squares(image)
        if self.halves and max(image.size) > self.detector.side:
            for box in overlapping_parts(*image.size):
                inside = self.squares(image.crop(box))
                squares += [replace(square, x=square.x + box[0], y=square.y + box[1]) for square in inside]
        return sorted(self.meshed(image, squares), key=lambda face: face.box[0])

    def meshed(self, image: Image.Image, squares: list[FaceSquare]) -> list[MeshedFace]:
        """Return the faces that are in squares, each once."""
        found: list[MeshedFace] = []
        for face in self.mesh.find(image, squares):
            new = all(overlap_of(face.box, other.box) <= TWICE for other in found)
            if face.presence > self.least and new:
                found.append(face)
        return found

    def aligned(self, image: Image.Image) -> list[MeshedFace]:
        """Return the face of a picture that is one already."""
        faces = self.mesh.find(image, [square_of_picture(image.size)])
        return [face for face in faces if face.presence > self.least]
