"""The outline of a region, drawn into the frame of its box."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from PIL.Image import Resampling

SIDE = 28
"""Cells of a mask along each side: what mask detectors give, too."""
FINE = 8
"""Points a cell, along each side, at which an outline is asked for what it covers."""


@dataclass(frozen=True)
class Polygons:
    """What any of these covers, points (p, 2) each, in fractions of the image."""

    points: list[np.ndarray]


@dataclass(frozen=True)
class Runs:
    """COCO's run lengths: column by column, outside and inside in turn, over (height, width) pixels."""

    counts: np.ndarray
    size: tuple[int, int]


Shape = Polygons | Runs


def draw_mask(shape: Shape | None, box: np.ndarray) -> np.ndarray:
    """The share of each cell of a box (4,) that the outline covers: float32 (28, 28).

    Without an outline the box counts as a whole.
    """
    if shape is None or (box[2:] - box[:2]).min() <= 0:
        return np.ones((SIDE, SIDE), np.float32)
    return _draw_polygons(shape, box) if isinstance(shape, Polygons) else _draw_runs(shape, box)


def _draw_polygons(shape: Polygons, box: np.ndarray) -> np.ndarray:
    side = SIDE * FINE
    canvas = Image.new("1", (side, side))
    pen = ImageDraw.Draw(canvas)
    for points in shape.points:
        # Pillow's coordinates are centres of pixels
        places = (points - box[:2]) / (box[2:] - box[:2]) * side - 0.5
        pen.polygon([(x, y) for x, y in places.clip(-1e6, 1e6).tolist()], fill=1)
    fine = np.asarray(canvas, np.float32).reshape(SIDE, FINE, SIDE, FINE)
    return fine.mean((1, 3))


def _draw_runs(shape: Runs, box: np.ndarray) -> np.ndarray:
    height, width = shape.size
    inside = np.repeat(np.arange(len(shape.counts)) % 2, shape.counts)
    pixels = Image.fromarray(inside.reshape(width, height).T.astype(np.float32))
    corners = tuple((box * (width, height, width, height)).tolist())
    return np.asarray(pixels.resize((SIDE, SIDE), Resampling.BOX, box=corners))
