"""The names of a corpus's pictures as a table on disk that is mapped into memory, and read in parts.

However many there are, a worker holds none of them: all processes share the file's pages.
"""

import atexit
import hashlib
import os
import shutil
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emocam.data.corpus.rows import bytes_of_name, name_of_bytes

FOLDER = "listings"
"""Within the folder of the caches."""
PART = 65_536
"""Names that are held as Python's own at once."""
DIGEST = ".sha256"
"""The ending of the file beside a table that a later run takes over."""
UNUSED = 30 * 86_400
"""Seconds after which a table that nobody asks for is removed."""
FEW = 20_000
"""Up to so many names a list is quicker, and no larger than a worker."""


class MappedTable:
    """A table of Arrow's file format, of which single values are read. It is opened when it is first asked."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._opened: tuple[pa.Table, list[int]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"file": self.file, "_opened": None}

    def _table(self) -> tuple[pa.Table, list[int]]:
        if self._opened is None:
            table = pa.ipc.open_file(pa.memory_map(str(self.file))).read_all()
            lengths = [len(chunk) for chunk in table.column(0).chunks]
            starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).tolist()
            self._opened = table, starts
        return self._opened

    def __len__(self) -> int:
        return int(self._table()[0].num_rows)

    def whole(self) -> pa.Table:
        """Return all rows, whose values stay on disk."""
        return self._table()[0]

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """What was written with the table."""
        return dict(self._table()[0].schema.metadata or {})

    def column(self, name: str) -> pa.ChunkedArray:
        """Return a whole column, whose values stay on disk."""
        return self._table()[0][name]

    def value(self, name: str, row: int) -> Any:
        """Return one value."""
        table, starts = self._table()
        part = bisect_right(starts, row) - 1
        return table[name].chunk(part)[row - starts[part]].as_py()


class Listing(Sequence[str]):
    """Names in a table on disk, `places` of them; a slice is a listing of the same table."""

    def __init__(self, table: MappedTable, name_of: Callable[[int], str], places: range) -> None:
        self.table, self.name_of, self.places = table, name_of, places

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "Listing": ...
    def __getitem__(self, place: int | slice) -> "str | Listing":
        if isinstance(place, slice):
            return Listing(self.table, self.name_of, self.places[place])
        return self.name_of(self.places[int(place)])

    def __iter__(self) -> Iterator[str]:
        return map(self.name_of, self.places)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


class Names:
    """The names in the column `path` of a table."""

    def __init__(self, table: MappedTable) -> None:
        self.table = table

    def __call__(self, row: int) -> str:
        return name_of_bytes(self.table.value("path", row))


def listed(parts: Iterable[list[str]], folder: Path | None) -> Sequence[str]:
    """Return all names sorted: few as a list, many as a table on disk, in `folder` or one of this process."""
    few: list[str] = []
    arrays: list[pa.Array] = []
    for part in parts:
        few += part
        if len(few) > FEW or (arrays and len(few) > PART):
            arrays.append(pa.array(map(bytes_of_name, few), pa.large_binary()))
            few = []
    if not arrays:
        return sorted(few)
    arrays.append(pa.array(map(bytes_of_name, few), pa.large_binary()))
    names = pa.chunked_array(arrays)
    del arrays
    order = pc.array_sort_indices(names.combine_chunks())

    def tables() -> Iterator[pa.Table]:
        for start in range(0, len(order), PART):
            yield pa.table({"path": names.take(order[start : start + PART]).combine_chunks()})

    table = write_table(tables(), pa.schema([("path", pa.large_binary())]), folder)
    return Listing(table, Names(table), range(len(table)))


def write_table(
    tables: Iterable[pa.Table], schema: pa.Schema, folder: Path | None, name: str | None = None
) -> MappedTable:
    """Write tables one after the other into a file of this name, or named by its content: it is written once."""
    folder = _made(folder / FOLDER if folder is not None else _own_folder())
    if name is None:  # once a corpus, and not once a shard
        _forget_unused(folder)
    digest = hashlib.sha256(schema.to_string(truncate_metadata=False).encode())
    half = folder / f"{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        with pa.OSFile(str(half), "wb") as out, pa.ipc.new_file(out, schema) as writer:
            for table in tables:
                for batch in table.combine_chunks().to_batches():
                    for column in batch.columns:
                        for buffer in column.buffers():
                            digest.update(buffer or b"")
                    writer.write_batch(batch)
        file = folder / f"{name or digest.hexdigest()[:32]}.arrow"
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)
    return MappedTable(file)


def keep_digest(file: Path) -> None:
    """Write the digest of a table beside it, by which a damaged one is told from the one that was written."""
    half = file.with_name(f"{os.getpid()}-{os.urandom(4).hex()}.tmp")
    half.write_text(_table_digest(file), encoding="ascii")
    half.replace(file.with_suffix(DIGEST))


def is_whole(file: Path) -> bool:
    """Return whether a table has the digest that was written beside it; both count as asked for."""
    try:
        beside = file.with_suffix(DIGEST)
        if beside.read_text(encoding="ascii") != _table_digest(file):
            return False
        for one in (file, beside):
            os.utime(one)
    except (OSError, ValueError):
        return False
    return True


def _table_digest(file: Path) -> str:
    """Return a file's digest."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _forget_unused(folder: Path) -> None:
    """Remove the tables that no run has asked for in a while: corpora change, and theirs stay behind."""
    for file in folder.iterdir():
        with suppress(OSError):  # another process removes it as well
            if file.stat().st_mtime < time.time() - UNUSED:
                file.unlink()


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:  # a cache that cannot be written to only saves time
        pass
    return _own_folder()


def _own_folder() -> Path:
    return _folder_of(os.getpid())


@cache
def _folder_of(process: int) -> Path:
    """Make a folder that goes with this process."""
    folder = Path(tempfile.mkdtemp(prefix="emocam-listing-"))

    def remove() -> None:
        if os.getpid() == process:  # a worker leaves what its parent made
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
