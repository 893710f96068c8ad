"""One picture out of a Parquet file: its row group is read, and the last ones are kept."""

import os
import threading
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emocam.data.corpus.parquet_rows import is_damage, open_packed, picture_column, read_group
from emocam.data.corpus.store import Store
from emocam.errors import Damaged, Refused

KEPT = 2
"""Row groups, and open files, that are kept."""
MOST_GROUP = 1 << 31
"""Bytes of a row group that is read whole."""


class ParquetPictures:
    """The pictures in files of a store, read by one thread at a time: each needs its group in memory.

    A process opens its own files: one that was opened before a fork has one place to read at for both.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._files: dict[str, pq.ParquetFile] = {}
        self._groups: dict[tuple[str, int], pa.ChunkedArray] = {}

    def read(self, path: str, group: int, row: int) -> bytes:
        """Return the bytes of the picture in a row of a row group."""
        if self._process != os.getpid():
            self._begin()
        with self._lock:
            column = self._group(path, group)
            value: Any = column[row].as_py()
        if isinstance(value, dict):
            value = value.get("bytes")
        if value is None:
            raise Refused("the table's row holds no picture")
        return bytes(value)

    def _group(self, path: str, group: int) -> pa.ChunkedArray:
        key = (path, group)
        if key not in self._groups:
            self._groups[key] = self._read_again(path, group)
            while len(self._groups) > KEPT:
                del self._groups[next(iter(self._groups))]
        return self._groups[key]

    def _read_again(self, path: str, group: int) -> pa.ChunkedArray:
        """Read a row group; at an address once more where it is damaged, for less may have come than there is."""

        def read() -> pa.ChunkedArray:
            return self.store.trying(lambda: self._read_group(path, group), path)

        try:
            return read()
        except Damaged:
            if self.store.local:
                raise
        if (file := self._files.pop(path, None)) is not None:
            file.close(force=True)
        return read()

    def _read_group(self, path: str, group: int) -> pa.ChunkedArray:
        file = self._file(path)
        if (size := file.metadata.row_group(group).total_byte_size) > MOST_GROUP:
            raise Refused(
                f"lies in a row group of {size:,} bytes, more than {MOST_GROUP:,}; write smaller ones"
            )
        name, kind = picture_column(file.schema_arrow, path)
        try:
            return read_group(file, group, name, "bytes" if kind == "struct" else "")
        except (pa.ArrowException, OSError) as error:
            if not is_damage(error):
                raise
            words = " ".join(str(error).split())[:120]
            raise Damaged(f"its row group {group} of {path} cannot be read ({words})") from None

    def _file(self, path: str) -> pq.ParquetFile:
        if path not in self._files:
            self._files[path] = open_packed(self.store.system.open(path, "rb"))
            while len(self._files) > KEPT:
                self._files.pop(next(iter(self._files))).close(force=True)
        return self._files[path]
