"""The small pictures that the page shows."""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from PIL import Image

from emocam.report.examples import Example
from emocam.results.leading_out import leads_out
from emocam.system.cores import cores

OpenPicture = Callable[[str], Image.Image]
SIDES = ((1_500, 320), (6_000, 240))
"""Pairs of a number of pictures and their longest side in pixels up to it; with more it is SMALLEST."""
SMALLEST = 160


def side_for(pictures: int) -> int:
    """Return the longest side for so many pictures, with which the folder stays below about 100 MB."""
    return next((side for most, side in SIDES if pictures <= most), SMALLEST)


def shrink(picture: Image.Image, side: int) -> Image.Image:
    """Make a picture at most `side` pixels high and wide; a smaller one is not enlarged."""
    small = picture.convert("RGB")
    small.thumbnail((side, side), reducing_gap=2)
    return small


def write_thumbnails(examples: Iterable[Example], folder: Path, open_picture: OpenPicture, side: int) -> int:
    """Write thumbnails, set each example's size, and return how many pictures could not be opened."""

    def write(example: Example) -> bool:
        try:
            small = shrink(open_picture(example.path), side)
        except Exception:  # whatever happened to the file since the run; the page says what is missing
            return False
        small.save(folder / example.thumbnail, "WEBP", quality=75, method=2)
        example.size = small.size
        return True

    waiting = iter(examples)
    lost = 0
    with ThreadPoolExecutor(cores()) as pool:
        while part := list(islice(waiting, 256)):  # not all pictures of a corpus at once
            for parent in {(folder / example.thumbnail).parent for example in part}:
                parent.mkdir(parents=True, exist_ok=True)
            lost += sum(not written for written in pool.map(write, part))
    return lost


def copy_thumbnail(run: Path, thumbnail: str, target: Path) -> tuple[int, int] | None:
    """Copy a picture of a run's page and return its size; None where it has none, or what is there is none."""
    report = run / "report"
    source = report / thumbnail
    # a link of somebody else's page would bring along any file
    if not source.is_file() or leads_out(source, report):
        return None
    try:
        with Image.open(source, formats=("WEBP",)) as picture:
            size = picture.size
    except Exception:  # whatever was made of the file since the run
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return size
