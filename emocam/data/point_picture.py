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
CELLS = 128
"""Along a side of the grid that says which point a place belongs to."""
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
    owner = cell_points(peak, CELLS)
    masks = np.stack([member_mask(owner, places, box) for places, box in zip(members, boxes, strict=True)])
    return Picture(image, boxes, np.arange(len(boxes), dtype=np.int64), masks, known)


def drawn_peak(sequence: PointSequence) -> tuple[np.ndarray, np.ndarray]:
    """Return where points (P, 2) are drawn in [0, 1], at first and in the frame that is farthest from that."""
    points = sequence.points.numpy()
    low, high = points.min((0, 1)), points.max((0, 1))
    spread = float((high - low).max()) or 1.0
    shown = EDGE + (1 - 2 * EDGE) * ((points - (low + high) / 2) / spread + 0.5)
    moved = shown - shown[:1]
    return shown[0], shown[int(np.square(moved - moved.mean(1, keepdims=True)).sum((1, 2)).argmax())]


def cell_points(peak: np.ndarray, cells: int) -> np.ndarray:
    """Return the point (P, 2) that is nearest to each cell (cells, cells) of the picture, -1 where none is near."""
    reach = int(np.ceil(NEAR * cells))
    steps = np.arange(-reach, reach + 1)
    around = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    cell = np.floor(peak * cells).astype(int)[:, None] + around
    far = np.square((cell + 0.5) / cells - peak[:, None]).sum(-1)
    within = (far <= NEAR**2) & (cell >= 0).all(-1) & (cell < cells).all(-1)
    point = np.broadcast_to(np.arange(len(peak))[:, None], far.shape)[within]
    # the nearest is written last
    order = np.argsort(-far[within], kind="stable")
    x, y = cell[within][order].T
    owner = np.full((cells, cells), -1)
    owner[y, x] = point[order]
    return owner


def member_mask(owner: np.ndarray, members: list[int], box: np.ndarray) -> np.ndarray:
    """Return the part of a box (MASK_SIDE, MASK_SIDE) whose cells belong to some of the points."""
    middle = (np.arange(MASK_SIDE) + 0.5) / MASK_SIDE
    x, y = (
        ((box[axis] + middle * (box[axis + 2] - box[axis])) * len(owner)).astype(int).clip(0, len(owner) - 1)
        for axis in (0, 1)
    )
    is_member = np.zeros(max(int(owner.max()), *members) + 2, np.float32)
    is_member[members] = 1
    return is_member[owner[np.ix_(y, x)]]  # the last entry is that of -1, no point


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
