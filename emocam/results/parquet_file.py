"""Parquet with a checksum of each page: written so everywhere, and held to it wherever it is read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from emocam.errors import SettingError


@contextmanager
def told_if_damaged(file: Path) -> Iterator[None]:
    """Turn what is wrong with the bytes of a table into a sentence that names the file."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowInvalid) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's fault, not the table's
            raise
        reason = " ".join(str(error).split())[:160]
        raise SettingError(
            f"{file} is damaged ({reason}); `emocam verify {file.parent}` tells what else is, and the same command "
            "in another folder makes it again"
        ) from None


def open_parquet(file: Path, **options: Any) -> pq.ParquetFile:
    """Open a table to be read in parts, each held to its checksums."""
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


def read_schema(file: Path) -> pa.Schema:
    """Read the names and types of a table's columns, and its metadata."""
    with told_if_damaged(file):
        return pq.read_schema(file)


def count_rows(file: Path) -> int:
    """Read how many rows a table has."""
    with told_if_damaged(file):
        return int(pq.read_metadata(file).num_rows)


def read_parquet(file: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, or some of its columns."""
    with told_if_damaged(file):
        named = None if columns is None else list(columns)
        return pq.read_table(file, columns=named, page_checksum_verification=True)


def read_frame(file: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table as a DataFrame."""
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
