"""A sequence of points as an image of the corpus: drawn as dots, with the boxes of its regions or points."""

import numpy as np
import torch
from PIL import Image, ImageDraw

from emocam.data.annotations.masks import SIDE as MASK_SIDE
from emocam.records.keypoints import PointLayout, PointSequence
from emocam.records.picture import Picture
from emocam.view.points import KEY

SIDE = 256
EDGE = 0.08
"""Of the picture's side, left free around the points."""
PAPER, FIRST, LAST = (250, 250, 248), (176, 184, 192), (24, 52, 92)
DETAILS = ("coarse", "fine")
NEAR = 0.04
"""Of the side, how far around it a point's weight is drawn."""
REACH = 0.03
"""Of the side, the least that a box reaches beyond its points."""


def point_objects(layout: PointLayout, detail: str) -> list[str]:
    """Return the names of the regions that a sequence shows, or of its points where `detail` is fine."""
    return list(layout.points) if detail == "fine" else layout.region_names


def object_points(layout: PointLayout, detail: str) -> list[list[int]]:
    """Return the places of the points that make each of these objects."""
    if detail == "fine":
        return [[place] for place in range(len(layout))]
    return [layout.members(region) for region in layout.region_names]


def point_picture(sequence: PointSequence, detail: str, known: dict[str, str | float]) -> Picture:
    """Return the picture of a sequence: where its points begin, and where they are when they are farthest from that."""
    first, peak = drawn_peak(sequence)
    image = draw_dots(first, peak)
    image.info[KEY] = sequence
    members = object_points(sequence.layout, detail)
    boxes = np.array([_box(peak[places]) for places in members], np.float32)
    masks = np.stack([member_mask(peak, places, box) for places, box in zip(members, boxes, strict=True)])
    return Picture(image, boxes, np.arange(len(boxes), dtype=np.int64), masks, known)


def drawn_peak(sequence: PointSequence) -> tuple[np.ndarray, np.ndarray]:
    """Return where points (P, 2) are drawn in [0, 1], at first and in the frame that is farthest from that."""
    points = sequence.points.numpy()
    low, high = points.min((0, 1)), points.max((0, 1))
    spread = float((high - low).max()) or 1.0
    shown = EDGE + (1 - 2 * EDGE) * ((points - (low + high) / 2) / spread + 0.5)
    moved = shown - shown[:1]
    return shown[0], shown[int(np.square(moved - moved.mean(1, keepdims=True)).sum((1, 2)).argmax())]


def nearest_dots(peak: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return which of the points (P, 2) is nearest to each place (..., 2); -1 where none is near."""
    far = np.linalg.norm(places[..., None, :] - peak, axis=-1)
    return np.where(far.min(-1) <= NEAR, far.argmin(-1), -1)


def cell_points(peak: np.ndarray, cells: int) -> np.ndarray:
    """Return the point that each cell (cells, cells) of the picture belongs to, -1 for none."""
    middle = (np.arange(cells) + 0.5) / cells
    return nearest_dots(peak, np.stack(np.meshgrid(middle, middle), -1))


def member_mask(peak: np.ndarray, members: list[int], box: np.ndarray) -> np.ndarray:
    """Return the part of a box (MASK_SIDE, MASK_SIDE) that belongs to some of the points."""
    middle = (np.arange(MASK_SIDE) + 0.5) / MASK_SIDE
    x, y = box[0] + middle * (box[2] - box[0]), box[1] + middle * (box[3] - box[1])
    owner = nearest_dots(peak, np.stack(np.meshgrid(x, y), -1))
    return np.isin(owner, members).astype(np.float32)


def draw_dots(first: np.ndarray, peak: np.ndarray) -> Image.Image:
    """Draw points (P, 2) in [0, 1] in grey where they begin, and dark where they are at the peak."""
    image = Image.new("RGB", (SIDE, SIDE), PAPER)
    pen = ImageDraw.Draw(image)
    radius = 2.2 if len(first) <= 100 else 1.2
    for before, after in zip(first * SIDE, peak * SIDE, strict=True):
        pen.line([*before, *after], FIRST, 1)
        pen.ellipse([*(before - radius / 2), *(before + radius / 2)], FIRST)
    for x, y in peak * SIDE:
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], LAST)
    return image


def _box(points: np.ndarray) -> tuple[float, ...]:
    low, high = points.min(0) - REACH, points.max(0) + REACH
    return (*low.clip(0, 1).tolist(), *high.clip(0, 1).tolist())


def as_sequence(points: np.ndarray, times: np.ndarray, layout: PointLayout) -> PointSequence:
    """Return arrays as a record."""
    return PointSequence(
        torch.from_numpy(np.ascontiguousarray(points, np.float32)),
        torch.from_numpy(np.ascontiguousarray(times, np.float64)),
        layout,
    )
