"""What was moved from one picture to another is found by what follows from the rest, without files.json."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.cli.main import answer
from emocam.results.derived_faults import derived_faults
from emocam.results.run import Run

FEW = ("effect.images=2", "effect.least=1", "effect.cells=2", "effect.random=0", "effect.fills=[grey]")
PASTED = ("+paste=erase", "paste.where=[Spider]")
QUICK = (
    "logger=null",
    "cache=null",
    "quiet=true",
    "data.workers=0",
    "~callback.report",
    "~callback.stability",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("rows") / "run"
    words = ("cam=gradcam", "+effect=erase", *FEW, *PASTED, "data.images=10", *QUICK)
    assert answer([*words, f"hydra.run.dir={folder}"]) == 0
    yield folder


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    copy = shutil.copytree(whole, tmp_path / "run")
    (copy / "files.json").unlink()
    return copy


def rewrite(file: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Write a table again, as somebody would who knows its schema and its metadata."""
    old = pq.read_table(file)
    table = pa.Table.from_pandas(change(old.to_pandas()), preserve_index=False).cast(old.schema)
    pq.write_table(table, file)


def swapped(table: pd.DataFrame, columns: list[str], one: int, other: int) -> pd.DataFrame:
    rows = np.arange(len(table))
    rows[[one, other]] = rows[[other, one]]
    moved = table.copy()
    for column in columns:
        moved[column] = table[column].iloc[rows].to_numpy()
    return moved


def two_of(table: pd.DataFrame, column: str) -> tuple[int, int]:
    """Return the first row, and the first that says something else."""
    values = table[column].astype(str).to_numpy()
    return 0, int((values != values[0]).argmax())


def test_a_whole_run_has_no_fault(run: Path) -> None:
    assert list(derived_faults(Run(run))) == []


def test_labels_moved_in_all_tables_at_once_are_held_to_the_logits(run: Path) -> None:
    before = pd.read_parquet(run / "predictions.parquet")
    one, other = two_of(before, "label")
    rewrite(run / "predictions.parquet", lambda t: swapped(t, ["label", "confidence"], one, other))
    after = pd.read_parquet(run / "predictions.parquet").set_index("image")

    def follow(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(**{c: table["image"].map(after[c]).to_numpy() for c in ("label", "confidence")})

    rewrite(run / "evidence.parquet", follow)
    own, given = before["label"][one], after["label"].iloc[one]
    told = f"predictions.parquet, '00000.png': label {given!r}, and its logits give {own!r}"
    assert told in list(derived_faults(Run(run)))


MOVED = {
    "a label": ("predictions", ["label"], "label", "evidence.parquet, '00000.png': label"),
    "logits": ("predictions", ["logits"], "label", "predictions.parquet, '00000.png': label"),
    "a truth": ("predictions", ["truth"], "truth", "summary.json tells of an accuracy of"),
    "a region's label": ("evidence", ["label"], "label", "evidence.parquet, '00000.png': label"),
    "a map": ("maps", ["map"], "image", "evidence.parquet, '00000.png': importance"),
    "maps in another order": ("maps", ["image", "map"], "image", "stands where predictions.parquet has"),
    "an importance": ("evidence", ["importance"], "importance", "'00000.png': importance"),
    "a level of chance": ("evidence", ["chance"], "chance", "'00000.png': chance"),
    "boxes": ("evidence", ["x0", "y0", "x1", "y1"], "x0", "'00000.png': importance"),
    "small pictures": ("thumbnails", ["image"], "image", "thumbnails.parquet, "),
    "a trial's label": ("effect", ["label"], "label", "effect.parquet, "),
    "an answer after a change": ("paste", ["logits_after"], "label_after", "and its logits_after give"),
    "an effect": ("cells", ["effect", "flips"], "effect", "effect and flips: "),
    "a p": ("cells", ["p"], "p", "cells.csv, line 2 "),
}


@pytest.mark.parametrize("what", MOVED)
def test_what_is_moved_to_another_row_is_named(run: Path, what: str) -> None:
    table, columns, differing, told = MOVED[what]
    file = run / f"{table}.parquet"
    rows = pd.read_parquet(file)
    known = rows.dropna(subset=[differing])
    one, other = two_of(known, differing)
    places = rows.index.get_indexer(known.index[[one, other]])
    rewrite(file, lambda t: swapped(t, columns, *places))
    found = list(derived_faults(Run(run)))
    assert any(told in fault for fault in found), found


def test_a_confidence_that_is_not_of_its_logits_is_named(run: Path) -> None:
    rewrite(run / "predictions.parquet", lambda t: t.assign(confidence=np.float32(0.25)))
    found = list(derived_faults(Run(run)))
    assert any("predictions.parquet, '00000.png': confidence 0.2500" in fault for fault in found)
    assert "predictions.parquet: 7 more rows do not follow from the others" in found  # three are named


def test_a_spreadsheet_with_another_number_than_its_table_is_named(run: Path) -> None:
    lines = (run / "confusion.csv").read_text().splitlines()
    lines[1] = lines[1].replace(",", ",1", 1)
    (run / "confusion.csv").write_text("\n".join(lines) + "\n")
    assert any(fault.startswith("confusion.csv, line 2 ") for fault in derived_faults(Run(run)))
