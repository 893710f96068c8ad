"""What people wrote about pictures, whatever format they wrote it in."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Regions:
    """The annotated regions of one image: boxes (k, 4) in its frame and their classes (k,).

    `size` is the (width, height) in pixels that the annotators saw, where their format says so.
    """

    boxes: np.ndarray
    object: np.ndarray
    size: tuple[int, int] | None = None
    masks: np.ndarray | None = None


@dataclass(frozen=True)
class AnnotationTable:
    """All regions of a corpus by relative path; `truth` holds labels of whole images, where known."""

    objects: list[str]
    regions: dict[str, Regions]
    truth: dict[str, str] = field(default_factory=dict)


NO_REGIONS = Regions(np.zeros((0, 4), np.float32), np.zeros(0, np.int64))

# EXIF orientation -> the corners (x0, y0, x1, y1) of a turned box, out of (x0, y0, x1, y1) and 1 - each
TURNS = {
    2: (6, 1, 4, 3),
    3: (6, 7, 4, 5),
    4: (0, 7, 2, 5),
    5: (1, 0, 3, 2),
    6: (7, 0, 5, 2),
    7: (7, 6, 5, 4),
    8: (1, 6, 3, 4),
}


def turn(boxes: np.ndarray, orientation: int) -> np.ndarray:
    """Boxes (k, 4) drawn on the pixels as stored, put on the picture as EXIF turns it."""
    if orientation not in TURNS:
        return boxes
    return np.concatenate([boxes, 1 - boxes], 1)[:, TURNS[orientation]]


def upright(regions: Regions, size: tuple[int, int], orientation: int) -> np.ndarray:
    """The boxes on the upright picture of this size (width, height).

    Annotators saw either the upright picture or the stored pixels; the size they declare tells
    which. Where both have the same size, what a viewer shows is taken: the upright picture.
    """
    sideways = orientation in (5, 6, 7, 8)
    if sideways and regions.size is not None and regions.size != size and regions.size == size[::-1]:
        return turn(regions.boxes, orientation)
    return regions.boxes
