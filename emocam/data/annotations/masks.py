"""The outline of a region, drawn into the frame of its box."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from PIL.Image import Resampling

SIDE = 28
"""Cells of a mask along each side: what mask detectors give, too."""
FINE = 8
"""Points a cell, along each side, at which an outline is asked for what it covers: those of a row are a byte."""


@dataclass(frozen=True)
class Polygons:
    """What any of these covers, points (p, 2) each, in fractions of the image."""

    points: list[np.ndarray]


@dataclass(frozen=True)
class Runs:
    """COCO's run lengths: column by column, outside and inside in turn, over (height, width) pixels."""

    counts: np.ndarray
    size: tuple[int, int]

    @classmethod
    def of(cls, mask: np.ndarray) -> "Runs":
        """Return the run lengths of a mask, bool (height, width)."""
        columns = mask.T.ravel()
        edges = np.flatnonzero(columns[1:] != columns[:-1]) + 1
        first = [0] if columns[:1].any() else []  # runs begin with what is outside
        counts = np.diff(np.concatenate([first, [0], edges, [len(columns)]]))
        return cls(counts.astype(np.int64), (mask.shape[0], mask.shape[1]))

    @property
    def mask(self) -> np.ndarray:
        """What is covered, bool (height, width)."""
        height, width = self.size
        inside = np.repeat(np.arange(len(self.counts)) % 2 == 1, self.counts)
        return inside.reshape(width, height).T


Shape = Polygons | Runs


def bounds(shape: Shape) -> list[float] | None:
    """Return the box around an outline, x0, y0, x1, y1 in fractions of the image; None where it covers nothing."""
    if isinstance(shape, Polygons):
        points = np.concatenate([np.zeros((0, 2)), *shape.points])
        return [*points.min(0).tolist(), *points.max(0).tolist()] if len(points) else None
    mask = shape.mask
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    height, width = shape.size
    return [
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    ]


def draw_mask(shape: Shape | None, box: np.ndarray) -> np.ndarray:
    """Return the share of each cell of a box (4,) that the outline covers: float32 (28, 28).

    Without an outline the box counts as a whole.
    """
    if shape is None or (box[2:] - box[:2]).min() <= 0:
        return np.ones((SIDE, SIDE), np.float32)
    return _draw_polygons(shape, box) if isinstance(shape, Polygons) else _draw_runs(shape, box)


def draw_layers(
    layers: Sequence[tuple[Sequence[np.ndarray], bool]], box: np.ndarray, ground: bool = False
) -> np.ndarray:
    """Return the share of each cell of a box (4,) that is covered: float32 (28, 28).

    Each layer of polygons, points (p, 2) each, covers what lies below it, or lays it bare.
    """
    side = SIDE * FINE
    canvas = Image.new("1", (side, side), int(ground))
    pen = ImageDraw.Draw(canvas)
    for polygons, covers in layers:
        for points in polygons:
            # Pillow's coordinates are centres of pixels
            places = (points - box[:2]) / (box[2:] - box[:2]) * side - 0.5
            pen.polygon([(x, y) for x, y in places.clip(-1e6, 1e6).tolist()], fill=int(covers))
    # a byte of the canvas is the eight points of a cell in one of its rows
    rows = np.bitwise_count(np.frombuffer(canvas.tobytes(), np.uint8)).reshape(SIDE, FINE, SIDE)
    return (rows.sum(1, dtype=np.float32) / FINE**2).astype(np.float32)


def _draw_polygons(shape: Polygons, box: np.ndarray) -> np.ndarray:
    return draw_layers([(shape.points, True)], box)


def _draw_runs(shape: Runs, box: np.ndarray) -> np.ndarray:
    height, width = shape.size
    pixels = Image.fromarray(shape.mask.astype(np.float32))
    corners = tuple((box * (width, height, width, height)).tolist())
    return np.asarray(pixels.resize((SIDE, SIDE), Resampling.BOX, box=corners))
