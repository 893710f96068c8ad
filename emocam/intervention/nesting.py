"""Which objects stand within others, as a face does within a person: from the boxes of a run's pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emocam.effect.parts import PictureRegions

WITHIN = 0.8
"""Share of a region that lies in another, and of the pictures with both in which it is so."""


@dataclass(frozen=True)
class Nested:
    """An object that stands within another in a `share` of the `pictures` that hold both."""

    whole: str
    part: str
    share: float
    pictures: int


def find_nested(regions: Mapping[str, PictureRegions], objects: Sequence[str], least: int) -> list[Nested]:
    """Return the objects of at least so many common pictures that stand within another, nearly always."""
    share, pictures = nested_shares(regions, objects)
    rows, columns = np.nonzero((share >= WITHIN) & (pictures >= least))
    return [
        Nested(objects[whole], objects[part], float(share[whole, part]), int(pictures[whole, part]))
        for whole, part in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def nested_shares(
    regions: Mapping[str, PictureRegions], objects: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of the common pictures (O, O) in which the second object lies in the first, and their number.

    It lies there if at least half of its regions do, each to 80 %.
    """
    place = {name: i for i, name in enumerate(objects)}
    known = [[place.get(name, -1) for name in one.objects] for one in regions.values()]
    object = np.array([number for of_one in known for number in of_one], np.int64)
    image = np.repeat(np.arange(len(known)), [len(of_one) for of_one in known])
    boxes = np.concatenate([np.zeros((0, 4)), *(one.boxes for one in regions.values())])
    there = object >= 0
    object, image, boxes = object[there], image[there], boxes[there]
    within = _within_objects(image, object, boxes, len(objects))
    held = np.zeros((len(known), len(objects)), bool)
    held[image, object] = True
    # of each picture and object: how many regions, and how many of them within each other object
    cell, number = np.unique(image * len(objects) + object, return_inverse=True)
    counts = np.bincount(number, minlength=len(cell))
    inside = np.zeros((len(cell), len(objects)))
    np.add.at(inside, number, within)
    mostly = inside >= counts[:, None] / 2
    part, of_image = cell % len(objects), cell // len(objects)
    both = held[of_image]
    both[np.arange(len(cell)), part] = False
    pictures, nested = np.zeros((2, len(objects), len(objects)))
    np.add.at(pictures.T, part, both)
    np.add.at(nested.T, part, both & mostly)
    with np.errstate(invalid="ignore"):
        return np.where(pictures > 0, nested / pictures, 0.0), pictures.astype(np.int64)


def _within_objects(image: np.ndarray, object: np.ndarray, boxes: np.ndarray, objects: int) -> np.ndarray:
    """Mark for each region (R, O) the objects of its picture in a region of which it lies."""
    _, first, counts = np.unique(image, return_index=True, return_counts=True)
    here = np.repeat(counts, counts)
    one = np.repeat(np.arange(len(image)), here)
    start = np.repeat(np.repeat(first, counts), here)
    other = start + np.arange(len(one)) - np.repeat(here.cumsum() - here, here)
    sides = np.minimum(boxes[one, 2:], boxes[other, 2:]) - np.maximum(boxes[one, :2], boxes[other, :2])
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    inside = sides.clip(0).prod(1) >= WITHIN * area[one]
    found = np.zeros((len(image), objects), bool)
    found[one[inside], object[other[inside]]] = True
    return found
