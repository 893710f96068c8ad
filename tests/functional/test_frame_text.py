"""Text in pictures: cut to its room, and never off the frame."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emocam.functional.frame_text import CUT, fitted, font_of, put_text, text_tile, text_width, tile_height


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Each test draws its own letters."""
    for kept in (font_of, tile_height, fitted, text_tile):
        kept.cache_clear()


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


def test_a_tile_has_its_letters_two_pixels_from_each_side_on_its_ground() -> None:
    """Letters are drawn once more, on a larger ground, and cut out of it."""
    for size, ground in ((8, (12, 12, 14, 190)), (13, (0, 0, 0, 0)), (30, (200, 0, 50, 90))):
        for text in ("fear", "Ågj|", "i", "WWW"):
            _, top, _, bottom = font_of(size).getbbox("Ågj|")
            assert top >= 0  # of this font; another's letters may begin above
            height = bottom + 4
            wide = Image.new("RGBA", (400, 100), ground)
            ImageDraw.Draw(wide).text((2, 2), text, font=font_of(size), fill=(255, 255, 255, 255))
            wanted = wide.crop((0, 0, text_width(text, size), height))
            found = text_tile(text, size) if ground == (12, 12, 14, 190) else text_tile(text, size, ground)
            assert (found.size, found.mode, tile_height(size)) == (wanted.size, "RGBA", height)
            assert found.tobytes() == wanted.tobytes()


def test_a_text_that_is_as_high_as_the_frame_has_room_and_a_higher_one_has_none() -> None:
    height = tile_height(12)
    assert put_text(Image.new("RGB", (90, height)), "fear", (3.9, -2), 12, 90) == (
        *(3, 0, 3 + text_width("fear", 12), height),
    )
    assert put_text(Image.new("RGB", (90, height - 1)), "fear", (0, 0), 12, 90) is None
    assert put_text(Image.new("RGB", (90, height)), "", (0, 0), 12, 90) is None


def test_the_font_is_the_one_that_comes_with_matplotlib() -> None:
    assert font_of(12).getname() == ("DejaVu Sans", "Book")  # type: ignore[union-attr]
    assert font_of(12).size == 12  # type: ignore[union-attr]


def test_a_text_that_just_fits_is_whole() -> None:
    for text in ("fear", "a label that is much too long"):
        width = text_width(text, 12)
        assert fitted(text, 12, width) == fitted(text, 12, width + 1) == text
        assert fitted(text, 12, width - 1) == fitted_slowly(text, 12, width - 1) != text
