"""Squares around faces, cut out of a picture: turned so that the eyes are level, the border repeated beyond it."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image
from PIL.Image import Resampling, Transform

MESH_SIDE = 1.5
"""Sides of a face's box in the square that the mesh looks at."""
EYES = ((0.24, 0.34), (0.715, 0.34))
"""Where the eyes' centres are in a face that a classifier sees, as in RAF-DB's aligned pictures."""
EYE_CORNERS = ((33, 133), (362, 263))
"""Points of the mesh: the outer and inner corners of the person's right and left eye."""
ALIGNED_MIDDLE, ALIGNED_SIDE = (0.5, 0.53), 1.5
"""The square that the mesh looks at in a picture that is an aligned face already, in its sides."""
FARTHEST = 16
"""A square that is wider than so many pictures is no face's."""


@dataclass(frozen=True)
class FaceSquare:
    """A square of a picture, in pixels: its middle, its side, and its turn in radians, clockwise."""

    x: float
    y: float
    side: float
    roll: float = 0.0

    @property
    def matrix(self) -> np.ndarray:
        """What takes a place in the unit square to the picture: (2, 3)."""
        across = self.side * np.array([math.cos(self.roll), math.sin(self.roll)])
        down = self.side * np.array([-math.sin(self.roll), math.cos(self.roll)])
        corner = np.array([self.x, self.y]) - (across + down) / 2
        return np.stack([across, down, corner], 1)

    def to_picture(self, places: np.ndarray) -> np.ndarray:
        """Take places (n, 2) in the unit square to pixels of the picture."""
        return places @ self.matrix[:, :2].T + self.matrix[:, 2]

    def to_square(self, places: np.ndarray) -> np.ndarray:
        """Take pixels (n, 2) of the picture to places in the unit square."""
        return (places - self.matrix[:, 2]) @ np.linalg.inv(self.matrix[:, :2]).T


def square_of_box(box: np.ndarray, right_eye: np.ndarray, left_eye: np.ndarray) -> FaceSquare:
    """Return the square that the mesh looks at around a detected box (4,), in pixels."""
    x0, y0, x1, y1 = box.tolist()
    across = left_eye - right_eye
    roll = math.atan2(across[1], across[0])
    return FaceSquare((x0 + x1) / 2, (y0 + y1) / 2, MESH_SIDE * max(x1 - x0, y1 - y0), roll)


def square_of_points(points: np.ndarray) -> FaceSquare:
    """Return the square that the mesh looks at in the next frame, around points (468, 2) of this one."""
    low, high = points.min(0), points.max(0)
    return square_of_box(np.concatenate([low, high]), points[EYE_CORNERS[0][0]], points[EYE_CORNERS[1][1]])


def square_of_picture(size: tuple[int, int]) -> FaceSquare:
    """Return the square that the mesh looks at in a picture (width, height) that is an aligned face already."""
    width, height = size
    return FaceSquare(ALIGNED_MIDDLE[0] * width, ALIGNED_MIDDLE[1] * height, ALIGNED_SIDE * max(size))


def eye_centres(points: np.ndarray) -> np.ndarray:
    """Return the middles of the person's right and left eye (2, 2) of the mesh's points (468, 2)."""
    return np.stack([points[list(corners)].mean(0) for corners in EYE_CORNERS])


def aligned_square(points: np.ndarray) -> FaceSquare:
    """Return the square that a classifier sees of a face: its eyes at their fixed places."""
    right, left = eye_centres(points)
    across = left - right
    roll = math.atan2(across[1], across[0])
    side = float(np.hypot(*across)) / (EYES[1][0] - EYES[0][0])
    upright = FaceSquare(0, 0, side, roll)
    middle = (right + left) / 2 - upright.to_picture(np.array([[(EYES[0][0] + EYES[1][0]) / 2, EYES[0][1]]]))[
        0
    ]
    return FaceSquare(float(middle[0]), float(middle[1]), side, roll)


def cut_square(image: Image.Image, square: FaceSquare, side: int) -> Image.Image:
    """Return what is in a square of an RGB picture at side x side pixels.

    Beyond the border the outermost pixels are repeated. Where much is made smaller, pixels are averaged first.
    """
    corners = square.to_picture(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    size = np.array(image.size)
    if not np.isfinite(corners).all() or np.ptp(corners, 0).max() > FARTHEST * max(size.max(), 64):
        raise ValueError("a face's square lies far outside of the picture")
    factor = max(1, int(square.side / side))
    low = np.floor(corners.min(0)).astype(int) - 2 * factor
    high = np.ceil(corners.max(0)).astype(int) + 2 * factor
    inside_low, inside_high = low.clip(0, size - 1), np.maximum(high.clip(1, size), low.clip(0, size - 1) + 1)
    box = (int(inside_low[0]), int(inside_low[1]), int(inside_high[0]), int(inside_high[1]))
    part = image.reduce(factor, box=box) if factor > 1 else image.crop(box)
    before = np.ceil(np.maximum(inside_low - low, 0) / factor).astype(int)
    after = np.ceil(np.maximum(high - inside_high, 0) / factor).astype(int)
    if before.any() or after.any():
        pixels = np.asarray(part)
        widths = ((before[1], after[1]), (before[0], after[0]), (0, 0))
        part = Image.fromarray(np.pad(pixels, widths, mode="edge"))
    matrix = square.matrix
    scale = matrix[:, :2] / side / factor
    start = (matrix[:, 2] - inside_low) / factor + before
    numbers = (*scale[0], start[0], *scale[1], start[1])
    return part.transform((side, side), Transform.AFFINE, tuple(map(float, numbers)), Resampling.BILINEAR)
