"""Whole small frames against pixels that are set one by one, in plain loops."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageDraw

from emocam.functional import frame_drawing
from emocam.functional.frame_drawing import (
    FrameAnswer,
    bar_panel,
    covered_by,
    draw_frame,
    draw_points,
    free_place,
    lay_map,
    outline_box,
    put_bars,
    put_words,
    text_size,
)
from emocam.functional.frame_text import fitted, font_of, put_text, text_tile, text_width, tile_height

GREY = (90, 100, 110)
NAN = math.nan


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Each test draws its own letters, grounds and colours, and none that another test has drawn."""
    for kept in (font_of, tile_height, fitted, text_tile, frame_drawing._palette, frame_drawing._named_panel):
        kept.cache_clear()


def outlined(pixels: np.ndarray, box: Sequence[float], colour: str, width: int) -> None:
    """Set the pixels of an outline one by one: a dark ring that is two wider, then the coloured one."""
    x0, y0, x1, y1 = (round(min(max(0.0 if math.isnan(side) else side, -100_000), 100_000)) for side in box)
    if x1 <= x0 or y1 <= y0:
        return
    for grown, thick, ink in ((1, width + 2, (10, 10, 12)), (0, width, ImageColor.getrgb(colour))):
        left, right, top, bottom = x0 - grown, x1 + grown, y0 - grown, y1 + grown
        for y in range(max(top, 0), min(bottom + 1, pixels.shape[0])):
            for x in range(max(left, 0), min(right + 1, pixels.shape[1])):
                if min(x - left, right - x, y - top, bottom - y) < thick:
                    pixels[y, x] = ink


BOXES = [
    *([4, 5, 20, 15], [4.5, 5.5, 20.5, 15.4], [-3, -4, 8, 9], [20, 10, 60, 70], [NAN, 3, 12, 9]),
    *([8, 8, 8, 15], [8, 8, 15, 8], [8, 8, 9, 15], [8, 8, 15, 9], [8.4, 8, 8.4, 9], [15, 8, 8, 12]),
    *([-1e9, 6, 1e9, 16], [3, 3, 3.4, 9], [5, 12, 12, 4], [6, 6, 10, 10]),
]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_an_outline_has_these_pixels_and_no_others(width: int) -> None:
    for box in BOXES:
        if width > 1 and min(box[2] - box[0], box[3] - box[1]) == 1:
            continue  # Pillow's lines are then wider than the box
        frame, wanted = Image.new("RGB", (30, 24), GREY), np.full((24, 30, 3), GREY, np.uint8)
        outline_box(ImageDraw.Draw(frame), np.array(box, float), "#ffd166", width)
        outlined(wanted, box, "#ffd166", width)
        assert np.array_equal(np.asarray(frame), wanted), box


def test_points_are_these_pixels_and_no_others() -> None:
    draw = np.random.default_rng(0)
    for size in ((60, 40), (481, 480), (480, 479), (479, 481), (480, 480)):
        places = np.concatenate(
            [
                draw.uniform(-10, 1.1 * max(size), (60, 2)),
                [
                    [0, 0],
                    [-0.01, 5],
                    [5, -0.01],
                    [size[0], 3],
                    [3, size[1]],
                    [NAN, 2],
                    [2, NAN],
                    [math.inf, 1],
                ],
                [[size[0] - 0.6, size[1] - 0.6], [2.5, 3.5], [0.4, 7.5]],
            ]
        )
        frame, wanted = Image.new("RGB", size), np.zeros((size[1], size[0], 3), np.uint8)
        draw_points(ImageDraw.Draw(frame), places, "#4cc9f0", size)
        side = 2 if size[0] >= 480 and size[1] >= 480 else 1
        for x, y in places.tolist():
            if not (math.isfinite(x) and math.isfinite(y) and 0 <= x < size[0] and 0 <= y < size[1]):
                continue
            for down in range(side):
                for across in range(side):
                    if round(y) + down < size[1] and round(x) + across < size[0]:
                        wanted[round(y) + down, round(x) + across] = (0x4C, 0xC9, 0xF0)
        assert np.array_equal(np.asarray(frame), wanted), size
    draw_points(ImageDraw.Draw(frame), np.zeros((0, 2)), "#4cc9f0", size)  # none is no fault


