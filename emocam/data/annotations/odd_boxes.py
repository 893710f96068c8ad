"""Boxes that a person should be told of: those outside of their picture, and those without an area."""

from collections.abc import Iterable

import numpy as np

from emocam.data.annotations.orientation import cut_at_border
from emocam.data.annotations.records import Regions

Framed = tuple[Regions, tuple[float, float] | None]
"""Regions, and the width and height in which their pixels count; None where they are fractions."""


def frame_of(regions: Regions) -> Framed | None:
    """Return regions whose place in their picture is known without opening it."""
    if not regions.pixels:
        return regions, None
    return (regions, regions.size) if regions.size else None


def notes_of_odd_boxes(told_by: str, framed: Iterable[Framed]) -> list[str]:
    """Return a sentence for each kind of odd box that occurs, with how many there are."""
    boxes = outside = empty = 0
    for regions, size in framed:
        if not len(regions.boxes):
            continue
        fractions = regions.boxes if size is None else regions.boxes / (*size, *size)
        _, kept = cut_at_border(fractions)
        boxes += len(fractions)
        outside += int((~kept).sum())
        empty += int((kept & ((fractions[:, 2:] - fractions[:, :2]).min(1) <= 0)).sum())
    notes = []
    if outside:
        notes.append(
            f"{told_by}: {outside:,} of {boxes:,} boxes lie outside of their picture and are left out"
        )
    if empty:
        notes.append(
            f"{told_by}: {empty:,} of {boxes:,} boxes have no area, and count as the point where they are"
        )
    return notes


def has_unknown_frame(regions: Regions) -> bool:
    """Return whether only the picture itself tells where in it the boxes are."""
    return regions.pixels and not regions.size and bool(np.size(regions.boxes))
