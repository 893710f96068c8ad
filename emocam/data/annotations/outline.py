"""Outlines as COCO writes them: polygons, and run lengths plain or packed."""

from collections.abc import Sequence

import numpy as np

from emocam.data.annotations.masks import Polygons, Runs, Shape
from emocam.data.annotations.source import Source

MOST_PIXELS = 89_478_485
"""Of a mask by run lengths; a few bytes could else ask for all memory."""


def unpack(text: str) -> list[int]:
    """Unpack COCO's run lengths: 5 bits a letter, low ones first; after the second, differences
    to the run before the last.
    """
    counts: list[int] = []
    value = shift = 0
    for letter in text.encode("ascii"):
        bits = letter - 48
        if not 0 <= bits < 64:
            raise ValueError(f"{chr(letter)!r} is no letter of packed run lengths")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts


def read_runs(source: Source, place: str, found: dict[str, object]) -> Runs:
    """Read `{"size": [height, width], "counts": [...] or "packed"}`."""
    height, width = (int(v) for v in source.numbers(f"{place}.size", "[height, width]", found.get("size"), 2))
    counts = found.get("counts")
    try:
        listed = unpack(counts) if isinstance(counts, str) else counts
    except ValueError:
        listed = None
    runs = listed if isinstance(listed, list) else [-1]
    whole = all(type(run) is int and run >= 0 for run in runs)
    if not whole or not 0 < height * width <= MOST_PIXELS or sum(runs) != height * width:
        raise source.fault(f"{place}.counts", f"runs that fill {height} x {width} pixels", counts)
    return Runs(np.array(runs, np.int64), (height, width))


def read_polygons(
    source: Source, place: str, found: Sequence[object], size: tuple[float, float]
) -> Polygons | None:
    """Read `[[x, y, x, y, ...], ...]` in pixels; None where there is none."""
    polygons = []
    for i, points in enumerate(found):
        expected = "x, y of at least three points"
        flat = source.numbers(f"{place}[{i}]", expected, points)
        if len(flat) < 6 or len(flat) % 2:
            raise source.fault(f"{place}[{i}]", expected, points)
        polygons.append(np.array(flat).reshape(-1, 2) / size)
    return Polygons(polygons) if polygons else None


def read_outline(source: Source, place: str, found: object, size: tuple[float, float]) -> Shape | None:
    """Read whatever COCO allows as a `segmentation`."""
    if isinstance(found, dict):
        return read_runs(source, place, found)
    if isinstance(found, list):
        return read_polygons(source, place, found, size)
    if found is None:
        return None
    raise source.fault(place, "polygons or run lengths", found)
