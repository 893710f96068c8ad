"""The rows of a finished run that still hold, as chunks of a pass that goes on from them."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emocam.results.chunks import Chunks
from emocam.results.files import FILES, LEDGER
from emocam.results.ledger import ledger_rows
from emocam.results.merge_tables import BLOCK, ShardRun, Stream, placed
from emocam.results.name_places import PlacesOf
from emocam.results.parquet_file import has_table, read_parquet
from emocam.settings.shard import Shard


def write_again(source: Path, chunks: Chunks, places: PlacesOf, dropped: Mapping[str, Sequence[str]]) -> None:
    """Write the rows of a finished run's images that have a place in the listing into chunks, in one step.

    `places` returns that of each, and `dropped` are columns of a table that are not the evidence's own.
    """
    run = ShardRun(source, Shard(1, 1))
    parts = [places(rows["image"].to_pylist()) for rows in ledger_rows(source, ["image"])]
    index = np.concatenate([np.zeros(0, np.int64), *parts])
    half = Chunks(chunks.folder.parent, chunks.key, f"{chunks.folder.name}.tmp")
    shutil.rmtree(half.folder, ignore_errors=True)
    half.begin()
    streams = {name: Stream(placed(run, name)) for name in FILES if has_table(run.file(name))}
    for end in range(BLOCK, len(index) + BLOCK, BLOCK):
        tables = {}
        for name, stream in streams.items():
            rows = stream.until(end)
            if rows is not None and len(kept := replaced(rows, index)):
                gone = [column for column in dropped.get(name, ()) if column in kept.column_names]
                tables[name] = [kept.drop_columns(gone)]
        if LEDGER in tables:
            half.write(f"kept-{end // BLOCK:06d}", tables)
    shutil.rmtree(chunks.folder, ignore_errors=True)
    half.folder.rename(chunks.folder)


def replaced(rows: pa.Table, index: np.ndarray) -> pa.Table:
    """Return rows with new places in the listing, `index` by the old ones; those at -1 are left out."""
    place = index[rows["index"].to_numpy()]
    column = rows.schema.get_field_index("index")
    moved = rows.set_column(column, "index", pa.array(place, pa.int64()))
    return moved.filter(pc.greater_equal(moved["index"], 0))


def keep_rows(chunks: Chunks, places: PlacesOf) -> None:
    """Leave in the chunks of an interrupted pass the images that have a place in the listing, at that place."""
    for part in chunks.parts:
        ledger = read_parquet(part / f"{LEDGER}.parquet", columns=["index", "image"])
        old = ledger["index"].to_numpy()
        new = places(ledger["image"].to_pylist())
        if np.array_equal(old, new):
            continue
        index = np.full(old.max() + 1, -1, np.int64)
        index[old] = new
        rows = {
            file.stem: [kept]
            for file in sorted(part.glob("*.parquet"))
            if len(kept := replaced(read_parquet(file), index))
        }
        # taken away first: what is lost by a kill in between is computed again, what is there twice is not
        away = part.rename(part.with_name(f"{part.name}-old.tmp"))
        if LEDGER in rows:
            chunks.write(part.name, rows)
        shutil.rmtree(away)
