"""Of a large run the store gets numbers, summary and a link."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emocam.results.parts import MANIFEST
from emocam.runner import large_run
from emocam.runner.description import run_note
from emocam.runner.tracking import Tracking

FILES = ("summary.json", "cells.csv", "summary.html", "predictions.parquet", "report/index.html")
SUMMARY: dict[str, Any] = {"command": "python -m emocam"}


def leave(folder: Path) -> Tracking:
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"12345")
    return Tracking(folder, SimpleNamespace(kind="run"), lambda: None)  # type: ignore[arg-type, return-value]


def test_a_small_run_is_sent_whole(tmp_path: Path) -> None:
    names = {file.name for file in leave(tmp_path)._files()}
    assert names == {"summary.json", "cells.csv", "summary.html", "predictions.parquet", "report"}


@pytest.mark.parametrize("why", ["parts", "bytes"])
def test_of_a_large_run_tables_and_page_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    tracking = leave(tmp_path)
    if why == "bytes":
        monkeypatch.setattr(large_run, "LARGE", 24)
        assert large_run.is_large(tmp_path)
        monkeypatch.setattr(large_run, "LARGE", 25)
        assert not large_run.is_large(tmp_path)
        monkeypatch.setattr(large_run, "LARGE", 24)
    else:
        (tmp_path / "ledger.parquet").mkdir()
        (tmp_path / "ledger.parquet" / MANIFEST).write_text("{}")
    assert {file.name for file in tracking._files()} == {"summary.json", "cells.csv", "summary.html"}
    tracked: Any = SimpleNamespace(id="f00", page=str)
    told = run_note(tracked, SUMMARY, "", large_run.stays(tmp_path))
    assert "tables and page stay in" in told and "emocam open" not in told
    assert "emocam open f00" in run_note(tracked, SUMMARY, "")
