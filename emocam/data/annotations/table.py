"""A table with a row a box: Open Images' CSV, and any plain one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emocam.data.annotations.records import AnnotationTable, Regions
from emocam.data.annotations.rows import find_column, numbers, place, read_rows, separator, texts
from emocam.data.annotations.source import Source, files_ending

IMAGE = ("path", "image", "file", "filename", "file_name", "image_path")
OBJECT = ("label", "object", "class", "name", "category")
CORNERS = (
    ("x0", "xmin", "x_min", "left"),
    ("y0", "ymin", "y_min", "top"),
    ("x1", "xmax", "x_max", "right"),
    ("y1", "ymax", "y_max", "bottom"),
)
LARGEST_FRACTION = 1.5
"""Corners of boxes up to here are fractions, some of them a little outside; pixels go further."""


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are called."""

    image: str
    object: str
    corners: list[str]


def find_columns(source: Source, table: pd.DataFrame) -> Columns:
    corners = [find_column(source, table, names) for names in CORNERS]
    return Columns(find_column(source, table, IMAGE), find_column(source, table, OBJECT), corners)


def has_boxes(header: str) -> bool:
    """Return whether the first line of a file is the header of such a table."""
    names = {name.strip().strip('"').lower() for name in header.split(separator(header))}
    return all(names & set(corner) for corner in CORNERS)


def _gather(
    source: Source, table: pd.DataFrame, columns: Columns, objects: Sequence[str] | None = None
) -> tuple[list[str], dict[str, Regions], float, list[str]]:
    """Return classes, regions by image, the largest corner, and notes.

    A row without corners names an image alone.
    """
    images, named = texts(source, table, columns.image), texts(source, table, columns.object, empty=True)
    boxes = np.stack([numbers(source, table, column, empty=True) for column in columns.corners], 1)
    given = ~np.isnan(boxes)
    partly = given.any(1) & ~given.all(1)
    with np.errstate(invalid="ignore"):
        reversed = (boxes[:, 2:] < boxes[:, :2]).any(1)
    for fault, expected in ((partly, "all four of them, or none"), (reversed, "x0 <= x1 and y0 <= y1")):
        if fault.any():
            row = int(fault.argmax())
            raise source.fault(f"{place(row)}, {'/'.join(columns.corners)}", expected, boxes[row].tolist())
    held = given.all(1)
    filled = np.flatnonzero(held).tolist()
    for row in filled:
        if not named[row]:
            raise source.fault(f"{place(row)}, {columns.object}", "a name", named[row])
    found = {named[row] for row in filled}
    names = [name for name in objects if name in found] if objects else sorted(found)
    number = {name: i for i, name in enumerate(names)}
    rows: dict[str, list[int]] = {image: [] for image in images}
    for row in filled:
        rows[images[row]].append(row)
    regions = {
        image: Regions(boxes[own], np.array([number[named[row]] for row in own], np.int64))
        for image, own in rows.items()
    }
    nowhere = sum(bool(named[row]) for row in np.flatnonzero(~held).tolist())
    told = f"{source.file}: {nowhere:,} rows name an object without saying where it is, and are left out"
    return names, regions, float(boxes[held].max(initial=0)), [told] if nowhere else []


def read_table(file: Path) -> AnnotationTable:
    """Read columns path, x0, y0, x1, y1, label, or words for the same; pixels or fractions by the values."""
    source = Source(file)
    table = read_rows(source)
    names, regions, largest, notes = _gather(source, table, find_columns(source, table))
    pixels = largest > LARGEST_FRACTION
    if pixels:
        regions = {image: Regions(r.boxes, r.object, pixels=True) for image, r in regions.items()}
    unit = "pixels" if pixels else "fractions of the image"
    note = f"{file}: boxes are read as {unit}, because their largest corner is {largest:g}"
    return AnnotationTable(names, regions, notes=[note, *notes])


def read_descriptions(folder: Path) -> dict[str, str] | None:
    """Return Open Images' names of its classes, in their order, where `class-descriptions*.csv` lies beside."""
    for file in files_ending(folder, ".csv"):
        if "class-descriptions" not in file.name.lower():
            continue
        pairs = [line.split(",", 1) for line in Source(file).text().splitlines() if "," in line]
        return {key.strip(): name.strip().strip('"') for key, name in pairs if key.strip() != "LabelName"}
    return None


def read_open_images(file: Path) -> AnnotationTable:
    """Read ImageID, LabelName, XMin, XMax, YMin, YMax as fractions, and further columns that say no place."""
    source = Source(file)
    table = read_rows(source)
    corners = [find_column(source, table, [name]) for name in ("XMin", "YMin", "XMax", "YMax")]
    image, object = (find_column(source, table, [name]) for name in ("ImageID", "LabelName"))
    columns = Columns(image, object, corners)
    described = read_descriptions(file.parent)
    if described is not None:
        unknown = ~table[object].isin(described.keys())
        if unknown.any():
            row = int(unknown.to_numpy().argmax())
            found = table[object].iloc[row]
            raise source.fault(f"{place(row)}, LabelName", "one of class-descriptions.csv", found)
        table = table.assign(**{object: table[object].map(described)})
    names, regions, largest, notes = _gather(
        source, table, columns, list(dict.fromkeys(described.values())) if described else None
    )
    if largest > LARGEST_FRACTION:
        raise source.fault("corners of boxes", "fractions of the image", largest)
    return AnnotationTable(names, regions, notes=notes)
