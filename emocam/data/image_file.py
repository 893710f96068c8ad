"""The one door through which image files come: upright, RGB, and never a danger."""

import hashlib
import importlib.util
import io
import math
import os
import stat
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image
from PIL.Image import Transpose

from emocam.data.ending import ending_of
from emocam.errors import Refused
from emocam.settings.read_files import noted
from emocam.settings.stored_file import StoredFile
from emocam.system.quiet import stderr_closed

HEIC = (".heic", ".heif")
"""What telephones keep photographs in; read where `emocam[heic]` is installed."""
READS_HEIC = importlib.util.find_spec("pillow_heif") is not None
SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".mpo", *HEIC * READS_HEIC)
)
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
"""What people keep photographs in (MPO comes as JPEG); each further format is attack surface."""
OTHER_PICTURES = (
    frozenset(
        (
            *(".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw", ".raw"),
            *(".psd", ".svg", ".jp2", ".jxl", ".tga", ".exr", ".hdr", ".ico", ".eps", *HEIC),
        )
    )
    - SUFFIXES
)
"""Endings of pictures that are not read."""

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
SIDEWAYS = (5, 6, 7, 8)
"""Orientations that exchange width and height."""
PARTS = (2, 4)
"""A JPEG's decoder makes a half or a quarter of each side for less than the whole costs."""
SPARE = 1.5
"""How much larger a picture is decoded at least than it is needed, so that it is made smaller by a fine filter."""
FULL_SIZE = "emocam.full_size"
DECODED = "emocam.decoded"
"""What a picture was decoded from: its file and the digest of the bytes."""
MOST_HELD = 64 << 20
"""Bytes of a file up to which it is held whole, so that what is digested is what is decoded."""
STRIP = 256
"""Rows that are converted at once."""
LARGE = 12_000_000
"""Pixels from which pictures are opened one at a time."""
GATE = os.memfd_create("emocam.large_pictures") if sys.platform == "linux" else -1
"""A file without a name, which workers have from the process that starts them."""


def within_root(root: Path, path: str, follow_links: bool = False) -> Path:
    """Return the file of a relative path, which must lie under the root even after links are followed.

    With `follow_links` only links may lead out of it, never the path's own dots.
    """
    file = root / path
    named = Path(os.path.normpath(file)).is_relative_to(os.path.normpath(root))
    if not named or not (follow_links or file.resolve().is_relative_to(root.resolve())):
        raise Refused("lies outside data.root")
    return file


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; an EXIF block that cannot be read says nothing, as for any viewer."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # its parsers raise whatever their bytes lead to
        return 1
    return orientation if isinstance(orientation, int) and orientation in UPRIGHT else 1


def to_rgb(image: Image.Image) -> Image.Image:
    """Return what a viewer shows: 16 bits scaled to 8 (Pillow would clip them), what is clear on white.

    Strip by strip, since each step in between takes up to eight bytes a channel.
    """
    if image.mode == "F":
        raise Refused("holds fractions whose white is not known (mode F)")
    deep, clear = image.mode.startswith("I"), image.has_transparency_data
    if not (deep or clear):
        return image if image.mode == "RGB" else image.convert("RGB")
    whole = Image.new("RGB", image.size, "white")
    for top in range(0, image.height, STRIP):
        strip = image.crop((0, top, image.width, min(top + STRIP, image.height)))
        if deep:
            # 16-bit PNG files of one channel may come as 32-bit numbers
            numbers = np.asarray(strip).astype(np.int64).clip(0, 65535) // 257
            whole.paste(Image.fromarray(numbers.astype(np.uint8)).convert("RGB"), (0, top))
        else:
            strip = strip.convert("RGBA")
            whole.paste(strip, (0, top), mask=strip.getchannel("A"))
    whole.info = image.info
    return whole


def full_size(image: Image.Image) -> tuple[int, int]:
    """Return the (width, height) of the file's upright picture, also where it was reduced while it was opened."""
    return image.info.get(FULL_SIZE, image.size)


def decoded_digest(image: Image.Image, file: Path | StoredFile | None) -> str | None:
    """Return the digest of the bytes that a picture was decoded from; None where it was not this file's alone."""
    source, digest = image.info.get(DECODED) or ("", None)
    return digest if file is not None and source == _whole_name(file) else None


def _whole_name(file: Path | StoredFile) -> str:
    return file.name if isinstance(file, StoredFile) else str(file.absolute())


def _held(readable: Path | BinaryIO) -> tuple[Path | BinaryIO, str | None]:
    """Return what is decoded, and its digest; a file too large to be held has none."""
    if isinstance(readable, Path):
        if readable.stat().st_size > MOST_HELD:
            return readable, None
        readable = io.BytesIO(readable.read_bytes())
    digest = hashlib.sha256(readable.read()).hexdigest()
    readable.seek(0)
    return readable, digest


