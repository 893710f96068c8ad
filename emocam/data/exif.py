"""What a camera wrote beside its pictures, as values by which pictures are compared: camera, lens, place, year."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import ExifTags

from emocam.data.image_file import read_exif
from emocam.data.printed import printable
from emocam.errors import Refused
from emocam.settings.stored_file import StoredFile

PREFIX = "exif."
TAGS = ExifTags.Base
Block = Mapping[int, Any]


def _text(value: object) -> str:
    """Return a text of a camera's without the zeros and spaces that fill it up."""
    return printable(" ".join(str(value or "").replace("\0", " ").split()))


def _camera(exif: Block, gps: Block) -> str:
    """Return maker and model, without a maker that the model names itself."""
    make, model = _text(exif.get(TAGS.Make)), _text(exif.get(TAGS.Model))
    return (
        model if not make or model.lower().startswith(make.split()[0].lower()) else f"{make} {model}".strip()
    )


def _year(exif: Block, gps: Block) -> str:
    taken = _text(exif.get(TAGS.DateTimeOriginal) or exif.get(TAGS.DateTime))
    return taken[:4] if taken[:4].isdigit() and taken[:4] != "0000" else ""


def _place(exif: Block, gps: Block) -> str:
    """Return the whole degrees around a place, some 100 km: a closer one would name a home."""
    ends = []
    for number, letter in ((2, 1), (4, 3)):
        try:
            degrees = float(gps[number][0]) + float(gps[number][1]) / 60
            ends.append(f"{int(degrees)}°{_text(gps[letter])[:1].upper()}")
        except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError, OverflowError):
            return ""
    return " ".join(ends)


FIELDS: dict[str, Callable[[Block, Block], str]] = {
    "exif.camera": _camera,
    "exif.lens": lambda exif, gps: _text(exif.get(TAGS.LensModel)),
    "exif.place": _place,
    "exif.year": _year,
}
"""By the name that a setting has for it."""


def exif_value(file: Path | StoredFile | None, field: str) -> str:
    """Return what a picture's file says of itself, empty where it says nothing or cannot be read."""
    if file is None:
        return ""
    try:
        return FIELDS[field](*read_exif(file))
    except (OSError, Refused, ValueError, SyntaxError, TypeError, KeyError):
        return ""
