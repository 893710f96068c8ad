"""The one writer of CSV files: they are for spreadsheets, where a cell may be a formula."""

from pathlib import Path

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def write_csv(table: pd.DataFrame, file: Path, index: bool = True) -> None:
    """Write a CSV file; text that would begin a formula gets an apostrophe, which Parquet files have not."""
    safe = table.apply(lambda column: column.map(_plain) if column.dtype.kind not in "biuf" else column)
    safe = safe.rename(index=_plain, columns=_plain)
    half = file.with_suffix(".tmp")
    safe.to_csv(half, index=index, lineterminator="\n")
    half.replace(file)