def panel_by_hand(
    bars: Sequence[tuple[str, float]], size: tuple[int, int], letters: int
) -> np.ndarray | None:
    """The pixels of a panel: a ground, the names on it, and the rectangles set row by row."""
    row, shown = tile_height(letters), []
    for bar in bars:
        if len(shown) < 8 and (len(shown) + 1) * row <= int(size[1] * 0.6):
            shown.append(bar)
    names = min(max([text_width(name, letters) for name, _ in shown], default=0), size[0] // 5)
    if not shown or names < 2 * letters:
        return None
    room = max(size[0] // 12, 12)
    panel = Image.new("RGBA", (names + room, row * len(shown)), (12, 12, 14, 170))
    for place, (name, _) in enumerate(shown):
        text = fitted(name, letters, names)
        if text:
            tile = Image.new("RGBA", (text_width(text, letters), row))
            top = min(0, font_of(letters).getbbox("Ågj|")[1])
            ImageDraw.Draw(tile).text((2, 2 - top), text, font=font_of(letters), fill=(255, 255, 255, 255))
            panel.alpha_composite(tile, (0, row * place))
    pixels = np.array(panel)
    for place, (_, value) in enumerate(shown):
        share = 0.0 if math.isnan(value) else min(max(value, 0.0), 1.0)
        for y in range(place * row + row // 4, place * row + row // 4 + row // 2 + 1):
            for x in range(names, names + round((room - 3) * share) + 1):
                pixels[y, x] = (255, 255, 255, 235)
    return pixels


MANY = [(f"label {place}", place / 9) for place in range(10)]


@pytest.mark.parametrize(
    ("bars", "size", "letters"),
    [
        ([("happiness", 0.8), ("fear", NAN), ("awe", -0.5), ("surprise", 1.5)], (640, 360), 12),
        (MANY, (640, 360), 12),
        (MANY, (640, 90), 12),
        (MANY[:3], (145, 360), 10),
        (MANY[:3], (100, 360), 10),
        (MANY[:3], (99, 360), 10),
        ([("a label with a very long name", 0.3), ("i", 0.7)], (300, 200), 9),
        ([("i", 0.3)], (300, 200), 9),
        ([("fear", 0.3)], (300, 10), 9),
        ([], (300, 200), 9),
    ],
)
def test_a_panel_has_these_pixels(bars: list[tuple[str, float]], size: tuple[int, int], letters: int) -> None:
    panel, wanted = bar_panel(bars, size, letters), panel_by_hand(bars, size, letters)
    assert (panel is None) == (wanted is None)
    if panel is not None:
        assert panel.mode == "RGBA" and np.array_equal(np.asarray(panel), wanted)


def test_a_panel_has_as_many_rows_as_have_room_in_six_tenths_of_the_frame() -> None:
    row = tile_height(12)
    for height in range(10, 12 * row, 7):
        panel = bar_panel(MANY, (640, height), 12)
        rows = min(8, int(0.6 * height) // row)
        assert (panel.height if panel else 0) == rows * row


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return wide * tall if wide > 0 and tall > 0 else 0.0


def place_by_hand(
    panel: tuple[int, int],
    size: tuple[int, int],
    box: Sequence[float] | None,
    taken: Sequence[Sequence[float]],
    below: float,
) -> tuple[int, int]:
    """The first of the places that costs least, each asked by itself."""
    wide, tall = panel
    wanted = []
    if box is not None:
        x0, y0, x1, y1 = box[0] * size[0], box[1] * size[1], box[2] * size[0], box[3] * size[1]
        for x in (x1 + 3, x0 - wide - 3):
            wanted += [(x, y0), (x, y1 - tall), (x, y0 - tall)]
        letters = max(8, min(round(min(size) / 22), 40))
        wanted += [(x0, y1 + 3), (x0, y0 - tall), (x0, y0 - tall - 2 * tile_height(letters))]
    right, low = size[0] - wide, size[1] - tall
    wanted += [(0, below), (right, below), (0, low), (right, low)]
    best, least = (0, 0), math.inf
    for x, y in wanted:
        left, top = int(max(0, min(max(0, x), right))), int(max(0, min(max(0, y), low)))
        own = (left, top, left + wide, top + tall)
        cost = sum(overlap(own, other) for other in taken)
        if box is not None:
            across = max(0, x0 - own[2], own[0] - x1)
            down = max(0, y0 - own[3], own[1] - y1)
            cost += 8 * math.sqrt(across**2 + down**2)
        if cost < least:
            best, least = (left, top), cost
    return best


def test_a_panel_stands_where_it_costs_least() -> None:
    draw, met = np.random.default_rng(1), set()
    for _ in range(300):
        size = (int(draw.integers(60, 700)), int(draw.integers(40, 500)))
        panel = (int(draw.integers(5, 200)), int(draw.integers(5, 160)))
        corner = draw.uniform(-0.1, 0.9, 2)
        box = np.concatenate([corner, corner + draw.uniform(0.05, 0.6, 2)])
        taken = []
        for _ in range(draw.integers(0, 9)):
            at = draw.uniform(-0.1, 0.8, 2) * size
            taken.append(np.concatenate([at, at + draw.uniform(0.05, 0.5, 2) * size]))
        below = float(draw.uniform(0, 60))
        for own in (box, None):
            others = taken if own is None else [*taken, own * [*size, *size]]
            found = free_place(panel, size, own, others, below)
            assert found == place_by_hand(panel, size, own, others, below)
            met.add((own is None, found[0] == 0, found[1] == 0))
    assert len(met) == 8


def words_by_hand(frame: Image.Image, answer: FrameAnswer, size: int, taken: list[list[float]]) -> float:
    """The names of regions above their corners, then the label's lines above the box or from the top."""
    width, height = frame.size
    for box, name in answer.regions:
        small = size - 2 if size > 10 else 8
        found = put_text(frame, name, (box[0] * width, box[1] * height - tile_height(small)), small, width)
        if found is not None:
            taken.append(list(found))
    lines = [*([answer.label] if answer.label else []), *([answer.line] if answer.line else [])]
    x = y = 0.0
    if answer.box is not None:
        x, y = answer.box[0] * width, answer.box[1] * height - len(lines) * tile_height(size)
        y = max(y, 0.0)
    for line in lines:
        found = put_text(frame, line, (x, y), size, width)
        if found is not None:
            taken.append(list(found))
        y = y + tile_height(size)
    return y


def frame_by_hand(frame: Image.Image, answers: Sequence[FrameAnswer], note: str) -> Image.Image:
    """Maps first, then all points and outlines, the note, the words, and bars where they cost least."""
    drawn = Image.new("RGB", frame.size)
    drawn.paste(frame.convert("RGB"))
    (width, height), sides = frame.size, np.array(frame.size * 2)
    for answer in answers:
        if answer.map is not None:
            lay_map(drawn, answer.map, np.array([[x * width, y * height] for x, y in answer.corners]))
    pixels, thin = np.array(drawn), max(1, round(min(width, height) / 240))
    letters = max(8, min(round(min(width, height) / 22), 40))
    colours = ["#ffd166", "#4cc9f0", "#f78c6b", "#80ed99", "#c77dff", "#f15bb5"]
    taken: list[list[float]] = []
    for answer in answers:
        colour = colours[answer.number % 6]
        if answer.points is not None:
            side = 2 if min(width, height) >= 480 else 1
            for x, y in answer.points * frame.size:
                if 0 <= x < width and 0 <= y < height:
                    pixels[round(y) : round(y) + side, round(x) : round(x) + side] = ImageColor.getrgb(colour)
        for box, _ in answer.regions:
            outlined(pixels, (box * sides).tolist(), "#ffffff", thin)
        if answer.box is not None:
            outlined(pixels, (answer.box * sides).tolist(), colour, thin)
            taken.append((answer.box * sides).tolist())
    drawn = Image.fromarray(pixels)
    small = max(8, letters - 2)
    if note:
        found = put_text(drawn, note, (0, height), small, width)
        taken += [list(found)] if found else []
    below = [words_by_hand(drawn, answer, letters, taken) for answer in answers]
    for answer, y in zip(answers, below, strict=True):
        panel = panel_by_hand(answer.bars, frame.size, small)
        if panel is None:
            continue
        tall, wide = panel.shape[:2]
        x, top = place_by_hand(
            (wide, tall), frame.size, answer.box, taken, 0.0 if answer.box is not None else y
        )
        tile = Image.fromarray(panel)
        drawn.paste(tile, (x, top), tile)
        taken.append([x, top, x + wide, top + tall])
    return drawn


BARS = [("happiness", 0.8), ("surprise", 0.15), ("a label with a long name", 0.05)]


def answer(number: int, *, face: bool = True, scene: bool = False) -> FrameAnswer:
    draw = np.random.default_rng(number)
    corner = draw.uniform(0.02, 0.6, 2)
    box = np.array([*corner, *(corner + draw.uniform(0.15, 0.35, 2))])
    regions = [
        (np.array([*at, *(at + draw.uniform(0.1, 0.3, 2))]), name)
        for at, name in zip(draw.uniform(0, 0.7, (2, 2)), ("cup", "Human face"), strict=True)
    ]
    return FrameAnswer(
        f"label {number}",
        BARS,
        draw.random((3, 4)),
        np.array([box[:2], [box[2], box[1]], [box[0], box[3]]]),
        box if face else None,
        corner + 0.2 * draw.random((20, 2)) if face else None,
        regions if scene else (),
        "0.5 s: fear" if number % 2 else "",
        number,
    )


@pytest.mark.parametrize(
    ("size", "note"),
    [
        *(((160, 120), ""), ((120, 200), "clips/a.mp4 12.34 s"), ((30, 20), "a"), ((12, 9), "a")),
        *(((490, 500), "clips/a.mp4 12.34 s"), ((360, 365), "")),
    ],
)
def test_a_frame_with_its_answers_has_these_pixels(size: tuple[int, int], note: str) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    frame = Image.fromarray(noise)
    for answers in (
        [],
        [answer(0)],
        [answer(1), answer(8), answer(3)],
        [answer(5, face=False, scene=True), answer(2)],
        [answer(7, scene=True), answer(4, face=False)],
    ):
        found, wanted = draw_frame(frame, answers, note), frame_by_hand(frame, answers, note)
        assert np.array_equal(np.asarray(found), np.asarray(wanted))
        assert found.mode == "RGB"


def test_what_a_frame_s_words_cover_is_told_in_their_order() -> None:
    for number, face, scene in ((1, True, True), (2, False, True), (3, True, False)):
        one, other = (Image.new("RGB", (300, 200), GREY) for _ in range(2))
        own = answer(number, face=face, scene=scene)
        taken: list[np.ndarray] = [np.zeros(4)]
        wanted: list[list[float]] = [[0, 0, 0, 0]]
        for size in (8, 9, 12):
            assert put_words(one, own, size, taken) == words_by_hand(other, own, size, wanted)
        assert [box.tolist() for box in taken] == wanted
        assert one.tobytes() == other.tobytes()
    assert covered_by(None) == [] and covered_by((1, 2, 3, 4))[0].tolist() == [1, 2, 3, 4]


def test_bars_are_taken_from_then_on_and_none_is_where_no_room_is() -> None:
    frame, taken = Image.new("RGB", (300, 200), GREY), [np.zeros(4)]
    put_bars(frame, FrameAnswer(bars=BARS), 10, taken, 33.0)
    panel = bar_panel(BARS, (300, 200), 10)
    assert panel is not None
    assert taken[1].tolist() == [0, 33, panel.width, 33 + panel.height]
    put_bars(frame, FrameAnswer(bars=[]), 10, taken, 33.0)
    put_bars(frame, FrameAnswer(bars=BARS, box=np.array([0.5, 0.5, 0.7, 0.7])), 10, taken, 33.0)
    x, y = place_by_hand(panel.size, (300, 200), [0.5, 0.5, 0.7, 0.7], [t.tolist() for t in taken[:2]], 0.0)
    assert len(taken) == 3 and taken[2].tolist() == [x, y, x + panel.width, y + panel.height]


def test_an_answer_without_more_has_these_defaults() -> None:
    plain = FrameAnswer()
    assert plain.corners.tolist() == [[0, 0], [1, 0], [0, 1]]
    assert (plain.number, plain.colour) == (0, "#ffd166")
    assert FrameAnswer(number=7).colour == "#4cc9f0"


def test_letters_are_a_22nd_of_the_shorter_side_from_8_to_40() -> None:
    for side in range(1, 1200, 13):
        assert text_size((side, side + 5)) == text_size((side + 5, side)) == min(max(round(side / 22), 8), 40)


def map_by_hand(frame: np.ndarray, cells: np.ndarray, corners: np.ndarray, border: bool) -> np.ndarray:
    """Each pixel's middle taken to the map by itself; the palette of 256 colours, opacity in whole steps."""
    height, width = cells.shape
    levels = [[round(255 * min(max(0.0 if v != v else v, 0.0), 1.0)) for v in row] for row in cells.tolist()]
    first, right, below = corners
    a, b, c, d = *(right - first), *(below - first)
    drawn = frame.astype(float)
    for y, x in np.ndindex(frame.shape[:2]):
        px, py = x + 0.5 - first[0], y + 0.5 - first[1]
        u, v = (px * d - py * c) / (a * d - b * c), (py * a - px * b) / (a * d - b * c)
        edge = min(u, v, 1 - u, 1 - v)
        if border and abs(edge) < 0.08:  # a pixel that is partly covered
            drawn[y, x] = NAN
            continue
        if edge < 0:
            continue
        row, column = min(max(v * height - 0.5, 0), height - 1), min(max(u * width - 0.5, 0), width - 1)
        top, left = int(row), int(column)
        down, across = row - top, column - left
        low, far = min(top + 1, height - 1), min(left + 1, width - 1)
        value = (levels[top][left] * (1 - across) + levels[top][far] * across) * (1 - down)
        value += (levels[low][left] * (1 - across) + levels[low][far] * across) * down
        value = int(value + 0.5)
        stops = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)])
        step = value * 4 / 255
        colour = [np.interp(step, range(5), stops[:, channel]).round() for channel in range(3)]
        drawn[y, x] += round(0.6 * value) / 255 * (np.array(colour) - drawn[y, x])
    return drawn


@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (5, 2)])
def test_a_map_has_these_pixels(shape: tuple[int, int]) -> None:
    draw = np.random.default_rng(4)
    pixels = draw.integers(0, 256, (24, 30, 3), np.uint8)
    cells = draw.uniform(-0.2, 1.2, shape)
    cells[0, 0] = NAN
    for corners in (
        [[0, 0], [30, 0], [0, 24]],
        [[4, 3], [25, 3], [4, 20]],
        [[-9, -7], [13, -7], [-9, 12]],
        [[18, 14], [44, 14], [18, 33]],
        [[3.25, 2.75], [21.5, 2.75], [3.25, 19.5]],
        [[20, 3], [5, 3], [20, 18]],
        [[4, 20], [20, 20], [4, 6]],
        [[12, 2], [26, 8], [6, 16]],
        [[-6, 6], [14, -8], [8, 26]],
        [[5, 4], [25, 4], [8, 20]],
        [[5, 4], [25, 7], [5, 20]],
    ):
        places = np.array(corners, float)
        frame = Image.fromarray(pixels)
        lay_map(frame, cells, places)
        upright = places[0, 1] == places[1, 1] and places[0, 0] == places[2, 0] and (places % 1 == 0).all()
        wanted = map_by_hand(pixels, cells, places, border=not upright)
        apart = np.abs(np.asarray(frame) - wanted)
        assert np.nanmax(apart) <= 4, corners
        assert np.isnan(wanted).mean() < 0.4 and not (upright and np.isnan(wanted).any())


