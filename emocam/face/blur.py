"""Faces in the pictures of a page that is to be shared: they are blurred, or their pictures left out.

The finder is OpenCV's cascade of frontal faces, set to find rather too much. It misses faces from the side
and very small ones, so that the person who shares a page must look at it first.
"""

from collections.abc import Callable
from threading import Lock

import numpy as np
from PIL import Image

from emocam.errors import Refused, SettingError
from emocam.face.cascade import load_cascade

WAYS = ("blur", "drop")
STEP = 1.1
NEIGHBOURS = 2
SMALLEST = 20
AROUND = 0.15
"""Added on each side of a face, in its sizes."""
SIDE = 800
CELLS = 5
"""What is left of a face: so many means along each side."""

OpenPicture = Callable[[str], Image.Image]
_one_at_a_time = Lock()  # a cascade keeps what it is working on


def check_faces_setting(way: str) -> None:
    """Check the setting before the work begins."""
    if way not in WAYS:
        raise SettingError(f"callback.report.faces must be null, {' or '.join(WAYS)}, got {way!r}")
    try:
        load_cascade()
    except SettingError:
        raise SettingError(
            f"callback.report.faces={way} needs OpenCV 4; pip install 'emocam[opencv]'"
        ) from None


def without_faces(open_picture: OpenPicture, way: str) -> OpenPicture:
    """Wrap `open_picture` to hide faces; with `drop` a picture that has any is refused."""

    def open_hidden(path: str) -> Image.Image:
        picture = open_picture(path).convert("RGB")
        boxes = find_faces(picture)
        if boxes and way == "drop":
            raise Refused("it shows a face")
        for box in boxes:
            blur_faces(picture, box)
        return picture

    return open_hidden


def find_faces(picture: Image.Image) -> list[tuple[int, int, int, int]]:
    """Return boxes in pixels with some room around each face, within the picture."""
    scale = max(1.0, max(picture.size) / SIDE)
    searched = picture.convert("L").resize([max(1, round(side / scale)) for side in picture.size])
    with _one_at_a_time:
        places = load_cascade().detectMultiScale(
            np.asarray(searched), STEP, NEIGHBOURS, minSize=(SMALLEST, SMALLEST)
        )
    boxes = []
    for x, y, width, height in (np.reshape(places, (-1, 4)) * scale).tolist():
        sides = (x - AROUND * width, y - AROUND * height)
        ends = (x + (1 + AROUND) * width, y + (1 + AROUND) * height)
        left, top = (max(0, round(side)) for side in sides)
        right, bottom = (min(most, round(end)) for most, end in zip(picture.size, ends, strict=True))
        boxes.append((left, top, right, bottom))
    return boxes


def blur_faces(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    """Reduce a face to a few smooth patches, in place: a Gaussian blur could be undone."""
    left, top, right, bottom = box
    patches = picture.crop(box).resize((CELLS, CELLS), Image.Resampling.BOX)
    picture.paste(patches.resize((right - left, bottom - top), Image.Resampling.BICUBIC), (left, top))
