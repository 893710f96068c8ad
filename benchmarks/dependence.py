"""All tests and intervals of 26,000 pictures x 601 objects x 20 labels, and near-duplicates among them."""

import time
from collections.abc import Callable

import numpy as np

from emocam.cells.dependence import Dependence, dependent_columns
from emocam.cells.occurrences import Occurrences
from emocam.functional.statistics.near_duplicates import components, near_hashes

IMAGES, OBJECTS, LABELS = 26_000, 601, 20
GOAL = 10.0
"""Seconds of a core, for all tests and intervals together."""
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


def hashes(images: int) -> np.ndarray:
    bits = np.random.default_rng(0).integers(0, 256, (images, 32)).astype(np.uint8)
    bits[1::50] = bits[::50][: len(bits[1::50])]
    return bits


def table(images: int = IMAGES) -> str:
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
    bits = hashes(images)
    took = seconds(lambda: components(near_hashes(bits), images))
    rows.append(f"| groups of near-duplicates from hashes | {took:.1f}{missed(took)} | {GOAL:g} |")
    return "\n".join(rows)


def missed(took: float) -> str:
    return " **missed**" if took > GOAL else ""


if __name__ == "__main__":
    print(table())