def test_a_map_is_not_drawn_where_it_has_no_area_or_is_beyond_the_frame() -> None:
    for corners in (
        [[30, 0], [40, 0], [30, 9]],
        [[0, 24], [9, 24], [0, 40]],
        [[-9, 0], [0, 0], [-9, 9]],
        [[0, -9], [9, -9], [0, 0]],
        [[3, 3], [3, 3], [3, 9]],
        [[3, 3], [9, 9], [12, 12]],
        [[3, 3], [9, NAN], [12, 12]],
        [[3, 3], [math.inf, 3], [3, 12]],
    ):
        frame = Image.new("RGB", (30, 24), GREY)
        lay_map(frame, np.ones((2, 2)), np.array(corners, float))
        assert (np.asarray(frame) == GREY).all(), corners


def test_the_ground_of_names_is_kept_and_not_drawn_into() -> None:
    first = bar_panel(BARS, (300, 200), 10)
    kept = frame_drawing._named_panel
    second = bar_panel([(name, 0.0) for name, _ in BARS], (300, 200), 10)
    assert first is not None and second is not None and kept.cache_info().hits >= 1
    wanted = panel_by_hand([(name, 0.0) for name, _ in BARS], (300, 200), 10)
    assert np.array_equal(np.asarray(second), wanted)
    assert text_tile("i", 10).mode == "RGBA"
