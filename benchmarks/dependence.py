"""All tests and intervals of 26,000 pictures x 601 objects x 20 labels, and near-duplicates among them."""

import contextlib
import io
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from emocam.cells.dependence import Dependence, dependent_columns
from emocam.cells.occurrences import Occurrences
from emocam.functional.statistics.near_duplicates import components, near_thumbnails
from emocam.functional.thumbnail import COLUMNS, ROWS, thumbnail
from emocam.predict.groups import near_duplicates

IMAGES, OBJECTS, LABELS = 26_000, 601, 20
GOAL = 10.0
"""Seconds of a core, for all tests and intervals together."""
SHARE = 3.0
"""Percent of a run, for finding pictures that are nearly the same."""
RUN = 2_000
"""Pictures of the run that this is a share of: the small network's, so that the share is the largest."""
FILMS = {"data.time: one film": 1, "data.group, data.time: ten films": 10, "the same: a hundred films": 100}


def corpus(images: int, together: int) -> Occurrences:
    """Return pictures of which `together` are copies each time; a few objects are everywhere."""
    dice = np.random.default_rng(0)
    share = np.minimum(0.5, 2 / np.arange(1, OBJECTS + 1))
    some = images // together
    label = np.repeat(dice.integers(0, LABELS, some), together)
    image, object = np.nonzero(np.repeat(dice.uniform(size=(some, OBJECTS)) < share, together, 0))
    return Occurrences(label, image, object, dice.uniform(size=len(image)) < 0.5, OBJECTS)


def seconds(work: Callable[[], object]) -> float:
    """Return the processor seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def thumbnails(images: int) -> np.ndarray:
    """Return random thumbnails, of which every fiftieth has a copy."""
    pixels = np.random.default_rng(0).integers(0, 256, (images, ROWS, COLUMNS)).astype(np.uint8)
    pixels[1::50] = pixels[::50][: len(pixels[1::50])]
    return pixels


def share_of_a_run(images: int) -> float:
    """Return what percent of a run's processor time goes to thumbnails and to the search among them."""
    import emocam

    words = ("+cam=gradcam", "classifier=planted", f"data.images={images}", "data.workers=0")
    with TemporaryDirectory() as folder:
        place = Path(folder) / "run"

        def run() -> None:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                emocam.run(*words, "logger=null", "cache=null", f"hydra.run.dir={place}")

        whole, search = seconds(run), seconds(lambda: near_duplicates(place))
    view = torch.randint(0, 256, (3, 112, 112), dtype=torch.uint8)
    small = seconds(lambda: [thumbnail(view) for _ in range(images)])
    return 100 * (search + small) / whole


def table(images: int = IMAGES, run: int = RUN) -> str:
    """Return the rows; every way has the same pairs of picture and object."""
    found, chance = corpus(images, 5), np.full((OBJECTS, LABELS), 0.3)
    second = np.arange(images, dtype=float)
    ways = {"data.group: bursts of five": Dependence(np.arange(images) // 5)}
    ways |= {name: Dependence(np.arange(images) * films // images, second) for name, films in FILMS.items()}
    rows = [
        f"{images:,} pictures, {OBJECTS} objects, {LABELS} labels, {len(found.image):,} objects present.\n",
        "| work | seconds | at most |",
        "|---|---|---|",
    ]
    for name, dependence in ways.items():
        took = seconds(lambda dependence=dependence: dependent_columns(found, LABELS, dependence, chance))  # type: ignore[misc]
        rows.append(f"| all tests and intervals, {name} | {took:.1f}{missed(took)} | {GOAL:g} |")
    pixels = thumbnails(images)
    took = seconds(lambda: components(near_thumbnails(pixels), images))
    rows.append(f"| groups of near-duplicates | {took:.1f}{missed(took)} | {GOAL:g} |")
    percent = share_of_a_run(run)
    rows += [
        "",
        f"Of a run of {run:,} drawn pictures by the smallest network, thumbnails and the search among them take "
        f"{percent:.1f} %{missed(percent, SHARE)} of the processor's time (at most {SHARE:g} %).",
    ]
    return "\n".join(rows)


def missed(took: float, goal: float = GOAL) -> str:
    return " **missed**" if took > goal else ""


if __name__ == "__main__":
    print(table())
