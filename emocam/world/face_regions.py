"""The regions of a drawn face: polygons between its points, painted so that each pixel has one region."""

import numpy as np
from PIL import Image, ImageDraw
from PIL.Image import Resampling

from emocam.world.face_points import MIRRORING, Points, mirrored
from emocam.world.face_rules import REGIONS

PAIRS = ("brows", "eyes", "under eyes", "cheeks", "folds", "jaw")
"""Regions with a left and a right part."""
SIDES = ("right", "left")
"""The person's, the first on the left of the picture."""
PAINTED = [
    "rest of face",
    "jaw",
    "cheeks",
    "chin",
    "forehead",
    "under eyes",
    "folds",
    "nose",
    "glabella",
    "eyes",
    "brows",
    "mouth",
]
"""The regions in the order in which they are painted: the last painter owns a pixel."""


def fine_regions() -> list[str]:
    """List all regions with those in pairs split."""
    split = {name: [f"{side} {name}" for side in SIDES] if name in PAIRS else [name] for name in REGIONS}
    return [part for name in REGIONS for part in split[name]]


def arc(wide: float, top: float, low: float, first: float = 0.0, points: int = 15) -> Points:
    """Return half an ellipse (p, 2) over the height `low`, from right to left, `first` of a half turn left out."""
    t = np.linspace(first * np.pi, (1 - first) * np.pi, points)
    return np.stack([wide * np.cos(t), low + (top - low) * np.sin(t)], 1)


def outline(points: Points) -> Points:
    """Return the outline of the head (p, 2)."""
    return np.concatenate([points[:17], arc(1.05, -1.15, 0.15)[1:-1]])


def region_outlines(points: Points, fringe: float = -0.9) -> dict[str, list[Points]]:
    """Return the polygons (p, 2) of each region but `outside`, of pairs the person's right one first."""
    right = right_outlines(points)
    left = right_outlines(mirrored(points))
    pairs = {name: [polygon, left[name] * MIRRORING] for name, polygon in right.items()}
    return {"rest of face": [outline(points)], **pairs, **middle_outlines(points, fringe)}


def right_outlines(points: Points) -> dict[str, Points]:
    """Return the polygons of what is there twice, on the person's right."""
    brows, eye, edge = points[17:22], points[36:42], points[1:7]
    wing, corner, middle = points[31], points[48], eye.mean(0)
    below = points[[36, 41, 40, 39]]
    near = below + np.array([(-0.06, 0.03), (0, 0.05), (0, 0.05), (0.05, 0.05)])
    far = below + np.array([(-0.08, 0.20), (0, 0.24), (0, 0.24), (0.05, 0.20)])
    cheek = [wing + np.array((-0.06, -0.08)), corner + np.array((-0.14, -0.06))]
    fold = np.array([(0, -0.14), (-0.20, -0.10), (-0.24, -0.02), (-0.18, 0.10), (0.02, 0), (0.02, 0.10)])
    return {
        "brows": np.concatenate([brows - np.array((0, 0.085)), (brows + np.array((0, 0.075)))[::-1]]),
        "eyes": middle + (eye - middle) * (1.3, 1.9),
        "under eyes": np.concatenate([near, far[::-1]]),
        "jaw": np.concatenate([edge, (edge * (0.80, 0.92))[::-1]]),
        "cheeks": np.array([(-0.92, 0.24), (-0.30, 0.28), *cheek, (-0.74, 1.0), (-0.86, 0.62)]),
        "folds": fold + np.array([wing, wing, corner, corner, corner, wing]),
    }


def middle_outlines(points: Points, fringe: float) -> dict[str, list[Points]]:
    """Return the polygons of what is there once."""
    low = points[57, 1] + 0.06
    above = points[17:27] - np.array((0, 0.07))
    hairline = arc(0.98, fringe, -0.1, 0.06)
    nose = np.array(
        [(-0.1, 0.02), (0.1, 0.02), (0.1, -0.12), (0.08, 0.07), (0, 0.07), (-0.08, 0.07), (-0.1, -0.12)]
    )
    between = np.array([(-0.02, -0.10), (0.02, -0.10), (0.14, 0.02), (-0.14, 0.02)])
    lips = points[48:60]
    middle = lips.mean(0)
    return {
        "chin": [np.concatenate([points[6:11], [(0.36, low), (-0.36, low)]])],
        "forehead": [np.concatenate([[(-0.98, -0.05)], above, [(0.98, -0.05)], hairline])],
        "nose": [points[[27, 27, 35, 35, 33, 31, 31]] + nose],
        "glabella": [points[[21, 22, 27, 27]] + between],
        "mouth": [middle + (lips - middle) * (1.12, 1.3)],
    }


def paint_regions(polygons: dict[str, list[Points]], side: int, fine: bool) -> np.ndarray:
    """Draw polygons in pixels: the number of each pixel's region (side, side), as they are listed."""
    names = fine_regions() if fine else REGIONS
    canvas = Image.new("L", (side, side), names.index("outside"))
    pen = ImageDraw.Draw(canvas)
    for name in PAINTED:
        for place, polygon in enumerate(polygons[name]):
            of = f"{SIDES[place]} {name}" if fine and name in PAIRS else name
            # Pillow's coordinates are centres of pixels
            pen.polygon([(x - 0.5, y - 0.5) for x, y in polygon.tolist()], fill=names.index(of))
    return np.asarray(canvas)


def masks_of(owner: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return numbers (n,), boxes (n, 4) in pixels and masks (n, cells, cells) of the regions with a pixel."""
    numbers, boxes, masks = [], [], []
    for number in np.unique(owner).tolist():
        covered = owner == number
        rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
        box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        part = Image.fromarray(covered[box[1] : box[3], box[0] : box[2]].astype(np.float32))
        numbers.append(number)
        boxes.append(box)
        masks.append(np.asarray(part.resize((cells, cells), Resampling.BOX)))
    return np.array(numbers, np.int64), np.array(boxes, np.float32), np.array(masks, np.float32)
