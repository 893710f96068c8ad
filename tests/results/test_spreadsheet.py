"""A CSV file has as many rows as its table, whatever its names hold, and no cell that begins a formula."""

import csv
from pathlib import Path

import pandas as pd

from emocam.results.spreadsheet import write_csv

NAMES = [
    "a\rb",
    "a\nb",
    "a\r\nb",
    'a"b',
    "a,b",
    "'",
    "=1+1",
    "\rstart",
    " a ",
    "日本\u2028x",
    "a\x1b[31m",
    "",
]


def read(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.reader(opened))


def test_names_that_break_lines_stay_in_their_cell(tmp_path: Path) -> None:
    safe = [f"'{name}" if name[:1] in ("=", "\r") and name else name for name in NAMES]
    numbers = pd.DataFrame({name: range(len(NAMES)) for name in NAMES}, pd.Index(NAMES, name="object"))
    write_csv(numbers, tmp_path / "a.csv")
    head, *body = read(tmp_path / "a.csv")
    assert head == ["object", *safe] and [row[0] for row in body] == safe
    assert [list(map(int, row[1:])) for row in body] == numbers.to_numpy().tolist()
    assert pd.read_csv(tmp_path / "a.csv").iloc[:, 1:].to_numpy().tolist() == numbers.to_numpy().tolist()
    write_csv(pd.DataFrame({"name": NAMES, "share": 0.5}), tmp_path / "b.csv", index=False)
    assert read(tmp_path / "b.csv") == [["name", "share"], *([name, "0.5"] for name in safe)]


def test_names_that_break_none_are_written_without_quotes(tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"label": ["Joy", "x y"], "images": [1, 2]}), tmp_path / "a.csv", index=False)
    assert (tmp_path / "a.csv").read_text() == "label,images\nJoy,1\nx y,2\n"
