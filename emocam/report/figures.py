"""A figure that the run drew just before, as the page shows it."""

from pathlib import Path

from PIL import Image

from emocam.report.thumbnails import shrink


def write_figure(picture: Path, target: Path, side: int, quality: int) -> tuple[int, int]:
    """Write a figure at most `side` pixels high and wide as WebP, and return its size."""
    with Image.open(picture) as opened:
        small = shrink(opened, side)
    small.save(target, "WEBP", quality=quality, method=2)
    return small.size
