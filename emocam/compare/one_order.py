"""Runs over the same pictures with their rows in one order: those of a run in parts stand shard by shard."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np
import pyarrow as pa

from emocam.results.files import FILES, LEDGER, parquet
from emocam.results.merge_parts import part_runs
from emocam.results.merge_tables import write_interleaved
from emocam.results.name_places import NamePlaces
from emocam.results.parquet_file import read_parquet, read_schema
from emocam.results.parts import is_in_parts
from emocam.results.run import Run


@contextmanager
def in_one_order(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Give runs whose rows stand in one order, where they are of the same pictures and one is in parts.

    The tables of a run in parts are written again for the while, in the order of the first that is not, or of the
    whole listing.
    """
    if not any(is_in_parts(run.file(LEDGER)) for run in runs):
        yield list(runs)
        return
    images = [_images(run) for run in runs]
    if all(own.equals(images[0]) for own in images):
        yield list(runs)
        return
    whole = [own for run, own in zip(runs, images, strict=True) if not is_in_parts(run.file(LEDGER))]
    order = whole[0] if whole else _listing(runs[0])
    places = NamePlaces(ArrowNames(order))
    with tempfile.TemporaryDirectory(prefix="emocam-") as folder:
        ordered = []
        for number, (run, own) in enumerate(zip(runs, images, strict=True)):
            tables = Path(folder) / str(number)
            other = is_in_parts(run.file(LEDGER)) and not own.equals(order)
            ordered.append(Run(run.path, tables) if other and _write_in_order(run, tables, places) else run)
        yield ordered


@dataclass(frozen=True)
class ArrowNames(Sequence[str]):
    """Names as Arrow holds them: their letters, and eight bytes each."""

    column: pa.LargeStringArray

    def __len__(self) -> int:
        return len(self.column)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "ArrowNames": ...
    def __getitem__(self, place: int | slice) -> "str | ArrowNames":
        if isinstance(place, slice):
            return ArrowNames(self.column[place])
        return str(self.column[place].as_py())


def _images(run: Run) -> pa.LargeStringArray:
    column = read_parquet(run.file(LEDGER), columns=["image"])["image"].cast(pa.large_string())
    return column.combine_chunks()


def _listing(run: Run) -> pa.LargeStringArray:
    """Return the images of a run in parts as the whole corpus listed them, each part every so-many-th."""
    rows = [(part, part.rows(LEDGER)) for part in part_runs(run.path)]
    places = [part.places(np.arange(count, dtype=np.int64)) for part, count in rows]
    return _images(run).take(pa.array(np.argsort(np.concatenate(places), kind="stable")))


def _write_in_order(run: Run, tables: Path, places: NamePlaces) -> bool:
    """Write a run's tables with its pictures at these places; return whether they are the same pictures."""
    parts = []
    for part in part_runs(run.path):
        images = read_parquet(part.file(LEDGER), columns=["image"])["image"].cast(pa.string()).to_pylist()
        at = places.of(images)
        if (at < 0).any() or (np.diff(at) <= 0).any():
            return False
        parts.append(replace(part, at=at))
    if sum(len(part.at) for part in parts if part.at is not None) != len(places):
        return False
    tables.mkdir()
    for name in FILES:
        if run.file(name).exists():
            metadata = read_schema(run.file(name)).metadata or {}
            write_interleaved(parts, name, tables / parquet(name), metadata)
    return True
