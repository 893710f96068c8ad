"""The one writer of CSV files: they are for spreadsheets, where a cell may be a formula."""

import csv
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def without_formula(text: str) -> str:
    """Return a text with an apostrophe where it would begin a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _plain(value: object) -> object:
    return without_formula(value) if isinstance(value, str) else value


def write_csv(table: pd.DataFrame, file: Path, index: bool = True) -> None:
    """Write a CSV file; text that would begin a formula gets an apostrophe, which Parquet files have not."""
    safe = table.apply(lambda column: column.map(_plain) if column.dtype.kind not in "biuf" else column)
    safe = safe.rename(index=_plain, columns=_plain)
    half = file.with_suffix(".tmp")
    quoting = csv.QUOTE_NONNUMERIC if _breaks_lines(safe, index) else csv.QUOTE_MINIMAL
    safe.to_csv(half, index=index, lineterminator="\n", quoting=quoting)
    half.replace(file)


def _breaks_lines(table: pd.DataFrame, index: bool) -> bool:
    """Return whether a text has a carriage return, which begins a line for a reader, and no quotes for a writer."""
    texts: list[Iterable[object]] = [
        table[name] for name in table.columns if table[name].dtype.kind not in "biuf"
    ]
    texts += [table.columns, *([table.index] if index else [])]
    return any("\r" in value for column in texts for value in column if isinstance(value, str))
