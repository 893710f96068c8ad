"""Parquet with a checksum of each page: written so everywhere, and held to it wherever it is read.

A table is one file, or a folder of parts: whoever reads here need not know which.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from emocam.errors import SettingError
from emocam.results.parts import MANIFEST, Manifest, gone, is_in_parts, read_manifest


@contextmanager
def told_if_damaged(file: Path) -> Iterator[None]:
    """Turn what is wrong with the bytes of a table into a sentence that names the file."""
    try:
        yield
    except FileNotFoundError:
        if (file.parent / MANIFEST).is_file():
            raise gone(file) from None
        raise
    except (OSError, pa.ArrowInvalid) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's fault, not the table's
            raise
        reason = " ".join(str(error).split())[:160]
        run = file.parents[1] if (file.parent / MANIFEST).is_file() else file.parent
        raise SettingError(
            f"{file} is damaged ({reason}); `emocam verify {run}` tells what else is, and the same command "
            "in another folder makes it again"
        ) from None


def has_table(file: Path) -> bool:
    """Return whether a table is there, as one file or as a folder of parts."""
    return file.is_file() or (file / MANIFEST).is_file()


def open_parquet(file: Path, **options: Any) -> "pq.ParquetFile | OpenParts":
    """Open a table to be read row group by row group, each held to its checksums."""
    if is_in_parts(file):
        return OpenParts(file, options)
    return _open_file(file, options)


def _open_file(file: Path, options: Mapping[str, Any]) -> "Checked":
    with told_if_damaged(file):
        return Checked(file, page_checksum_verification=True, **options)


class Checked(pq.ParquetFile):
    """An open table whose faults are told by the file's name."""

    def __init__(self, file: Path, **options: Any) -> None:
        super().__init__(file, **options)
        self.file = file

    def read_row_group(self, i: int, columns: Sequence[str] | None = None, **options: Any) -> pa.Table:
        with told_if_damaged(self.file):
            return super().read_row_group(i, columns, **options)

    def iter_batches(self, *given: Any, **options: Any) -> Iterator[pa.RecordBatch]:
        with told_if_damaged(self.file):
            yield from super().iter_batches(*given, **options)


class OpenParts:
    """An open table in parts: its row groups are those of the parts, one after the other; one part is open."""

    def __init__(self, table: Path, options: Mapping[str, Any]) -> None:
        self.manifest, self.options = read_manifest(table), options
        self.ends = list(accumulate(part.row_groups for part in self.manifest.parts))
        self._number = -1
        self._opened: Checked | None = None

    @property
    def num_row_groups(self) -> int:
        return self.ends[-1]

    @property
    def schema_arrow(self) -> pa.Schema:
        return self._part(0).schema_arrow.with_metadata(dict(self.manifest.metadata))

    def read_row_group(self, i: int, columns: Sequence[str] | None = None, **options: Any) -> pa.Table:
        number = bisect_right(self.ends, i)
        first = self.ends[number - 1] if number else 0
        return self._part(number).read_row_group(i - first, columns, **options)

    def iter_batches(self, *given: Any, **options: Any) -> Iterator[pa.RecordBatch]:
        for number in range(len(self.ends)):
            yield from self._part(number).iter_batches(*given, **options)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        return read_parquet(self.manifest.table, columns)

    def _part(self, number: int) -> "Checked":
        if number != self._number or self._opened is None:
            opened = _open_file(self.manifest.file(number), self.options)
            check_rows_of_part(
                self.manifest, number, opened.metadata.num_rows, opened.metadata.num_row_groups
            )
            self._number, self._opened = number, opened
        return self._opened


def read_stretch(file: Path, column: str, start: int, stop: int) -> pa.ChunkedArray:
    """Read a column's rows from `start` to `stop` of one file; its other row groups are not read."""
    footer = read_footer(file)
    lengths = [footer.row_group(group).num_rows for group in range(footer.num_row_groups)]
    ends = list(accumulate(lengths))
    groups = range(bisect_right(ends, start), bisect_right(ends, stop - 1) + 1)
    first = ends[groups[0]] - lengths[groups[0]]
    with told_if_damaged(file):
        rows = _open_file(file, {}).read_row_groups(list(groups), [column])
    return rows[column].slice(start - first, stop - start)


def check_rows_of_part(manifest: Manifest, number: int, rows: int, row_groups: int | None = None) -> None:
    """Check that a part has the rows, and row groups, that its manifest says."""
    part = manifest.parts[number]
    if rows != part.rows or row_groups not in (None, part.row_groups):
        raise SettingError(
            f"{manifest.table / MANIFEST} says {part.rows:,} rows of {part.name}, in {part.row_groups:,} groups, and "
            f"there are {rows:,}; `emocam merge` of the shards makes it again"
        )


def read_schema(file: Path) -> pa.Schema:
    """Read the names and types of a table's columns, and its metadata."""
    if is_in_parts(file):
        manifest = read_manifest(file)
        return read_schema(manifest.file(0)).with_metadata(dict(manifest.metadata))
    with told_if_damaged(file):
        return pq.read_schema(file)


def count_rows(file: Path) -> int:
    """Read how many rows a table has."""
    if is_in_parts(file):
        return read_manifest(file).rows
    return int(read_footer(file).num_rows)


def read_footer(file: Path) -> pq.FileMetaData:
    """Read what the end of a file says of its rows and row groups."""
    with told_if_damaged(file):
        return pq.read_metadata(file)


def read_parquet(file: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, or some of its columns."""
    if is_in_parts(file):
        manifest = read_manifest(file)
        parts = []
        for number in range(len(manifest.parts)):
            parts.append(read_parquet(manifest.file(number), columns))
            check_rows_of_part(manifest, number, len(parts[-1]))
        whole = pa.concat_tables(parts, promote_options="default").unify_dictionaries()
        return whole.replace_schema_metadata(dict(manifest.metadata))
    with told_if_damaged(file):
        named = None if columns is None else list(columns)
        return pq.read_table(file, columns=named, page_checksum_verification=True)


def read_frame(file: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table as a DataFrame."""
    if is_in_parts(file):
        return read_parquet(file, columns).to_pandas()
    with told_if_damaged(file):
        return pd.read_parquet(
            file, columns=None if columns is None else list(columns), page_checksum_verification=True
        )


def write_parquet(table: pa.Table, file: Path, **options: Any) -> None:
    """Write a table."""
    pq.write_table(table, file, write_page_checksum=True, **options)


def write_frame(frame: pd.DataFrame, file: Path) -> None:
    """Write a DataFrame without its index."""
    frame.to_parquet(file, index=False, write_page_checksum=True)


def parquet_writer(file: Path, schema: pa.Schema, **options: Any) -> pq.ParquetWriter:
    """Open a table to be written in parts."""
    return pq.ParquetWriter(file, schema, write_page_checksum=True, **options)
