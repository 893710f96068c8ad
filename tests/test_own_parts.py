"""The pages of docs/how-to/ on parts of one's own: each file is written and each command is run as printed."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

PAGES = Path(__file__).parents[1] / "docs/how-to"
FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
FOUND: dict[str, Callable[[pd.DataFrame, pd.DataFrame], bool]] = {
    "own-classifier": lambda predictions, evidence: set(predictions.label) <= {"calm", "lively"},
    "own-cam": lambda predictions, evidence: evidence.importance.between(0, 1).all(),
    "own-detector": lambda predictions, evidence: set(evidence.object) <= {"Red", "Green", "Blue"},
    "own-data": lambda predictions, evidence: set(predictions.truth) == {"left", "right"},
    "own-importance": lambda predictions, evidence: evidence.importance.between(0, 1).all(),
    "own-change": lambda predictions, evidence: len(predictions) == 40,
    "own-callback": lambda predictions, evidence: len(predictions) == 40,
}
"""What a run leaves that only the part of the page can have made."""


def write_files(page: str, folder: Path) -> list[str]:
    """The modules among them."""
    for name, content in FILE.findall(page):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return [file.stem for file in folder.glob("*.py")]


def test_every_page_of_a_part_is_tried() -> None:
    assert {page.stem for page in PAGES.glob("own-*.md")} == set(FOUND)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_a_page_does_what_it_says(name, emocam, tmp_path, monkeypatch, capsys):
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    modules = write_files(page, tmp_path)
    assert modules
    monkeypatch.setattr(sys, "path", [*sys.path])
    commands = [shlex.split(line) for block in SHELL.findall(page) for line in block.splitlines()]
    assert all(command[:3] == ["python", "-m", "emocam"] for command in commands) and len(commands) >= 2
    for number, command in enumerate(commands):
        folder = tmp_path / f"run{number}"
        where = "hydra.sweep.dir" if "-m" in command[3:] else "hydra.run.dir"
        status = emocam(*command[3:], f"{where}={folder}", "logger=null", "quiet=true", "trainer=cpu")
        assert status == 0, capsys.readouterr().err
        runs = [file.parent for file in folder.rglob("predictions.parquet")]
        assert len(runs) == (2 if where == "hydra.sweep.dir" else 1)
        for run in runs:
            found = [pd.read_parquet(run / f"{table}.parquet") for table in ("predictions", "evidence")]
            assert len(found[0]) in (20, 24, 40) and len(found[1]) and FOUND[name](*found)
    for module in modules:
        sys.modules.pop(module, None)


@pytest.mark.parametrize("name", FOUND)
def test_a_module_that_is_not_allowed_is_not_even_imported(name, emocam, tmp_path, capsys, monkeypatch):
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    (module, *_) = [file for file, _ in FILE.findall(page)]
    (tmp_path / module).write_text("raise AssertionError('this was run')")
    monkeypatch.syspath_prepend(tmp_path)
    command = shlex.split(SHELL.findall(page)[0])
    words = [word for word in command[3:] if not word.startswith("allow=")]
    assert emocam(*words, "logger=null", "quiet=true") == 1
    told = capsys.readouterr().err
    assert "_target_ must name a class of emocam or of a module in allow=[...] on the command line" in told
    assert "Traceback" not in told and told.count("\n") == 1
