"""What takes the place of a box that is taken out of a picture."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter, ImageStat

from emocam.errors import SettingError, nearest
from emocam.paste.base import Box
from emocam.system.opencv import load_opencv

Fill = Callable[[Image.Image, tuple[int, int, int, int]], Image.Image]
"""The pixels that take the place of a box of the picture."""


def pixels(image: Image.Image, box: Box) -> tuple[int, int, int, int]:
    """Return the pixels that a box touches, at least one."""
    x0, y0 = int(box[0] * image.width), int(box[1] * image.height)
    x1, y1 = int(np.ceil(box[2] * image.width)), int(np.ceil(box[3] * image.height))
    x0, y0 = min(x0, image.width - 1), min(y0, image.height - 1)
    return x0, y0, max(x0 + 1, min(x1, image.width)), max(y0 + 1, min(y1, image.height))


LARGEST = 256
"""Pixels along a region; of a larger one what is filled in has no detail that a smaller one would lack."""


def reduction(box: tuple[int, int, int, int]) -> int:
    """Return the factor by which a region shrinks while it is filled, as inpainting a photograph is slow."""
    return -(-max(box[2] - box[0], box[3] - box[1]) // LARGEST)


def blur(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Blur a box so widely that no shape is left."""
    radius = max(box[2] - box[0], box[3] - box[1]) / 2
    around = (
        max(0, round(box[0] - 2 * radius)),
        max(0, round(box[1] - 2 * radius)),
        min(image.width, round(box[2] + 2 * radius)),
        min(image.height, round(box[3] + 2 * radius)),
    )
    scale = reduction(box)
    sharp = image.crop(around)
    soft = sharp.reduce(scale).filter(ImageFilter.GaussianBlur(radius / scale))
    soft = soft.resize(sharp.size, Image.Resampling.BICUBIC) if scale > 1 else soft
    inner = (box[0] - around[0], box[1] - around[1], box[2] - around[0], box[3] - around[1])
    return soft.crop(inner)


def grey(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Fill a box with the picture's own mean colour."""
    mean = tuple(round(value) for value in ImageStat.Stat(image).mean)
    return Image.new("RGB", (box[2] - box[0], box[3] - box[1]), mean)


def inpaint(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Continue the picture from the border inwards, Telea 2004, by OpenCV."""
    cv2 = load_opencv("paste.fill=inpaint")
    scale = reduction(box)
    margin = 8 * scale
    x0, y0 = max(0, box[0] - margin), max(0, box[1] - margin)
    x1, y1 = min(image.width, box[2] + margin), min(image.height, box[3] + margin)
    hole = Image.new("L", (x1 - x0, y1 - y0))
    inner = (box[0] - x0, box[1] - y0, box[2] - x0, box[3] - y0)
    hole.paste(255, inner)
    small = image.crop((x0, y0, x1, y1)).reduce(scale)
    mask = np.asarray(hole.reduce(scale)) > 0
    filled = Image.fromarray(cv2.inpaint(np.asarray(small), mask.astype(np.uint8), 3, cv2.INPAINT_TELEA))
    filled = filled.resize(hole.size, Image.Resampling.BICUBIC) if scale > 1 else filled
    return filled.crop(inner)


FILLS: dict[str, Fill] = {"blur": blur, "grey": grey, "inpaint": inpaint}


def fill_named(name: str) -> Fill:
    """Return a fill by its name."""
    if name not in FILLS:
        raise SettingError(f"paste.fill {name!r} is not known; {nearest(name, FILLS)}")
    return FILLS[name]
