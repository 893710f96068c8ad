"""The one door through which image files come: upright, RGB, and never a danger."""

import os
import stat
import warnings
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image
from PIL.Image import Transpose

from emocam.errors import Refused

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".mpo"))
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
"""What people keep photographs in (MPO comes as JPEG); each further format is attack surface."""

UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What puts the pixels of an EXIF orientation upright; every other number means that they are."""


def within_root(root: Path, path: str, follow_links: bool = False) -> Path:
    """The file of a relative path, which must lie under the root even after links are followed.

    With `follow_links` only links may lead out of it, never the path's own dots.
    """
    file = root / path
    named = Path(os.path.normpath(file)).is_relative_to(os.path.normpath(root))
    if not named or not (follow_links or file.resolve().is_relative_to(root.resolve())):
        raise Refused("lies outside data.root")
    return file


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; an EXIF block that cannot be read says nothing, as for any viewer."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # its parsers raise whatever their bytes lead to
        return 1
    return orientation if isinstance(orientation, int) and orientation in UPRIGHT else 1


def to_rgb(image: Image.Image) -> Image.Image:
    """As a viewer shows it: 16 bits scaled to 8 (Pillow would clip them), what is clear on white."""
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.int64)
        # 16-bit PNG files of one channel may come as 32-bit numbers
        image = Image.fromarray((deep.clip(0, 65535) // 257).astype(np.uint8))
    if image.mode == "F":
        raise Refused("holds fractions whose white is not known (mode F)")
    if image.has_transparency_data:
        clear, image = image.convert("RGBA"), Image.new("RGB", image.size, "white")
        image.paste(clear, mask=clear.getchannel("A"))
    return image if image.mode == "RGB" else image.convert("RGB")


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
                orientation = orientation_of(image)
                image.load()
                left = orientation_of(image)  # Pillow turns TIFF files while it loads them
                rgb = to_rgb(image)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise Refused(f"has more than data.max_pixels={max_pixels:,} pixels") from None
    return (rgb.transpose(UPRIGHT[left]) if left in UPRIGHT else rgb), orientation


def read_size(file: Path, upright: bool = True) -> tuple[int, int]:
    """Return width and height by the file's head alone, as a person sees the picture or as it is stored."""
    if not stat.S_ISREG(file.stat().st_mode):
        raise Refused("is no regular file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(file, formats=FORMATS) as image:
            width, height = image.size
            turned = upright and orientation_of(image) >= 5
    return (height, width) if turned else (width, height)
