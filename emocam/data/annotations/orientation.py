"""Boxes and masks put onto the picture as a person sees it, whatever EXIF did to it."""

from typing import Literal

import numpy as np

from emocam.data.annotations.masks import draw_mask
from emocam.data.annotations.records import Regions
from emocam.data.image_file import Refused

Drawn = Literal["auto", "upright", "stored"]
SIDEWAYS = (5, 6, 7, 8)
ALIKE = 0.03
"""Two sizes whose proportions differ by less may be the same picture, scaled."""

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
    """Turn boxes (k, 4), drawn on the pixels as stored, with the picture as EXIF turns it."""
    if orientation not in TURNS:
        return boxes
    return np.concatenate([boxes, 1 - boxes], 1)[:, TURNS[orientation]]


def turn_masks(masks: np.ndarray, orientation: int) -> np.ndarray:
    """Turn masks (k, m, m), each in the frame of its box, in the same way."""
    if orientation in SIDEWAYS:
        masks = masks.swapaxes(1, 2)
    across, down = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    return masks[:, :: -1 if down else 1, :: -1 if across else 1]


def _unlike(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return how far the proportions of two sizes differ: 0 where they are the same."""
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1)


def seen_by_annotators(regions: Regions, size: tuple[int, int], orientation: int, drawn: Drawn) -> Drawn:
    """Return whether boxes were drawn on the upright picture of this size (width, height) or as stored.

    The size that annotators declare tells, where EXIF lays the picture on its side. Where it
    cannot tell, what a viewer shows is taken: the upright picture.
    """
    stored = size[::-1] if orientation in SIDEWAYS else size
    declared = regions.size
    if drawn != "auto":
        wrong = declared is not None and _unlike(declared, stored if drawn == "stored" else size) > ALIKE
        found = drawn
    elif declared is None or _unlike(declared, size) <= _unlike(declared, stored):
        wrong, found = declared is not None and _unlike(declared, size) > ALIKE, "upright"
    else:
        wrong, found = _unlike(declared, stored) > ALIKE, "stored"
    if wrong and declared is not None:
        raise Refused(
            f"has {size[0]} x {size[1]} pixels, but its annotations were made on "
            f"{declared[0]:g} x {declared[1]:g}"
        )
    return found


def cut_at_border(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut boxes (k, 4) at the border, and return with them which of them (k,) have any part in the picture."""
    low, high = boxes[:, :2], boxes[:, 2:]
    outside = ((high <= 0) & (low < 0)) | ((low >= 1) & (high > 1))
    return boxes.clip(0, 1), np.logical_not(outside.any(1))


def upright_regions(
    regions: Regions, size: tuple[int, int], orientation: int, drawn: Drawn = "auto", masked: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return boxes (k, 4) on the upright picture of this size, their classes (k,), and masks (k, 28, 28)."""
    stored = seen_by_annotators(regions, size, orientation, drawn) == "stored"
    boxes = regions.boxes
    if regions.pixels:
        # pixels of the picture as annotators had it, which may have been scaled since
        width, height = regions.size or (size[::-1] if stored and orientation in SIDEWAYS else size)
        boxes = boxes / (width, height, width, height)
    boxes, kept = cut_at_border(boxes)
    masks = None
    if masked:
        shapes = regions.shapes or [None] * len(boxes)
        drawings = [draw_mask(s, b) for s, b, k in zip(shapes, boxes, kept, strict=True) if k]
        masks = np.array(drawings, np.float32).reshape(-1, 28, 28)
    boxes = boxes[kept]
    if stored:
        boxes = turn(boxes, orientation)
        masks = masks if masks is None else turn_masks(masks, orientation)
    return boxes.astype(np.float32), regions.object[kept], masks
