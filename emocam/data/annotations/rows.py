"""Tables as CSV or Parquet: every cell as text or number, every fault with its line."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from emocam.data.annotations.source import Source
from emocam.errors import SettingError
from emocam.settings.read_files import noted

PARQUET = b"PAR1"
UTF8 = "utf-8-sig"


def is_parquet(file: Path) -> bool:
    with noted(file).open("rb") as opened:
        return opened.read(4) == PARQUET


def separator(header: str) -> str:
    """Return what the first line is divided by: comma, semicolon or tab."""
    return max(",;\t", key=header.count)


def read_rows(source: Source, encoding: str = UTF8) -> pd.DataFrame:
    """Read all columns as they are in Parquet, as text in CSV, where nothing is guessed from it."""
    try:
        source.check_file()
        return pd.read_parquet(noted(source.file)) if is_parquet(source.file) else _read_csv(source, encoding)
    except SettingError:
        raise
    except Exception as error:  # both parsers raise kinds of their own
        raise source.unreadable("a table, CSV or Parquet", error) from None


def _read_csv(source: Source, encoding: str) -> pd.DataFrame:
    with noted(source.file).open(encoding=encoding, newline="") as opened:
        header = opened.readline()
        opened.seek(0)
        width = 0
        for row in (lines := csv.reader(opened, delimiter=separator(header), skipinitialspace=True)):
            width = width or len(row)
            if len(row) > width:  # pandas would drop what is beyond
                raise source.fault(f"line {lines.line_num}", f"of {width} cells as the header", row)
    return pd.read_csv(
        noted(source.file),
        dtype=str,
        keep_default_na=False,
        sep=separator(header),
        encoding=encoding,
        skipinitialspace=True,
        index_col=False,
    )


def find_column(source: Source, table: pd.DataFrame, names: Iterable[str]) -> str:
    """Return the first column with one of these names, whatever its capitals; of two nobody knows which is meant."""
    names = list(names)
    given: dict[str, list[str]] = {}
    for column in table.columns:
        given.setdefault(str(column).strip().lower(), []).append(column)
    for name in names:
        # pandas calls the second column of a name so
        if found := given.get(name.lower(), []) + given.get(f"{name.lower()}.1", []) * (
            name.lower() in given
        ):
            if len(found) > 1:
                raise source.fault("the header", f"one with a single column {name}", list(map(str, found)))
            return found[0]
    raise source.fault("the header", f"one with a column {' or '.join(names)}", list(map(str, table.columns)))


def place(row: int) -> str:
    """Return the line of a row as a spreadsheet counts: the header is line 1."""
    return f"line {row + 2}"


def texts(source: Source, table: pd.DataFrame, column: str, empty: bool = False) -> list[str]:
    """Return the texts of a column, none of them empty unless `empty`."""
    found = ["" if value is None or value != value else str(value).strip() for value in table[column]]
    if not empty and "" in found:
        row = found.index("")
        raise source.fault(f"{place(row)}, {column}", "not empty", table[column].iloc[row])
    return [text.encode("utf-8", "backslashreplace").decode("utf-8") for text in found]


def numbers(source: Source, table: pd.DataFrame, column: str, empty: bool = False) -> np.ndarray:
    """Return the numbers of a column, float64 (rows,); NaN where a cell is empty and may be."""
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    void = table[column].isna() | (table[column].astype(str).str.strip() == "")
    bad = ~np.isfinite(values) & ~(void.to_numpy() & empty)
    if bad.any():
        row = int(bad.argmax())
        raise source.fault(f"{place(row)}, {column}", "a number", table[column].iloc[row])
    return values
