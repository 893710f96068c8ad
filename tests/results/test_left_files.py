"""What an earlier command left in a run's folder goes, and what a person put there stays."""

import os
from pathlib import Path

import pytest

from emocam.results.left_files import files_left, remove_incomplete, remove_left

OURS = (
    *("association.csv", "cells.parquet", "cells_truth.csv", "effect.parquet", "trying/key", "paste.csv"),
    *("flips/1.png", "report/index.html", "report/thumbnails/000/000001.webp", "summary.json", "grid.png"),
)
THEIRS = (
    "notes.txt",
    "pictures/a.jpg",
    "my report/index.html",
    "weights.pth",
    "evidence.parquet",
    ".hydra/x.yaml",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*OURS, *THEIRS, "files.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("earlier")
    return tmp_path


def there(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_what_was_not_written_again_goes_and_its_empty_folders(folder: Path) -> None:
    remove_left(folder, files_left(folder), kept=())
    assert there(folder) == set(THEIRS)
    assert not (folder / "report").exists() and not (folder / "flips").exists()


def test_what_was_written_again_stays_though_of_one_size_and_second(folder: Path) -> None:
    left = files_left(folder)
    before = (folder / "association.csv").stat()
    half = folder / "association.tmp"
    half.write_text("EARLIER")
    os.utime(half, ns=(before.st_atime_ns, before.st_mtime_ns))
    half.replace(folder / "association.csv")
    (folder / "report" / "new.html").write_text("now")
    remove_left(folder, left, kept=())
    assert there(folder) == {*THEIRS, "association.csv", "report/new.html"}


def test_what_is_still_asked_for_stays(folder: Path) -> None:
    remove_left(folder, files_left(folder), kept=("effect.parquet", "flips"))
    assert there(folder) == {*THEIRS, "effect.parquet", "flips/1.png"}


def test_nothing_goes_where_no_run_was_begun(folder: Path) -> None:
    (folder / ".hydra" / "x.yaml").unlink()
    (folder / ".hydra").rmdir()
    remove_left(folder, files_left(folder), kept=())
    assert there(folder) == {*OURS, *THEIRS} - {".hydra/x.yaml"}


def test_tables_without_predictions_are_no_run_s(folder: Path) -> None:
    (folder / "maps.parquet").write_text("of another run")
    (folder / "predictions.parquet").write_text("whole")
    remove_incomplete(folder)
    assert (folder / "maps.parquet").exists()
    (folder / "predictions.parquet").unlink()
    remove_incomplete(folder)
    assert not (folder / "maps.parquet").exists() and not (folder / "evidence.parquet").exists()
