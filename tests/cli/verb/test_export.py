"""`emocam export` writes a folder once, whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emocam.cli.verb.export import FORMATS
from emocam.results.run import Run

Command = Callable[..., int]


def test_export_is_written_once_and_never_over_another(
    emocam: Command, finished_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    finished_run("run", np.zeros((3, 4)), images=3)
    assert emocam("export", "run", "--to", "csv") == 0
    assert "3 pictures and 12 regions" in capsys.readouterr().out
    assert emocam("export", "run", "--to", "csv") == 1
    assert "--out run-csv is there already" in capsys.readouterr().err


def test_export_that_fails_leaves_nothing(
    emocam: Command, finished_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    finished_run("run", np.zeros((3, 4)), images=3)
    for format in FORMATS:
        if format != "csv":
            assert emocam("export", "run", "--to", format) == 1, format
    assert not [path for path in Path().glob("run*") if path.name != "run"]
