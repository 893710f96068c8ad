"""The outline of a region's mask, as text that a page draws over a picture."""

import numpy as np
from contourpy import contour_generator
from numpy.typing import ArrayLike, NDArray

HALF = 0.5
"""A mask covers a point by more than this share of it."""
EVERY = 2
"""Of an outline's points those that are drawn: half a cell of a mask is not seen in a small picture."""
STRAIGHT = 0.8
"""The cosine between two steps of an outline below which there is a corner, which stays."""


def outline_path(box: ArrayLike, mask: NDArray[np.floating]) -> str:
    """Return the path of SVG around a mask (m, m) in its box (4,), both in [0, 1] of the picture; empty for none."""
    x0, y0, x1, y1 = np.asarray(box, float)
    cells = np.pad(
        mask.astype(float), 1
    )  # a border of nothing closes the outline of a mask that touches its box
    place = (np.arange(len(cells)) - 0.5) / (len(cells) - 2)
    lines = contour_generator(x0 + place * (x1 - x0), y0 + place * (y1 - y0), cells).lines(HALF)
    return "".join(_closed(np.asarray(line)) for line in lines)


def _closed(line: NDArray[np.floating]) -> str:
    """Return the part of a path that goes along the points (n, 2) of a closed line."""
    points = line[:-1]
    before, after = points - np.roll(points, 1, 0), np.roll(points, -1, 0) - points
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    corner = (before * after).sum(1) < STRAIGHT * lengths
    kept = points[corner | (np.arange(len(points)) % EVERY == 0)]
    return "M" + "L".join(f"{x:.3f} {y:.3f}" for x, y in kept) + "Z"
