"""What the rows of a picture were made of, so that a picture that changed costs its own rows alone.

Each picture has a mark: a digest of its file, of what its data set knows of it, and of what is to be done with
it. The ledger of an unfinished pass has it in a column, a finished table in its metadata.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emocam.predict.keys import written_key
from emocam.results.chunks import Chunks
from emocam.results.files import CONTENTS, LEDGER, MARK, MARKS, parquet
from emocam.results.name_places import places_in
from emocam.results.parquet_file import open_parquet, read_parquet, read_schema
from emocam.results.tables import finished_ledger
from emocam.results.write_again import keep_rows

DIGITS = 32


def row_marks(folder: Path, asked: Mapping[int, tuple[Sequence[str], str]]) -> dict[int, str]:
    """Return the mark of each picture, by its place in the ledger of a finished run.

    `asked` are the pictures that its rows need beside itself, and what is to be done with it.
    """
    schema = read_schema(folder / parquet(LEDGER))
    rows = read_parquet(folder / parquet(LEDGER), ["image", *(c for c in CONTENTS if c in schema.names)])
    contents: dict[str, tuple[str, ...]] = {row["image"]: tuple(row.values()) for row in rows.to_pylist()}
    images = rows["image"].to_pylist()
    return {
        place: _digest([contents[images[place]], [contents[image] for image in others], what])
        for place, (others, what) in asked.items()
    }


def _digest(told: object) -> str:
    text = json.dumps(told).encode(errors="surrogateescape")
    return hashlib.sha256(text).hexdigest()[:DIGITS]


def mark_rows(
    outputs: Any, batch: Any, rows: Callable[[Any, Any], dict[str, pa.Table]], marks: Mapping[int, str]
) -> dict[str, pa.Table]:
    """Make the rows of a step, with its pictures' marks in their ledger."""
    tables = rows(outputs, batch)
    places = tables[LEDGER]["index"].to_pylist()
    column = pa.array([marks[place] for place in places], pa.string())
    return {**tables, LEDGER: tables[LEDGER].append_column(MARK, column)}


def marks_metadata(marks: Mapping[int, str]) -> dict[bytes, bytes]:
    """Return the metadata of a finished table that has the rows of these pictures."""
    return {MARKS: b"".join(bytes.fromhex(marks[place]) for place in sorted(marks))}


def is_written(table: Path, key: str, marks: Mapping[int, str]) -> bool:
    """Return whether a table has the rows of these pictures as they are, and no other's."""
    return written_key([table]) == key and _written_marks(table) == [marks[place] for place in sorted(marks)]


def _written_marks(table: Path) -> list[str]:
    text = (read_schema(table).metadata or {}).get(MARKS, b"").hex()
    return [text[start : start + DIGITS] for start in range(0, len(text), DIGITS)]


def begin_marked(chunks: Chunks, table: Path, marks: Mapping[int, str], images: Sequence[str]) -> None:
    """Begin a pass, or go on, with those rows of an unfinished pass or of a finished table that still hold.

    `images` are those of the finished evidence, at whose places the pictures are that have a mark.
    """
    place_of = {images[place]: place for place in marks}
    chunks_hold = chunks.stored_key() == chunks.key
    if chunks_hold:
        rows = chunks.ledger(("image", MARK)).to_pydict()
        written = dict(zip(rows["image"], rows[MARK], strict=True))
        kept = {
            image: place
            for image, mark in written.items()
            if (place := place_of.get(image)) is not None and marks[place] == mark
        }
        if list(kept.items()) != [(image, place_of.get(image)) for image in rows["image"]]:
            keep_rows(chunks, places_in(kept))
    chunks.begin()
    if not chunks_hold and table.is_file() and written_key([table]) == chunks.key:
        held = set(_written_marks(table))
        kept = {image: place for image, place in place_of.items() if marks[place] in held}
        if kept:
            _rows_again(chunks, table, kept, marks)
            sys.stderr.write(
                f"{table}: {len(kept):,} of {len(marks):,} pictures, and what is asked of them, are as they were; "
                "their rows are kept\n"
            )


def _rows_again(chunks: Chunks, table: Path, kept: Mapping[str, int], marks: Mapping[int, str]) -> None:
    """Write the rows of these images of a finished table into chunks, in one step."""
    half = Chunks(chunks.folder.parent, chunks.key, f"{chunks.folder.name}.tmp")
    shutil.rmtree(half.folder, ignore_errors=True)
    half.begin()
    left = dict(kept)
    for number, rows in enumerate(_row_groups(table, kept)):
        # pictures without a row have one in the ledger
        here = {image: left.pop(image) for image in dict.fromkeys(rows["image"].to_pylist())}
        half.write(f"kept-{number:06d}", {LEDGER: [_ledger(here, marks)], table.stem: [rows]})
    if left:
        half.write("kept-none", {LEDGER: [_ledger(left, marks)]})
    shutil.rmtree(chunks.folder, ignore_errors=True)
    half.folder.rename(chunks.folder)


def _ledger(places: Mapping[str, int], marks: Mapping[int, str]) -> pa.Table:
    ledger = finished_ledger(list(places), np.array(list(places.values()), np.int64))
    return ledger.append_column(MARK, pa.array([marks[place] for place in places.values()], pa.string()))


def _row_groups(table: Path, kept: Mapping[str, int]) -> Iterator[pa.Table]:
    """Yield the rows of these images with their places, a row group at a time; a group holds whole images."""
    opened = open_parquet(table)
    wanted = pa.array(list(kept), pa.string())
    for group in range(opened.num_row_groups):
        rows = opened.read_row_group(group).replace_schema_metadata(None)
        rows = rows.filter(pc.is_in(rows["image"].cast(pa.string()), wanted))
        if len(rows):
            places = pa.array([kept[image] for image in rows["image"].to_pylist()], pa.int64())
            yield rows.add_column(0, "index", places)
