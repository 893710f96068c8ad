"""The tables of a corpus's shards as one table in the order of the whole listing.

Each shard holds images from everywhere in the listing, mostly every n-th, so all shards are read side by
side: in memory are, at any time, a row group of each and the images of the block that is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from emocam.errors import SettingError
from emocam.results.files import LEDGER
from emocam.results.parquet_file import (
    count_rows,
    has_table,
    open_parquet,
    parquet_writer,
    read_schema,
    read_stretch,
)
from emocam.results.parts import replace_table
from emocam.results.tables import parquet_options
from emocam.settings.shard import Shard

BLOCK = 512
"""Images in a row group, as in a run that is not interrupted."""
BAND = 1 << 21
"""Places of the whole listing whose rows are held at once, where one column is put in its order."""
NAMES = 4096
"""Names of the ledger that are read at once."""


@dataclass(frozen=True)
class ShardRun:
    """A finished run's folder, which shard of the corpus it explained, and `at`: its images' places in the whole.

    Without `at` it holds every so-many-th image.
    """

    folder: Path
    shard: Shard
    at: NDArray[np.int64] | None = field(default=None, compare=False)

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def places(self, own: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places in the whole listing of images that are at these places of the shard's own."""
        return own * self.shard.of + self.shard.number - 1 if self.at is None else self.at[own]

    def rows(self, name: str) -> int:
        return count_rows(self.file(name)) if has_table(self.file(name)) else 0

    def own_before(self, place: int) -> int:
        """Return how many of its images come before a place of the whole listing."""
        if self.at is not None:
            return int(np.searchsorted(self.at, place))
        return max(0, -(-(place - self.shard.number + 1) // self.shard.of))


def column_in_order(
    shard_runs: Sequence[ShardRun], column: str, band: int = BAND
) -> Iterator[pa.ChunkedArray]:
    """Yield a column of the ledgers of all shards in the order of the whole listing, a band of places at a time."""
    rows = [shard_run.rows(LEDGER) for shard_run in shard_runs]
    for first in range(0, sum(rows), band):
        parts, places = [], []
        for shard_run, count in zip(shard_runs, rows, strict=True):
            start, stop = (min(count, shard_run.own_before(place)) for place in (first, first + band))
            if start < stop:
                parts.append(read_stretch(shard_run.file(LEDGER), column, start, stop))
                places.append(shard_run.places(np.arange(start, stop, dtype=np.int64)))
        if parts:
            whole = pa.chunked_array([chunk for part in parts for chunk in part.chunks])
            yield whole.take(pa.array(np.argsort(np.concatenate(places))))


def placed(shard_run: ShardRun, name: str) -> Iterator[pa.Table]:
    """Yield the row groups of a table, with a column `index`: the image's place in the whole listing.

    A table has its images in the ledger's order, so only a stretch of the ledger is looked through.
    """
    ledger = open_parquet(shard_run.file("ledger")).iter_batches(NAMES, columns=["image"])
    known, first = pd.Index([], dtype=object), 0
    table = open_parquet(shard_run.file(name))
    for group in range(table.num_row_groups):
        rows = table.read_row_group(group)
        images = rows["image"].to_pandas()
        place = known.get_indexer(images)
        while (place < 0).any():
            if (batch := next(ledger, None)) is None:
                image = images[int((place < 0).argmax())]
                raise SettingError(
                    f"{shard_run.file(name)} speaks of {image!r}, which the ledger beside it misses"
                )
            known = known.append(pd.Index(batch["image"].to_pylist(), dtype=object))
            place = known.get_indexer(images)
        yield rows.append_column("index", pa.array(shard_run.places(first + place.astype(np.int64))))
        if len(place):
            first, known = first + place[-1], known[place[-1] :]


@dataclass
class Stream:
    """Tables in rising order of `index`, handed out up to a place."""

    tables: Iterator[pa.Table]
    rest: pa.Table | None = field(default=None, init=False)

    def until(self, end: int) -> pa.Table | None:
        """Take the rows with a smaller index that were not taken yet."""
        while self.rest is None or not len(self.rest) or self.rest["index"][-1].as_py() < end:
            following = next(self.tables, None)
            if following is None:
                break
            self.rest = following if self.rest is None else pa.concat_tables([self.rest, following])
        if self.rest is None:
            return None
        count = int(np.searchsorted(self.rest["index"].to_numpy(), end))
        ready, self.rest = self.rest.slice(0, count), self.rest.slice(count)
        return ready


def write_interleaved(
    shard_runs: Sequence[ShardRun], name: str, target: Path, metadata: dict[bytes, bytes], block: int = BLOCK
) -> None:
    """Write one table from those of all shards; row groups of all tables hold the same images."""
    filled = [shard_run for shard_run in shard_runs if shard_run.rows(name)]
    if not filled and not any(has_table(shard_run.file(name)) for shard_run in shard_runs):
        return
    shape = next(shard_run for shard_run in filled or shard_runs if has_table(shard_run.file(name)))
    empty = read_schema(shape.file(name)).empty_table()
    streams = [Stream(placed(shard_run, name)) for shard_run in filled]
    images = sum(shard_run.rows("ledger") for shard_run in shard_runs)
    half = target.with_suffix(".tmp")
    with parquet_writer(
        half, empty.schema.with_metadata(metadata), **parquet_options(empty.schema)
    ) as writer:
        for end in range(block, images + block, block):
            ready = [rows for stream in streams if (rows := stream.until(end)) is not None and len(rows)]
            rows = pa.concat_tables(ready).unify_dictionaries().sort_by("index") if ready else empty
            rows = rows.select(empty.column_names).replace_schema_metadata(metadata)
            writer.write_table(rows, row_group_size=max(1, len(rows)))
    replace_table(half, target)
