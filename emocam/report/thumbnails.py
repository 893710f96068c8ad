"""Small pictures beside the page."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from PIL import Image

from emocam.report.examples import Example
from emocam.system.cores import cores

OpenPicture = Callable[[str], Image.Image]
SIDES = ((1_500, 320), (6_000, 240))
"""Up to so many pictures: the longest side in pixels; with more of them SMALLEST."""
SMALLEST = 160


def side_for(pictures: int) -> int:
    """Few pictures may be large: the folder stays below about 100 MB."""
    return next((side for most, side in SIDES if pictures <= most), SMALLEST)


def shrink(picture: Image.Image, side: int) -> Image.Image:
    """Not above `side` pixels, never enlarged."""
    small = picture.convert("RGB")
    small.thumbnail((side, side), reducing_gap=2)
    return small


def write_thumbnails(examples: Iterable[Example], folder: Path, open_picture: OpenPicture, side: int) -> int:
    """Leaves each example's size in it; how many pictures could not be opened any more."""

    def write(example: Example) -> bool:
        try:
            small = shrink(open_picture(example.path), side)
        except Exception:  # whatever befell the file since the run; the page says what is missing
            return False
        small.save(folder / example.thumbnail, "WEBP", quality=75, method=2)
        example.size = small.size
        return True

    waiting, lost = iter(examples), 0
    with ThreadPoolExecutor(cores()) as pool:
        while part := list(islice(waiting, 256)):  # not all pictures of a corpus at once
            for parent in {(folder / example.thumbnail).parent for example in part}:
                parent.mkdir(parents=True, exist_ok=True)
            lost += sum(not written for written in pool.map(write, part))
    return lost
