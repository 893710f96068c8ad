"""The one door through which image files come: upright, RGB, and never a danger."""

import stat
import warnings
from pathlib import Path

from PIL import ExifTags, Image, ImageOps

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".mpo"))
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "MPO")
"""The formats people keep photographs in; every further one Pillow knows is attack surface."""


class Refused(Exception):
    """A file that we will not open, though perhaps we could."""


def inside(root: Path, path: str) -> Path:
    """The file of a relative path, which must lie under the root even after links are followed."""
    file = root / path
    if not file.resolve().is_relative_to(root.resolve()):
        raise Refused("lies outside data.root")
    return file


def open_upright(file: Path, max_pixels: int) -> tuple[Image.Image, int]:
    """A file as a person sees it, and the EXIF orientation (1 to 8) that it had before."""
    if not stat.S_ISREG(file.stat().st_mode):  # opening a pipe or a device may never end
        raise Refused("is no regular file")
    Image.MAX_IMAGE_PIXELS = max_pixels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=FORMATS) as image:
                orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
                return ImageOps.exif_transpose(image).convert("RGB"), orientation
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise Refused(f"has more than data.max_pixels={max_pixels:,} pixels") from None
