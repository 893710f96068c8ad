"""Text in pictures: small tiles that are drawn once, cut to what there is room for, and never off the frame."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CUT = "…"
PAD = 2
"""Pixels around a text in its tile."""
GROUND, INK = (12, 12, 14, 190), (255, 255, 255, 255)


@lru_cache(maxsize=8)
def font_of(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return DejaVu Sans, which knows most alphabets and comes with matplotlib; else Pillow's own."""
    found = find_spec("matplotlib")  # found, not imported
    for place in (found.submodule_search_locations or []) if found else []:
        file = Path(place) / "mpl-data/fonts/ttf/DejaVuSans.ttf"
        if file.is_file():
            return ImageFont.truetype(str(file), size)
    return ImageFont.load_default(size)


@lru_cache(maxsize=8)
def tile_height(size: int) -> int:
    """Return the height of a text's tile, the same for every text."""
    _, top, _, bottom = font_of(size).getbbox("Ågj|")
    return int(bottom - min(0, top)) + 2 * PAD


def text_width(text: str, size: int) -> int:
    """Return the width of a text's tile in pixels."""
    return int(font_of(size).getlength(text) + 0.999) + 2 * PAD


@lru_cache(maxsize=2048)
def fitted(text: str, size: int, width: int) -> str:
    """Return the text, cut short where it is wider than `width` pixels; empty where not one letter has room."""
    text = " ".join(text.split())  # a line is a line
    if text_width(text, size) <= width:
        return text
    low, high = 0, len(text)
    while low < high:  # the longest start that has room with the sign of the cut
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text_width(text[:middle] + CUT, size) <= width else (low, middle - 1)
    return text[:low].rstrip() + CUT if low else ""


@lru_cache(maxsize=2048)
def text_tile(text: str, size: int, ground: tuple[int, int, int, int] = GROUND) -> Image.Image:
    """Return a text on its ground, RGBA; it is shared, and must not be drawn into."""
    tile = Image.new("RGBA", (text_width(text, size), tile_height(size)), ground)
    _, top, _, _ = font_of(size).getbbox("Ågj|")
    ImageDraw.Draw(tile).text((PAD, PAD - min(0, top)), text, font=font_of(size), fill=INK)
    return tile


def put_text(
    frame: Image.Image, text: str, place: tuple[float, float], size: int, width: int
) -> tuple[int, int, int, int] | None:
    """Draw a text whose upper left corner is at `place`, moved and cut so that all of it is in the frame.

    Return the box that it covers, or None where there is no room for it.
    """
    height = tile_height(size)
    shown = fitted(text, size, min(width, frame.width))
    if not shown or height > frame.height:
        return None
    tile = text_tile(shown, size)
    x = int(min(max(0, place[0]), frame.width - tile.width))
    y = int(min(max(0, place[1]), frame.height - height))
    frame.paste(tile, (x, y), tile)
    return x, y, x + tile.width, y + height
