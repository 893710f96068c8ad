"""The regions of a face as polygons over the mesh's points, the person's right side first."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from emocam.records.face_regions import FACE_REGIONS, OUTSIDE, REST

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
FOREHEAD = (54, 103, 67, 109, 10, 338, 297, 332, 284, 300, 293, 334, 296, 336, 9, 107, 66, 105, 63, 70)
GLABELLA = (107, 9, 336, 285, 168, 55)
NOSE = (168, 193, 417, 122, 351, 49, 279, 129, 358, 64, 294, 98, 327, 2)
"""Its hull is the nose."""
MOUTH = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
CHIN = (43, 106, 182, 83, 18, 313, 406, 335, 273, 379, 378, 400, 377, 152, 148, 176, 149, 150)
PAIRS: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = MappingProxyType(
    {
        "brow": ((46, 53, 52, 65, 55, 107, 66, 105, 63, 70), (276, 283, 282, 295, 285, 336, 296, 334, 293, 300)),
        "eye": (
            (130, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25),
            (359, 467, 260, 259, 257, 258, 286, 414, 463, 341, 256, 252, 253, 254, 339, 255),
        ),
        "under eye": (
            (130, 25, 110, 24, 23, 22, 26, 112, 243, 128, 121, 120, 119, 118, 117, 111),
            (359, 255, 339, 254, 253, 252, 256, 341, 463, 357, 350, 349, 348, 347, 346, 340),
        ),
        "cheek": (
            (116, 117, 118, 119, 100, 142, 36, 203, 206, 216, 207, 187, 147, 123),
            (345, 346, 347, 348, 329, 371, 266, 423, 426, 436, 427, 411, 376, 352),
        ),
        "fold": (
            (64, 129, 203, 206, 216, 61, 185, 40, 39, 37, 97, 98),
            (294, 358, 423, 426, 436, 291, 409, 270, 269, 267, 326, 327),
        ),
        "jaw": (
            (93, 132, 58, 172, 136, 150, 43, 57, 216, 207, 187, 147, 123),
            (323, 361, 288, 397, 365, 379, 273, 287, 436, 427, 411, 376, 352),
        ),
    }
)  # fmt: skip
"""Regions that a face has twice: the person's right one, and the left one."""
SINGLE = {"forehead": FOREHEAD, "glabella": GLABELLA, "nose": NOSE, "mouth": MOUTH, "chin": CHIN}
BOTH = {
    "brow": "brows",
    "eye": "eyes",
    "under eye": "under eyes",
    "cheek": "cheeks",
    "fold": "folds",
    "jaw": "jaw",
}
DETAILS = ("coarse", "fine")


def region_names(detail: str) -> list[str]:
    """Return the regions from top to bottom; `fine` tells the person's right from the left."""
    if detail == "coarse":
        return list(FACE_REGIONS)
    sides = {both: [f"right {one}", f"left {one}"] for one, both in BOTH.items()}
    return [name for region in FACE_REGIONS for name in sides.get(region, [region])]


@dataclass(frozen=True)
class FaceRegion:
    """A region of a face: it covers what its polygons do, points (p, 2) each, but for what `without` covers.

    Where `inverse`, it covers all that neither does.
    """

    name: str
    polygons: list[np.ndarray]
    without: list[np.ndarray]
    inverse: bool = False


def face_regions(points: np.ndarray, detail: str = "coarse") -> list[FaceRegion]:
    """Return the regions of a face with points (468, 2), in the order of `region_names`."""
    drawn: dict[str, list[np.ndarray]] = {name: [points[list(outline)]] for name, outline in SINGLE.items()}
    drawn["nose"] = [hull(points[list(NOSE)])]
    for one, (right, left) in PAIRS.items():
        sides = [points[list(right)], points[list(left)]]
        if detail == "coarse":
            drawn[BOTH[one]] = sides
        else:
            drawn |= {f"right {one}": sides[:1], f"left {one}": sides[1:]}
    everything = [polygon for polygons in drawn.values() for polygon in polygons]
    oval = points[list(OVAL)]
    found = []
    for name in region_names(detail):
        if name == REST:
            found.append(FaceRegion(name, [oval], everything))
        elif name == OUTSIDE:
            found.append(FaceRegion(name, [oval], everything, inverse=True))
        else:
            found.append(FaceRegion(name, drawn[name], []))
    return found


def hull(points: np.ndarray) -> np.ndarray:
    """Return the corners of the convex hull of points (n, 2), in order."""
    ordered = sorted(map(tuple, points.tolist()))

    def half(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for x, y in points:
            while len(kept) > 1:
                (x0, y0), (x1, y1) = kept[-2:]
                if (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0:
                    break
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    return np.array(half(ordered) + half(ordered[::-1]))
