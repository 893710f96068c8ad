"""Text in pictures: cut to its room, and never off the frame."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emocam.functional.frame_text import CUT, fitted, font_of, put_text, text_width, tile_height


def fitted_slowly(text: str, size: int, width: int) -> str:
    """The longest start that has room, tried letter by letter."""
    shown = ""
    if text_width(text, size) <= width:
        return text
    for length in range(1, len(text)):
        if text_width(text[:length] + CUT, size) <= width:
            shown = text[:length].rstrip() + CUT
    return shown


@pytest.mark.parametrize("place", [(-50.0, -9.0), (0, 0), (60, 20), (1e6, 1e6), (90.4, 35.9)])
@pytest.mark.parametrize(
    "text", ["fear", "a label that is much too long for the frame", "Ångström|gjq", "喜び"]
)
def test_a_text_is_whole_within_the_frame(place: tuple[float, float], text: str) -> None:
    frame = Image.new("RGB", (96, 40), "#808080")
    box = put_text(frame, text, place, 12, 96)
    assert box is not None
    x0, y0, x1, y1 = box
    assert 0 <= x0 < x1 <= 96
    assert 0 <= y0 < y1 <= 40
    assert (y1 - y0, x1 - x0) == (tile_height(12), text_width(fitted_slowly(text, 12, 96), 12))
    changed = np.argwhere((np.asarray(frame) != 128).any(2))
    assert [*changed.min(0), *changed.max(0) + 1] == [y0, x0, y1, x1]


def test_letters_have_room_in_their_tile() -> None:
    for size in (8, 11, 16, 40):
        left, top, right, bottom = ImageDraw.Draw(Image.new("L", (9, 9))).textbbox(
            (0, 0), "Ågjq|", font_of(size)
        )
        assert bottom - min(0, top) <= tile_height(size)
        assert right - min(0, left) <= text_width("Ågjq|", size)


@pytest.mark.parametrize("size", [(8, 40), (40, 8), (1, 1)])
def test_where_no_letter_has_room_nothing_is_drawn(size: tuple[int, int]) -> None:
    frame = Image.new("RGB", size, "white")
    assert put_text(frame, "surprise", (0, 0), 12, size[0]) is None
    assert (np.asarray(frame) == 255).all()


def test_a_line_break_does_not_begin_a_second_line() -> None:
    one, other = (Image.new("RGB", (200, 40)) for _ in range(2))
    assert put_text(one, "a\nb\tc", (0, 0), 12, 200) == put_text(other, "a b c", (0, 0), 12, 200)
    assert one.tobytes() == other.tobytes()


def test_a_text_is_cut_where_no_more_of_it_has_room() -> None:
    text = "a label that is much too long"
    for length in range(2, len(text), 3):
        exact = text_width(text[:length] + CUT, 12)
        for width in (exact - 1, exact, exact + 1):
            assert fitted(text, 12, width) == fitted_slowly(text, 12, width)


def test_the_room_that_is_given_counts_where_the_frame_is_wider() -> None:
    text = "a label that is much too long"
    for room, width in ((60, 400), (400, 60)):
        box = put_text(Image.new("RGB", (width, 40)), text, (0, 0), 12, room)
        assert box is not None and box[2] - box[0] == text_width(fitted_slowly(text, 12, 60), 12)


@pytest.mark.parametrize("size", [8, 12, 31])
def test_a_tile_is_its_text_rounded_up_and_two_pixels_on_each_side(size: int) -> None:
    for text in ("", "i", "fear", "WWW", "a b", "Ångström"):
        assert text_width(text, size) == math.ceil(font_of(size).getlength(text) - 1e-3) + 4
