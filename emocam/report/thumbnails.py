"""The small pictures that the page shows."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PIL import Image

from emocam.report.examples import Example, thumbnail_file
from emocam.results.leading_out import leads_out
from emocam.system.cores import cores

OpenPicture = Callable[[str], Image.Image]
OpenSmall = Callable[[str, int], Image.Image]
"""What opens a picture at least as large as a longer side, in pixels; how much larger does not matter."""
SIDES = ((1_500, 320), (6_000, 240))
"""Pairs of a number of pictures and their longest side in pixels up to it; with more it is SMALLEST."""
SMALLEST = 160
DRAWN = "thumbnails/drawn.json"
"""In a report: the side of its thumbnails, the digest of the run's pictures, and the place of each that has one."""


def small_by(open_picture: OpenPicture | None, open_small: OpenSmall | None) -> OpenSmall | None:
    """Return what opens small pictures: `open_small`, or what opens them whole; None without either."""
    if open_small is not None or open_picture is None:
        return open_small
    return lambda path, side: open_picture(path)


def side_for(pictures: int) -> int:
    """Return the longest side for so many pictures, with which the folder stays below about 100 MB."""
    return next((side for most, side in SIDES if pictures <= most), SMALLEST)


def shrink(
    picture: Image.Image, side: int, resampling: Image.Resampling = Image.Resampling.BICUBIC
) -> Image.Image:
    """Make a picture at most `side` pixels high and wide; a smaller one is not enlarged."""
    colours = picture if picture.mode == "RGB" else picture.convert("RGB")
    part = side / max(colours.size)
    if part >= 1:
        return colours
    width, height = (max(1, round(part * pixels)) for pixels in colours.size)
    return colours.resize((width, height), resampling, reducing_gap=2)


def save_photograph(picture: Image.Image, target: Path) -> None:
    """Write a photograph as the page shows it: one of thousands, in the least time at a tenth more of bytes."""
    picture.save(target, "WEBP", quality=75, method=0)


@dataclass(frozen=True)
class DrawnThumbnails:
    """The thumbnails of another run's page by their pictures' paths, all of one side."""

    run: Path
    thumbnails: dict[str, str]

    @classmethod
    def of_runs(cls, runs: Sequence[Path], side: int, corpus: str | None) -> "list[DrawnThumbnails]":
        """Return those of finished runs whose pages show the pictures of this digest, as large as `side`, with faces.

        A page may be older than its run, where a picture changed and the run was stopped before its page was written.
        """
        found = []
        for run in runs:
            with contextlib.suppress(
                OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError
            ):
                told = json.loads((run / "report" / DRAWN).read_text(encoding="utf-8"))
                if (told["side"], told["corpus"]) == (side, corpus):
                    places = {str(path): thumbnail_file(int(place)) for path, place in told["places"].items()}
                    found.append(cls(run, places))
        return found

    def take(self, path: str, target: Path) -> tuple[int, int] | None:
        """Copy the thumbnail of a picture and return its size; None where there is none."""
        return copy_thumbnail(self.run, self.thumbnails[path], target) if path in self.thumbnails else None


def tell_drawn(examples: Iterable[Example], folder: Path, side: int, corpus: str | None) -> None:
    """Write which thumbnails a report has, for the report of a run of the same pictures."""
    places = {example.path: example.place for example in examples if example.size is not None}
    file = folder / DRAWN
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"side": side, "corpus": corpus, "places": places}), encoding="utf-8")


def write_thumbnails(
    examples: Iterable[Example],
    folder: Path,
    open_small: OpenSmall,
    side: int,
    drawn: Sequence[DrawnThumbnails] = (),
) -> int:
    """Write thumbnails, set each example's size, and return how many pictures could not be opened.

    What another page has `drawn` is taken from there.
    """

    def write(example: Example) -> bool:
        target = folder / example.thumbnail
        example.size = next((size for one in drawn if (size := one.take(example.path, target))), None)
        if example.size is not None:
            return True
        try:
            small = shrink(open_small(example.path, side), side, Image.Resampling.HAMMING)
        except Exception:  # whatever happened to the file since the run; the page says what is missing
            return False
        save_photograph(small, target)
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
