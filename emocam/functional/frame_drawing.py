"""A film's frame with what a classifier answers: maps, boxes, points, labels and bars, all of it within the frame."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw
from PIL.Image import Resampling, Transform

from emocam.functional.frame_text import fitted, put_text, text_tile, text_width, tile_height

OPACITY = 0.6
"""The opacity of a map where it is 1; where it is 0 the frame is untouched."""
COLOURS = ("#ffd166", "#4cc9f0", "#f78c6b", "#80ed99", "#c77dff", "#f15bb5")
"""Of faces, by their numbers."""
DARK, BAR, GROUND = (10, 10, 12), (255, 255, 255), (12, 12, 14, 170)
MOST_BARS = 8
FAR = 8
"""Pixels that bars may cover to be one pixel nearer to their face."""
WARM = ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))
"""Colours of a map from 0 to 1, darkest first."""


@dataclass(frozen=True)
class FrameAnswer:
    """One answer about a frame, or about a face in it; all places are in [0, 1] of the frame.

    `bars` are names and probabilities, the most likely first. The map (h, w) in [0, 1] lies over the parallelogram
    of `corners`, its upper left, upper right and lower left (3, 2). `points` (P, 2) are a face's, `regions`
    boxes (4,) with a name. `line` is a second line of text below the label. `number` gives the colour.
    """

    label: str = ""
    bars: Sequence[tuple[str, float]] = ()
    map: np.ndarray | None = None
    corners: np.ndarray = field(default_factory=lambda: np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    box: np.ndarray | None = None
    points: np.ndarray | None = None
    regions: Sequence[tuple[np.ndarray, str]] = ()
    line: str = ""
    number: int = 0

    @property
    def colour(self) -> str:
        return COLOURS[self.number % len(COLOURS)]


def draw_frame(frame: Image.Image, answers: Sequence[FrameAnswer], note: str = "") -> Image.Image:
    """Return the frame with its answers drawn, RGB; `note` stands in the lower left corner."""
    drawn = frame.convert("RGB") if frame.mode != "RGB" else frame.copy()
    for answer in answers:
        if answer.map is not None:
            lay_map(drawn, answer.map, answer.corners * drawn.size)
    pen = ImageDraw.Draw(drawn)
    thin = max(1, round(min(drawn.size) / 240))
    size = text_size(drawn.size)
    for answer in answers:
        if answer.points is not None:
            draw_points(pen, answer.points * drawn.size, answer.colour, drawn.size)
        for box, _ in answer.regions:
            outline_box(pen, box * [*drawn.size, *drawn.size], "#ffffff", thin)
        if answer.box is not None:
            outline_box(pen, answer.box * [*drawn.size, *drawn.size], answer.colour, thin)
    taken = [answer.box * [*drawn.size, *drawn.size] for answer in answers if answer.box is not None]
    if note:
        taken += covered_by(put_text(drawn, note, (0, drawn.height), max(8, size - 2), drawn.width))
    below = [put_words(drawn, answer, size, taken) for answer in answers]
    for answer, y in zip(answers, below, strict=True):
        put_bars(drawn, answer, max(8, size - 2), taken, y)
    return drawn


def covered_by(box: tuple[int, int, int, int] | None) -> list[np.ndarray]:
    """Return a text's box as a list, empty where there was no room for the text."""
    return [] if box is None else [np.array(box, float)]


def text_size(size: tuple[int, int]) -> int:
    """Return the size of letters for a frame (width, height)."""
    return max(8, min(round(min(size) / 22), 40))


@lru_cache(maxsize=1)
def _palette() -> bytes:
    steps = np.linspace(0, len(WARM) - 1, 256)
    channels = [np.interp(steps, range(len(WARM)), channel) for channel in zip(*WARM, strict=True)]
    return np.stack(channels, 1).round().astype(np.uint8).tobytes()


