"""A folder that somebody else wrote is read, or refused in one sentence that names the file and what is odd."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.errors import SettingError
from emocam.results.run import Run
from emocam.results.verify import folder_faults

RUNS = Path(__file__).parents[1] / "data/runs"
OLD = sorted(folder for folder in RUNS.iterdir() if folder.is_dir())[-1]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return shutil.copytree(OLD, tmp_path / "run")


def rewrite(file: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    table = pq.read_table(file)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), file)


def rename(folder: Path, **names: object) -> None:
    table = pq.read_table(folder / "predictions.parquet")
    told = json.loads(table.schema.metadata[b"emocam"]) | names
    written = table.replace_schema_metadata({b"emocam": json.dumps(told).encode()})
    pq.write_table(written, folder / "predictions.parquet")


def with_column(name: str, values: Callable[[int], object]) -> Callable[[pa.Table], pa.Table]:
    return lambda t: t.set_column(
        t.schema.get_field_index(name), name, pa.array([values(i) for i in range(len(t))])
    )


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ({"labels": "abc"}, "must name its labels and objects, each once"),
        ({"labels": ["Joy", "Joy"]}, "must name its labels and objects, each once"),
        ({"labels": ["Joy"]}, "logits must be 1 numbers, one a label"),
        ({"objects": [1]}, "must name its labels and objects, each once"),
        ({"many": [0.5]}, "says of many labels a picture, and has no list of them"),
        ({"asked": "Nobody"}, "was asked about 'Nobody', which is none of its labels"),
    ],
)
def test_names_that_do_not_fit_are_told(run: Path, names: dict, told: str) -> None:
    rename(run, **names)
    with pytest.raises(SettingError, match=told):
        _ = Run(run).names


@pytest.mark.parametrize(
    ("table", "change", "told"),
    [
        ("predictions", lambda t: t.drop_columns("logits"), "predictions.parquet has no column logits"),
        ("evidence", lambda t: t.drop_columns("x1"), "evidence.parquet has no column x1"),
        ("evidence", with_column("score", str), "evidence.parquet: score must be numbers, got string"),
        ("evidence", with_column("image", int), "evidence.parquet: image must be text, got int64"),
    ],
)
def test_columns_that_are_not_ours_are_told(run: Path, table: str, change: Callable, told: str) -> None:
    rewrite(run / f"{table}.parquet", change)
    with pytest.raises(SettingError, match=told):
        _ = Run(run).names


def test_maps_of_another_size_than_they_say_are_told(run: Path) -> None:
    rewrite(run / "maps.parquet", with_column("height", lambda i: 10**9))
    with pytest.raises(SettingError, match=r"maps\.parquet: a map says that it has 1000000000 x"):
        list(Run(run).explanations())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1]", "must hold names with what they say"),
        ('{"choices": [1]}', "choices and thresholds"),
        ("{", "cannot be read"),
    ],
)
def test_a_summary_that_is_none_is_told(run: Path, text: str, told: str) -> None:
    (run / "summary.json").write_text(text)
    with pytest.raises(SettingError, match=told):
        _ = Run(run).summary
    assert any(told in fault for fault in folder_faults(run))


def test_what_a_truth_says_is_read_in_the_run_s_folder_alone(run: Path, tmp_path: Path) -> None:
    shutil.move(run / "truth.json", tmp_path / "elsewhere.json")
    told = json.loads((run / "summary.json").read_text()) | {"truth": "../elsewhere.json"}
    (run / "summary.json").write_text(json.dumps(told))
    assert Run(run).roles == {}


@pytest.mark.parametrize("name", ["summary.json", "files.json", "cells.parquet", "report/odd"])
def test_a_pipe_in_a_folder_is_named_and_never_waited_for(run: Path, name: str) -> None:
    (run / name).unlink(missing_ok=True)
    (run / name).parent.mkdir(exist_ok=True)
    os.mkfifo(run / name)
    assert list(folder_faults(run)) == [f"{name} is no file, but a pipe, a socket or a device"]


@pytest.mark.parametrize("name", ["../../secret", "/etc/hostname", "report/../../x"])
def test_a_list_of_files_leads_to_no_file_beyond_its_folder(run: Path, name: str) -> None:
    listed = {"files": {name: {"sha256": "0", "size": 1}}}
    (run / "files.json").write_text(json.dumps(listed))
    assert f"files.json names {name!r}, which is no file of this folder" in list(folder_faults(run))


def test_a_table_that_is_no_parquet_is_told_by_whoever_asks_for_its_columns(run: Path) -> None:
    (run / "evidence.parquet").write_bytes(b"none")
    with pytest.raises(SettingError, match=r"evidence\.parquet is damaged"):
        _ = Run(run).names
