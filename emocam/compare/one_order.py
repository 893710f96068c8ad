"""Runs over the same pictures with their rows in one order: those of a run in parts stand shard by shard."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from emocam.results.files import FILES, LEDGER, parquet
from emocam.results.merge_parts import part_runs
from emocam.results.merge_tables import write_interleaved
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
    if all(own == images[0] for own in images):
        yield list(runs)
        return
    whole = [own for run, own in zip(runs, images, strict=True) if not is_in_parts(run.file(LEDGER))]
    order = whole[0] if whole else _listing(runs[0])
    place = {image: number for number, image in enumerate(order)}
    with tempfile.TemporaryDirectory(prefix="emocam-") as folder:
        ordered = []
        for number, (run, own) in enumerate(zip(runs, images, strict=True)):
            tables = Path(folder) / str(number)
            other = is_in_parts(run.file(LEDGER)) and own != order
            ordered.append(Run(run.path, tables) if other and _write_in_order(run, tables, place) else run)
        yield ordered


def _images(run: Run) -> list[str]:
    column = read_parquet(run.file(LEDGER), columns=["image"])["image"]
    return [str(image) for image in column.cast(pa.string()).to_pylist()]


def _listing(run: Run) -> list[str]:
    """Return the images of a run in parts as the whole corpus listed them, each part every so-many-th."""
    found: list[tuple[int, str]] = []
    for part in part_runs(run.path):
        own = read_parquet(part.file(LEDGER), columns=["image"])["image"].cast(pa.string()).to_pylist()
        found += zip(part.places(np.arange(len(own), dtype=np.int64)).tolist(), map(str, own), strict=True)
    return [image for _, image in sorted(found)]


def _write_in_order(run: Run, tables: Path, place: dict[str, int]) -> bool:
    """Write a run's tables with its pictures at these places; return whether they are the same pictures."""
    parts = []
    for part in part_runs(run.path):
        images = read_parquet(part.file(LEDGER), columns=["image"])["image"].to_pylist()
        at = np.array([place.get(image, -1) for image in images], np.int64)
        if (at < 0).any() or (np.diff(at) <= 0).any():
            return False
        parts.append(replace(part, at=at))
    if sum(len(part.at) for part in parts if part.at is not None) != len(place):
        return False
    tables.mkdir()
    for name in FILES:
        if run.file(name).exists():
            metadata = read_schema(run.file(name)).metadata or {}
            write_interleaved(parts, name, tables / parquet(name), metadata)
    return True