def lay_map(frame: Image.Image, map: np.ndarray, corners: np.ndarray) -> None:
    """Blend a map (h, w) into the frame over a parallelogram of three corners (3, 2) in pixels.

    It is bilinear between the centres of its cells and constant beyond the outermost; outside of the
    parallelogram the frame is untouched.
    """
    first, right, below = np.asarray(corners, float)
    far = right + below - first
    around = np.stack([first, right, below, far])
    if not np.isfinite(around).all():
        return
    sides = np.array(frame.size)
    low = np.floor(around.min(0)).clip(0, sides).astype(int)
    high = np.ceil(around.max(0)).clip(0, sides).astype(int)
    across = np.stack([right - first, below - first], 1)
    if (high <= low).any() or abs(np.linalg.det(across)) < 1e-9:
        return
    height, width = map.shape
    # a border of the outermost cells, so that nothing is darker at the map's edge
    levels = np.pad(np.nan_to_num(np.asarray(map, float)).clip(0, 1), 1, mode="edge")
    cells = Image.fromarray((levels * 255).round().astype(np.uint8))
    inverse = np.linalg.inv(across)
    scale = inverse * [[width], [height]]
    start = scale @ (low - first) + 1
    box = (*low.tolist(), *high.tolist())
    patch = (box[2] - box[0], box[3] - box[1])
    numbers = tuple(float(number) for number in (*scale[0], start[0], *scale[1], start[1]))
    values = cells.transform(patch, Transform.AFFINE, numbers, Resampling.BILINEAR)
    opacity = values.point([round(OPACITY * level) for level in range(256)])
    if abs(across[0, 1]) + abs(across[1, 0]) > 1e-9:  # turned: the patch is larger than the map
        inside = Image.new("L", patch, 0)
        ring = [tuple((corner - low).tolist()) for corner in (first, right, far, below)]
        ImageDraw.Draw(inside).polygon(ring, fill=255)
        opacity = Image.composite(opacity, Image.new("L", patch, 0), inside)
    coloured = values.copy()
    coloured.putpalette(_palette())
    frame.paste(coloured.convert("RGB"), box[:2], opacity)


def outline_box(pen: ImageDraw.ImageDraw, box: np.ndarray, colour: str, width: int) -> None:
    """Draw a box (4,) in pixels, seen on dark and on light frames; parts beyond the frame are cut off."""
    x0, y0, x1, y1 = np.nan_to_num(box).round().clip(-1e5, 1e5).astype(int).tolist()
    if x1 <= x0 or y1 <= y0:
        return
    pen.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline=DARK, width=width + 2)
    pen.rectangle((x0, y0, x1, y1), outline=colour, width=width)


def draw_points(pen: ImageDraw.ImageDraw, points: np.ndarray, colour: str, size: tuple[int, int]) -> None:
    """Draw points (P, 2) in pixels as dots, larger in larger frames."""
    inside = points[np.isfinite(points).all(1)]
    inside = inside[((inside >= 0) & (inside < size)).all(1)].round().astype(int)
    for shift in np.ndindex(*(2 if min(size) >= 480 else 1,) * 2):
        pen.point((inside + shift).ravel().tolist(), fill=colour)


def put_words(frame: Image.Image, answer: FrameAnswer, size: int, taken: list[np.ndarray]) -> float:
    """Draw the names of an answer's regions and its label, and return where there is room below the label.

    `taken` grows by what they cover.
    """
    small, row = max(8, size - 2), tile_height(size)
    for box, name in answer.regions:
        x, y = box[0] * frame.width, box[1] * frame.height
        taken += covered_by(put_text(frame, name, (x, y - tile_height(small)), small, frame.width))
    lines = [line for line in (answer.label, answer.line) if line]
    x, y = 0.0, 0.0
    if answer.box is not None:
        x, y = answer.box[0] * frame.width, max(0.0, answer.box[1] * frame.height - row * len(lines))
    for line in lines:
        taken += covered_by(put_text(frame, line, (x, y), size, frame.width))
        y += row
    return y


