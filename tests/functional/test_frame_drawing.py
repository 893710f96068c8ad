"""A frame with its answers: the map where its corners are, and everything within the frame."""

import math

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from emocam.functional import frame_drawing
from emocam.functional.frame_drawing import (
    OPACITY,
    WARM,
    FrameAnswer,
    bar_panel,
    draw_frame,
    free_place,
    lay_map,
    text_size,
)
from emocam.functional.frame_text import text_width

BARS = [("happiness", 0.8), ("surprise", 0.15), ("a label with a very long name", 0.05), ("fear", math.nan)]


def face(x: float, y: float, side: float = 0.2, roll: float = 0.0, number: int = 0) -> FrameAnswer:
    across, down = (
        side * np.array([math.cos(roll), math.sin(roll)]),
        side * np.array([-math.sin(roll), math.cos(roll)]),
    )
    corner = np.array([x, y])
    corners = np.stack([corner, corner + across, corner + down])
    box = np.array([x, y, x + side, y + side])
    points = corner + side * np.random.default_rng(0).random((468, 2))
    return FrameAnswer(
        "happiness 0.80", BARS, np.eye(4), corners, box, points, line="0.5 s: fear", number=number
    )


def laid_slowly(frame: np.ndarray, cells: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Each pixel's middle taken to the map by itself, and the map read between the middles of its cells."""
    drawn = frame.astype(float).copy()
    height, width = cells.shape
    across = np.stack([corners[1] - corners[0], corners[2] - corners[0]], 1)
    for y, x in np.ndindex(frame.shape[:2]):
        u, v = np.linalg.solve(across, np.array([x + 0.5, y + 0.5]) - corners[0])
        if not (0 <= u <= 1 and 0 <= v <= 1):
            continue
        row, column = np.clip(v * height - 0.5, 0, height - 1), np.clip(u * width - 0.5, 0, width - 1)
        top, left = min(int(row), height - 2), min(int(column), width - 2)
        down, right = row - top, column - left
        value = (
            cells[top, left] * (1 - down) * (1 - right)
            + cells[top, left + 1] * (1 - down) * right
            + cells[top + 1, left] * down * (1 - right)
            + cells[top + 1, left + 1] * down * right
        )
        colour = [
            np.interp(value * (len(WARM) - 1), range(len(WARM)), channel)
            for channel in zip(*WARM, strict=True)
        ]
        drawn[y, x] += OPACITY * value * (np.array(colour) - drawn[y, x])
    return drawn


@pytest.mark.parametrize(
    "corners",
    [
        [[0, 0], [40, 0], [0, 30]],
        [[10, 5], [30, 5], [10, 20]],
        [[-8, -6], [12, -6], [-8, 14]],
        [[14, 4], [30, 12], [6, 20]],
    ],
)
def test_a_map_lies_where_its_corners_are(corners: list[list[float]]) -> None:
    rng = np.random.default_rng(2)
    pixels = np.full((30, 40, 3), 120, np.uint8)
    cells, places = rng.random((5, 6)), np.array(corners, float)
    frame = Image.fromarray(pixels)
    lay_map(frame, cells, places)
    apart = np.abs(np.asarray(frame) - laid_slowly(pixels, cells, places)).max(2)
    assert (apart <= 4).mean() > 0.96  # the rest are pixels on a turned map's border
    assert np.abs(np.asarray(frame).astype(int) - 120).max() > 30


@pytest.mark.parametrize(
    "corners", [[[9, 9], [9, 9], [9, 9]], [[50, 0], [60, 0], [50, 9]], [[math.nan] * 2] * 3]
)
def test_a_map_without_area_or_beyond_the_frame_is_not_drawn(corners: list[list[float]]) -> None:
    frame = Image.new("RGB", (40, 30), "white")
    lay_map(frame, np.ones((3, 3)), np.array(corners))
    assert (np.asarray(frame) == 255).all()


@pytest.mark.parametrize("size", [(640, 360), (64, 48), (33, 25), (16, 16), (1, 1), (360, 640)])
def test_faces_at_the_border_two_and_none_are_drawn_within_the_frame(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    put, pasted = Image.Image.paste, []

    def paste(
        self: Image.Image, im: Image.Image, box: tuple[int, ...], mask: Image.Image | None = None
    ) -> None:
        if self.size == size and self.mode == "RGB":
            pasted.append((box[0], box[1], box[0] + im.width, box[1] + im.height))
        put(self, im, box, mask)

    monkeypatch.setattr(Image.Image, "paste", paste)
    frame = Image.new("RGB", size, "#405060")
    for answers in (
        [],
        [face(0.3, 0.3)],
        [face(-0.1, -0.15), face(0.92, 0.9, roll=0.4, number=1)],
        [face(-3, 5)],
    ):
        drawn = draw_frame(frame, answers, "clips/a.mp4 12.34 s")
        assert (drawn.size, drawn.mode) == (size, "RGB")
    assert all(0 <= x0 <= x1 <= size[0] and 0 <= y0 <= y1 <= size[1] for x0, y0, x1, y1 in pasted)
    assert len(pasted) >= 15 or min(size) < 360  # maps, labels, lines, bars, notes
    assert (np.asarray(frame) == [64, 80, 96]).all()  # what was given is not edited


def test_bars_stand_beside_a_face_and_cover_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    places, free = [], frame_drawing.free_place

    def noted(panel: tuple[int, int], *given: object) -> tuple[int, int]:
        places.append((*free(panel, *given), *panel))
        return places[-1][:2]

    monkeypatch.setattr(frame_drawing, "free_place", noted)
    faces = [face(0.05, 0.3, number=0), face(0.6, 0.3, number=1)]
    draw_frame(Image.new("RGB", (640, 360)), faces)
    (x, y, width, height), other = places
    assert x >= 0.25 * 640  # right of the first face
    for box in (faces[0].box, faces[1].box):
        x0, y0, x1, y1 = box * [640, 360, 640, 360]
        for left, top, wide, tall in places:
            assert left >= x1 or left + wide <= x0 or top >= y1 or top + tall <= y0
    assert (
        x + width <= other[0]
        or other[0] + other[2] <= x
        or y + height <= other[1]
        or other[1] + other[3] <= y
    )


def test_scenes_have_their_regions_and_an_alpha_is_no_matter() -> None:
    scene = FrameAnswer(
        "awe 0.9", BARS, np.ones((2, 2)), regions=[(np.array([0.5, 0.0, 1.0, 0.5]), "Human face")]
    )
    frame = Image.new("RGBA", (320, 180), (10, 200, 10, 120))
    drawn = np.asarray(draw_frame(frame, [scene]))
    assert (drawn[0, 160:] != drawn[170, 60]).any(1).all()  # the upper side of the box
    assert drawn[170, 60].tolist() != [10, 200, 10]  # the map is over all of it


def test_a_map_without_corners_is_over_the_whole_frame_and_its_highest_is_the_brightest_colour() -> None:
    frame = Image.new("RGB", (320, 180))
    drawn = np.asarray(draw_frame(frame, [FrameAnswer(map=np.ones((3, 4)))]))
    inferno = 255 * np.array(colormaps["inferno"](1.0)[:3])
    assert np.abs(drawn - OPACITY * inferno).max() <= 4
    hardly = np.asarray(draw_frame(frame, [FrameAnswer(map=np.full((3, 4), 1e-4))]))
    assert (hardly == 0).all()


def test_a_bar_is_as_long_as_its_answer_is_likely() -> None:
    letters, size = 12, (1200, 800)
    values = [0.0, 0.05, 0.4, 0.99, 1.0, 1.7, -1.0, math.nan]
    panel = bar_panel([("surprise", value) for value in values], size, letters)
    assert panel is not None
    pixels = np.asarray(panel)
    names, rows = text_width("surprise", letters), panel.height // len(values)
    room = panel.width - names - 3
    for place, value in enumerate(values):
        row = pixels[place * rows + rows // 2]
        white = np.flatnonzero((row[names:, :3] > 200).all(1))
        part = 0.0 if math.isnan(value) else min(max(value, 0.0), 1.0)
        assert white.tolist() == list(range(round(room * part) + 1))
    assert bar_panel([], size, letters) is None
    assert bar_panel([("surprise", 1.0)], (1200, 20), letters) is None  # no room for a row


def test_a_panel_without_a_face_stands_in_the_first_corner_that_is_free() -> None:
    size, panel = (100, 80), (30, 20)
    corners = [(0, 10), (70, 10), (0, 60), (70, 60)]
    taken: list[np.ndarray] = []
    for corner in corners:
        assert free_place(panel, size, None, taken, 10) == corner
        taken.append(np.array([*corner, corner[0] + 30, corner[1] + 20], float))
    taken[2] = taken[2] + [29, 0, 29, 0]  # a single column is covered
    assert free_place(panel, size, None, taken, 10) == (0, 60)
    assert free_place((300, 200), size, None, [], 10) == (0, 0)  # larger than the frame
    assert free_place((300, 200), size, np.array([0.3, 0.3, 0.6, 0.6]), [], 10) == (0, 0)


def test_letters_grow_with_the_frame_and_can_always_be_read() -> None:
    sizes = [(10, 10), (176, 900), (198, 300), (440, 900), (880, 880), (4000, 3000)]
    assert [text_size(size) for size in sizes] == [8, 8, 9, 20, 40, 40]


def test_a_point_is_drawn_where_it_is_and_nowhere_else() -> None:
    frame = Image.new("RGB", (320, 180))
    for place in np.array([[0.25, 0.5], [0.75, 0.1]]):
        rows, columns = np.asarray(draw_frame(frame, [FrameAnswer(points=place[None])])).any(-1).nonzero()
        drawn = np.stack([columns, rows], 1)
        assert len(drawn) and (np.abs(drawn - place * frame.size) <= 4).all()


def test_a_region_s_name_stands_above_its_upper_left_corner() -> None:
    frame, box = Image.new("RGB", (320, 180)), np.array([0.5, 0.5, 0.9, 0.9])
    bare = np.asarray(draw_frame(frame, [FrameAnswer(regions=[(box, "")])]))
    named = np.asarray(draw_frame(frame, [FrameAnswer(regions=[(box, "cup")])]))
    rows, columns = (bare != named).any(-1).nonzero()
    assert len(rows) and rows.max() <= 90 and rows.min() >= 60  # a line of text above the box's upper side
    assert columns.min() >= 158 and columns.max() < 200


def test_the_colours_of_a_map_are_those_of_inferno() -> None:
    stops = np.array([colormaps["inferno"](share)[:3] for share in (0, 0.25, 0.5, 0.75, 1.0)])
    assert np.abs(255 * stops - WARM).max() <= 0.5 + 1e-9
