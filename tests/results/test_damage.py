"""A bit that changed is never a number: readers refuse it, caches find it anew, and verify names it."""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from emocam.errors import SettingError
from emocam.results.file_list import read_file_list
from emocam.results.run import Run

Command = Callable[..., int]
PACKAGE = Path(__file__).parents[2] / "emocam"
QUICK = (
    "logger=null",
    "~callback.stability",
    "data.workers=0",
    "quiet=true",
    "cam=gradcam",
    "data.images=12",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with its report; each test harms a copy."""
    from emocam.api.run import run

    folder = tmp_path_factory.mktemp("whole") / "run"
    run(*QUICK, "cache=null", f"hydra.run.dir={folder}")
    return folder


@pytest.fixture
def harmed(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "run", copy_function=shutil.copy2)


def flip(file: Path, byte: int) -> None:
    content = bytearray(file.read_bytes())
    content[byte] ^= 1
    file.write_bytes(bytes(content))


def cut_csv(file: Path) -> None:
    lines = file.read_text().splitlines(True)
    file.write_text("".join(lines[: len(lines) // 2]))


def another_number(file: Path, column: int) -> None:
    """Of the second row."""
    lines = file.read_text().splitlines()
    cells = lines[2].split(",")
    cells[column] = str(float(cells[column] or 0) + 1).removesuffix(".0")
    file.write_text("\n".join([*lines[:2], ",".join(cells), *lines[3:]]) + "\n")


def another_share(file: Path) -> None:
    table = pd.read_parquet(file)
    table.loc[3, "kept"] += 1
    table.to_parquet(file, index=False)


def other_evidence(file: Path) -> None:
    """Rewritten as a whole table, with other importances."""
    table = pq.read_table(file)
    column = table.schema.get_field_index("importance")
    changed = 1 - table["importance"].to_numpy()
    pq.write_table(table.set_column(column, table.schema.field(column), [changed]), file)


HARMS: dict[str, tuple[str, Callable[[Path], None], list[str]]] = {
    "a count": (
        "association.csv",
        lambda f: another_number(f, 1),
        [r"association.csv, line 3 \(\w+.*\), \w+: \d+"],
    ),
    "a share": (
        "association_percent.csv",
        lambda f: another_number(f, 1),
        [r"association_percent.csv, line 3"],
    ),
    "a label": ("labels.csv", lambda f: another_number(f, 1), [r"labels.csv, line 3 \(\w+\), images"]),
    "half a matrix": ("association.csv", cut_csv, ["association.csv has .* rows"]),
    "half the cells": ("cells.csv", cut_csv, ["cells.csv has .* rows"]),
    "a cell": ("cells.parquet", another_share, [r"cells.parquet, line 5 \(.* / .*\), kept"]),
    "no cells": ("cells.parquet", Path.unlink, ["cells.parquet is gone"]),
    "no page": ("report/index.html", Path.unlink, ["report/index.html is gone"]),
    "no summary page": ("summary.html", Path.unlink, ["summary.html is gone"]),
    "other evidence": ("evidence.parquet", other_evidence, ["evidence.parquet has", "association.csv, line"]),
    "a bit of a map": ("maps.parquet", lambda f: flip(f, f.stat().st_size // 2), ["maps.parquet"]),
}


@pytest.mark.parametrize("harm", HARMS)
def test_verify_names_the_file_and_the_row(
    emocam: Command, harmed: Path, harm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, change, told = HARMS[harm]
    change(harmed / name)
    for with_list in (True, False):  # a run of before there was a list is counted again all the same
        if not with_list:
            (harmed / "files.json").unlink()
        status = emocam("verify", str(harmed))
        said = capsys.readouterr().err
        if with_list or any(re.search(pattern, said) for pattern in told):
            assert status == 1, harm
        if with_list:
            assert all(re.search(pattern, said) for pattern in told), said
            assert f"{name} " in said or f"{name}," in said


def test_a_whole_run_and_files_of_a_user_are_no_fault(
    emocam: Command, harmed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (harmed / "notes.txt").write_text("mine")
    assert emocam("verify", str(harmed)) == 0
    assert "no files.json" not in capsys.readouterr().out
    listed = read_file_list(harmed)
    here = {file.relative_to(harmed).as_posix() for file in harmed.rglob("*") if file.is_file()}
    assert listed and set(listed) == here - {"files.json", "notes.txt"}
    (harmed / "files.json").unlink()
    assert emocam("verify", str(harmed)) == 0
    assert "it has no files.json" in capsys.readouterr().out


def test_no_bit_of_a_page_is_read_over(harmed: Path) -> None:
    """All positions would take long: every column's pages are hit, and each is told."""
    file = harmed / "evidence.parquet"
    content, metadata = file.read_bytes(), pq.read_metadata(file)
    chunks = [metadata.row_group(0).column(column) for column in range(metadata.num_columns)]
    draw = np.random.default_rng(0)
    for chunk in chunks:
        # after the head of the page, whose own fields no checksum covers
        start = chunk.data_page_offset + 60
        end = chunk.data_page_offset + chunk.total_compressed_size
        if start >= end:
            continue
        flip(file, int(draw.integers(start, end)))
        with pytest.raises(SettingError, match=r"evidence\.parquet is damaged"):
            _ = Run(harmed).evidence
        file.write_bytes(content)


def test_tables_are_read_and_written_through_one_door() -> None:
    direct = re.compile(
        r"pq\.(read_table|read_schema|read_metadata|ParquetFile|write_table|ParquetWriter)\(|pd\.read_parquet\(|\.to_parquet\("
    )
    users_own = (PACKAGE / "data/annotations/rows.py", *(PACKAGE / "data/corpus").glob("*.py"))
    doors = (PACKAGE / "results/parquet_file.py", *users_own)
    found = [
        f for f in PACKAGE.rglob("*.py") if f not in doors and direct.search(f.read_text(encoding="utf-8"))
    ]
    assert not found


def test_a_lender_with_a_bit_that_changed_lends_nothing(
    emocam: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*QUICK, "~callback.report", "cache=kept")
    assert emocam(*words, "hydra.run.dir=one") == 0
    file = Path("one/evidence.parquet")
    times = file.stat()
    flip(file, 300)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    capsys.readouterr()
    assert emocam(*words, "hydra.run.dir=two") == 0
    assert capsys.readouterr().err.count("were changed or damaged since it finished; nothing is taken") == 1
    assert "evidence_from" not in json.loads(Path("two/summary.json").read_text())


@pytest.mark.slow
def test_rows_of_the_store_that_changed_are_found_anew(
    emocam: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables of two bytes that differ, of rows that are empty, and a file that is no store."""
    words = ("logger=null", "~callback.report", "data.workers=0", "quiet=true", "data.images=6", "cache=kept")
    words += (
        "detector=torchvision",
        "detector.model=ssdlite320_mobilenet_v3_large",
        "detector.weights=random",
    )
    shutil.rmtree("kept", ignore_errors=True)
    assert emocam(*words, "hydra.run.dir=one") == 0
    (store,) = Path("kept/detections").glob("*.sqlite")
    expected = pd.read_parquet("one/evidence.parquet")

    def harm_rows(sql: str) -> None:
        with sqlite3.connect(store) as opened:
            opened.execute(sql)
        opened.close()

    def no_store() -> None:
        for file in store.parent.glob("*"):
            file.unlink()
        store.write_bytes(b"no store" * 999)

    harms = [
        lambda: harm_rows(
            "UPDATE sealed_regions SET score = substr(score, 1, 3) || x'41' || substr(score, 5)"
        ),
        lambda: harm_rows("UPDATE sealed_regions SET boxes = x'', object = x'', score = x''"),
        lambda: harm_rows("UPDATE sealed_regions SET side = 3"),
        lambda: harm_rows("DROP TABLE sealed_regions"),
        no_store,
    ]
    for number, harm in enumerate(harms):
        harm()
        shutil.rmtree("kept/evidence", ignore_errors=True)
        capsys.readouterr()
        assert emocam(*words, f"hydra.run.dir=again{number}") == 0
        told = capsys.readouterr().err
        assert told.count("cache: ") == (number != 3), told  # a table that is not there is made
        found = pd.read_parquet(f"again{number}/evidence.parquet")
        pd.testing.assert_frame_equal(found, expected)
