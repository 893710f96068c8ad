"""Parts of an unfinished run: each whole or absent, merged in the order of the listing."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emocam.errors import SettingError
from emocam.results.files import FILES
from emocam.results.parquet_file import parquet_writer, read_parquet, read_schema, write_parquet
from emocam.results.parts import remove_table, replace_table
from emocam.results.tables import parquet_options


class Chunks:
    """The chunks of one pass; `key` names all settings that decide their content."""

    def __init__(self, folder: Path, key: str, name: str = "shards") -> None:
        self.folder, self.key = folder / name, key

    @property
    def parts(self) -> list[Path]:
        return sorted(part for part in self.folder.glob("*") if part.is_dir() and part.suffix != ".tmp")

    def begin(self) -> None:
        """Make the folder; chunks of another key, or of none, go, and what an interrupted writer left half done."""
        if self.folder.exists() and self.stored_key() != self.key:
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "key").write_text(self.key)
        for half in self.folder.glob("*.tmp"):
            shutil.rmtree(half)

    def next_number(self, rank: int) -> int:
        """Return the number of a process's next chunk, after those that lie here."""
        names = (entry.name for entry in os.scandir(self.folder) if entry.name.startswith(f"{rank:03d}-"))
        numbers = [int(digits) for name in names if (digits := name[4:].removesuffix(".tmp")).isdigit()]
        return max(numbers, default=-1) + 1

    def stored_key(self) -> str | None:
        """Return the key under which chunks were written here, if any were."""
        file = self.folder / "key"
        return file.read_text(errors="replace") if file.is_file() else None

    def done(self) -> np.ndarray:
        """Return the places in the listing (n,) that need no second visit."""
        ledgers = [read_parquet(part / "ledger.parquet", columns=["index"]) for part in self.parts]
        return pa.concat_tables(ledgers)["index"].to_numpy() if ledgers else np.zeros(0, np.int64)

    def ledger(self, columns: Sequence[str]) -> pa.Table:
        """Return columns of text of all chunks' ledgers, in the order of the listing."""
        empty = pa.table(
            {"index": pa.array([], pa.int64())} | {c: pa.array([], pa.string()) for c in columns}
        )
        parts = [read_parquet(part / "ledger.parquet", columns=empty.column_names) for part in self.parts]
        return pa.concat_tables([empty, *parts]).sort_by("index").select(list(columns))

    def in_order(self, file: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield columns of a table of all chunks in the order of the listing, a chunk at a time."""
        parts = sorted(self.parts, key=_first_index)
        for block in _in_order(parts, file, [*columns, "index"]) if parts else ():
            yield block.select(list(columns))

    def write(self, name: str, rows: dict[str, list[pa.Table]]) -> None:
        """Write one chunk, sorted by the listing."""
        half = self.folder / f"{name}.tmp"
        half.mkdir()
        for file, parts in rows.items():
            table = pa.concat_tables(parts).unify_dictionaries().sort_by("index")
            write_parquet(table, half / f"{file}.parquet", **parquet_options(table.schema))
            with (half / f"{file}.parquet").open("rb") as written:
                os.fsync(written.fileno())
        half.rename(self.folder / name)

    def merge(
        self,
        target: Path,
        metadata: dict[bytes, bytes],
        files: tuple[str, ...] = FILES,
        blank: Mapping[str, pa.Table] = MappingProxyType({}),
        places: np.ndarray | None = None,
    ) -> None:
        """Write the run's files from all chunks, then remove the chunks; `blank` stands for what none has.

        `places` in the listing (n,) must all be there; no place may be there twice.
        """
        self._check_once(places)
        parts = sorted(self.parts, key=_first_index)
        for file in files:
            if any((part / f"{file}.parquet").exists() for part in parts):
                _write_merged(parts, file, target / f"{file}.parquet", metadata)
            elif file in blank:
                rows = blank[file].drop_columns("index").replace_schema_metadata(metadata)
                remove_table(target / f"{file}.parquet")
                write_parquet(rows, target / f"{file}.parquet")
        merged = self.folder.with_suffix(".merged")  # in one step: half of the chunks would be no whole run
        shutil.rmtree(merged, ignore_errors=True)
        self.folder.rename(merged)
        shutil.rmtree(merged)

    def _check_once(self, places: np.ndarray | None) -> None:
        done, counts = np.unique(self.done(), return_counts=True)
        lost = 0 if places is None else len(np.setdiff1d(places, done))
        fault = f"{lost:,} images are lost" if lost else f"{(counts > 1).sum():,} images are there twice"
        if lost or (counts > 1).any():
            raise SettingError(
                f"hydra.run.dir {self.folder.parent}: {fault} in {self.folder.name}, so nothing was made of it; "
                f"remove {self.folder}, and give the same command again"
            )


def _first_index(part: Path) -> int:
    return int(read_parquet(part / "ledger.parquet", columns=["index"])["index"][0].as_py())


def _write_merged(parts: list[Path], file: str, target: Path, metadata: dict[bytes, bytes]) -> None:
    half = target.with_suffix(".tmp")
    writer: pq.ParquetWriter | None = None
    try:
        for block in _in_order(parts, file):
            rows = block.drop_columns("index").replace_schema_metadata(metadata)
            writer = writer or parquet_writer(half, rows.schema, **parquet_options(rows.schema))
            writer.write_table(rows, row_group_size=max(1, len(rows)))
    finally:
        if writer:
            writer.close()
    replace_table(half, target)


def _in_order(parts: list[Path], file: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield blocks sorted by index: all before the first row of the next chunk is complete.

    Where a block ends depends on the ledgers alone, so the blocks of all files hold the same images.
    """
    files = [part / f"{file}.parquet" for part in parts]
    # chunks of an earlier version may lack a column; what they do not know is null
    waiting = pa.unify_schemas([read_schema(f) for f in files if f.exists()]).empty_table()
    waiting = waiting if columns is None else waiting.select(list(columns))
    ends = [_first_index(part) for part in parts[1:]] + [np.iinfo(np.int64).max]
    for read, end in zip(files, ends, strict=True):
        if read.exists():
            both = pa.concat_tables([waiting, read_parquet(read, columns)], promote_options="default")
            waiting = both.unify_dictionaries().sort_by("index")
        ready = pc.less(waiting["index"], end)
        yield waiting.filter(ready)
        waiting = waiting.filter(pc.invert(ready))