def put_bars(frame: Image.Image, answer: FrameAnswer, size: int, taken: list[np.ndarray], y: float) -> None:
    """Draw an answer's bars where they cover least, from `y` on where it has no box; `taken` grows by them."""
    panel = bar_panel(answer.bars, frame.size, size)
    if panel is not None:
        x, y = free_place(panel.size, frame.size, answer.box, taken, 0.0 if answer.box is not None else y)
        frame.paste(panel, (int(x), int(y)), panel)
        taken.append(np.array([x, y, x + panel.width, y + panel.height], float))


def bar_panel(bars: Sequence[tuple[str, float]], size: tuple[int, int], letters: int) -> Image.Image | None:
    """Return names with bars of their probabilities on a ground of their own, RGBA; None where no room is."""
    row = tile_height(letters)
    rows = min(len(bars), MOST_BARS, int(size[1] * 0.6) // row)
    names_width = max((text_width(name, letters) for name, _ in bars[:rows]), default=0)
    names_width = min(names_width, size[0] // 5)
    width = names_width + max(size[0] // 12, 12)
    if rows < 1 or names_width < 2 * letters:
        return None
    panel = _named_panel(tuple(name for name, _ in bars[:rows]), letters, names_width, width).copy()
    pen = ImageDraw.Draw(panel)
    for place, (_, value) in enumerate(bars[:rows]):
        length = round((width - names_width - 3) * min(max(value, 0.0), 1.0)) if value == value else 0
        top = place * row + row // 4
        pen.rectangle((names_width, top, names_width + length, top + row // 2), fill=(*BAR, 235))
    return panel


@lru_cache(maxsize=64)
def _named_panel(names: tuple[str, ...], letters: int, names_width: int, width: int) -> Image.Image:
    """Return the ground of bars with their names: from frame to frame only the bars change."""
    row = tile_height(letters)
    panel = Image.new("RGBA", (width, len(names) * row), GROUND)
    for place, name in enumerate(names):
        if shown := fitted(name, letters, names_width):
            panel.alpha_composite(text_tile(shown, letters, (0, 0, 0, 0)), (0, place * row))
    return panel


def free_place(
    panel: tuple[int, int],
    size: tuple[int, int],
    box: np.ndarray | None,
    taken: Sequence[np.ndarray],
    below: float,
) -> tuple[int, int]:
    """Return the upper left corner of a panel in a frame: beside its box, where it covers least of what is taken."""
    width, height = size[0] - panel[0], size[1] - panel[1]
    corners = [(0.0, below), (width, below), (0.0, height), (width, height)]
    if box is not None:
        x0, y0, x1, y1 = box * [*size, *size]
        beside = [(x, y) for x in (x1 + 3, x0 - panel[0] - 3) for y in (y0, y1 - panel[1], y0 - panel[1])]
        above = y0 - panel[1] - 2 * tile_height(text_size(size))
        corners = [*beside, (x0, y1 + 3), (x0, y0 - panel[1]), (x0, above), *corners]
    places = [(int(min(max(0, x), max(0, width))), int(min(max(0, y), max(0, height)))) for x, y in corners]
    costs = []
    for x, y in places:
        place = (x, y, x + panel[0], y + panel[1])
        costs.append(_covered(place, taken) + (0 if box is None else FAR * _gap(place, box * [*size, *size])))
    return places[int(np.argmin(costs))]


def _gap(place: tuple[int, int, int, int], box: np.ndarray) -> float:
    """Return how many pixels lie between a place and a box (4,)."""
    across, down = np.maximum(0, np.maximum(box[:2] - place[2:], np.array(place[:2]) - box[2:]))
    return float(np.hypot(across, down))


def _covered(place: tuple[int, int, int, int], taken: Sequence[np.ndarray]) -> float:
    """Return how many pixels of a place the taken boxes cover."""
    found = 0.0
    for box in taken:
        wide = min(place[2], box[2]) - max(place[0], box[0])
        tall = min(place[3], box[3]) - max(place[1], box[1])
        found += max(0.0, wide) * max(0.0, tall)
    return found