def _reduce(image: Image.Image, max_pixels: int) -> tuple[int, int] | None:
    """Let a JPEG of too many pixels be decoded at a half or a quarter, and return the size that it has.

    Any other file that has as many is refused.
    """
    width, height = image.size
    if width * height <= max_pixels:
        return None
    # a progressive file is held whole, three numbers of two bytes a pixel, whatever is made of it
    if image.format == "JPEG" and not image.info.get("progressive"):
        for part in PARTS:
            if width * height <= max_pixels * part**2:
                image.draft(None, (width // part, height // part))
                return width, height
    raise Refused(f"has more than data.max_pixels={max_pixels:,} pixels")


def _sketch(image: Image.Image, side: int | None) -> tuple[int, int] | None:
    """Let a JPEG be decoded smaller where only a `side` is needed, and return the size that it has."""
    if side is None or image.format != "JPEG":
        return None
    width, height = image.size
    part = SPARE * side / max(width, height)
    image.draft(None, (math.ceil(part * width), math.ceil(part * height)))
    return None if image.size == (width, height) else (width, height)


@contextmanager
def _alone(image: Image.Image) -> Iterator[None]:
    """Open large pictures one at a time, however many workers there are: a few fill any memory."""
    if sys.platform != "linux" or image.width * image.height < LARGE:
        yield
        return
    import fcntl

    fcntl.lockf(GATE, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.lockf(GATE, fcntl.LOCK_UN)


@contextmanager
def _quiet_decoder(image: Image.Image) -> Iterator[None]:
    """Keep libtiff's own words, hundreds of lines for a damaged file, off the terminal."""
    if image.format != "TIFF":
        yield
        return
    with stderr_closed():
        yield


def _readable(file: Path | StoredFile) -> Path | BinaryIO:
    """Return what Pillow opens: a file whose digest is noted, or the bytes of one that is stored elsewhere."""
    if isinstance(file, StoredFile):
        return io.BytesIO(file.read())
    if not stat.S_ISREG(file.stat().st_mode):  # opening a pipe or a device may never end
        raise Refused("is no regular file")
    return noted(file)


def _formats_of(file: Path | StoredFile) -> tuple[str, ...]:
    """Return the formats that a file may have; libheif, which turns pictures upright itself, opens only its own."""
    if not (READS_HEIC and file.suffix.lower() in HEIC):
        return FORMATS
    from pillow_heif import register_heif_opener

    register_heif_opener()
    return *FORMATS, "HEIF"


def open_upright(
    file: Path | StoredFile, max_pixels: int, side: int | None = None
) -> tuple[Image.Image, int]:
    """Open a file as a person sees it, and return with it the EXIF orientation (1 to 8) that it had before.

    Where no more than a longer `side` of so many pixels is needed, a JPEG is decoded not much larger than that.
    """
    readable = _readable(file)
    # of the header alone; what is decoded is bounded below
    Image.MAX_IMAGE_PIXELS = max_pixels * PARTS[-1] ** 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            held, digest = _held(readable)
            with Image.open(held, formats=_formats_of(file)) as image:
                orientation = orientation_of(image)
                whole = _reduce(image, max_pixels) or _sketch(image, side)
                with _alone(image), _quiet_decoder(image):
                    image.load()
                    left = orientation_of(image)  # Pillow turns TIFF files while it loads them
                    rgb = to_rgb(image)
            _note(rgb, {FULL_SIZE: whole, DECODED: digest and (_whole_name(file), digest)})
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise Refused(f"has more than data.max_pixels={max_pixels:,} pixels") from None
    if left not in UPRIGHT:
        return rgb, orientation
    upright = rgb.transpose(UPRIGHT[left])
    if FULL_SIZE in upright.info and left in SIDEWAYS:
        upright.info[FULL_SIZE] = upright.info[FULL_SIZE][::-1]
    return upright, orientation


def _note(image: Image.Image, facts: dict[str, Any]) -> None:
    """Note what is known of a picture; what the file itself says under these names goes."""
    image.info = {key: value for key, value in image.info.items() if key not in facts}
    image.info |= {key: value for key, value in facts.items() if value is not None}


def read_size(file: Path | StoredFile, upright: bool = True) -> tuple[int, int]:
    """Return width and height by the file's head alone, as a person sees the picture or as it is stored."""
    readable = _readable(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(readable, formats=_formats_of(file)) as image:
            width, height = image.size
            turned = upright and orientation_of(image) in SIDEWAYS
    return (height, width) if turned else (width, height)


def written_suffix(file: Path | StoredFile) -> str:
    """Return the ending that a picture's name lacks, by what its head says of its format; empty where it has one."""
    if ending_of(file.name.rpartition("/")[2]) in SUFFIXES:
        return ""
    readable = _readable(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(readable, formats=_formats_of(file)) as image:
            ending = f".{(image.format or '').lower()}".replace(".jpeg", ".jpg")
    return ending if ending in SUFFIXES else ""


def read_exif(file: Path | StoredFile) -> tuple[dict[int, Any], dict[int, Any]]:
    """Read a picture's EXIF fields by their numbers, and those of its place, by the file's head alone."""
    readable = _readable(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(readable, formats=_formats_of(file)) as image:
            exif = image.getexif()
            return dict(exif) | dict(exif.get_ifd(ExifTags.IFD.Exif)), dict(
                exif.get_ifd(ExifTags.IFD.GPSInfo)
            )
