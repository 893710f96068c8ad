"""The grid's matrices are those of replays at the same thresholds."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from emocam.results.run import Run

Command = Callable[..., int]
QUICK = ("logger=null", "~callback.report", "data.workers=0")


def test_grid_holds_the_matrix_of_each_pair(emocam: Command) -> None:
    emocam(*QUICK, "+cam=gradcam", "data.images=16", "hydra.run.dir=run")
    assert (
        emocam(
            *QUICK,
            "task=grid",
            "evidence=run",
            "task.score=[0.5]",
            "task.importance=[0.6,0.1]",
            "hydra.run.dir=grid",
        )
        == 0
    )
    table = pd.read_parquet("grid/grid.parquet")
    assert sorted(table["importance"].unique()) == [0.1, 0.6]
    for importance in (0.1, 0.6):
        emocam(
            *QUICK, "task=replay", "evidence=run", "threshold.score=0.5", f"threshold.importance={importance}",
            f"hydra.run.dir=replay{importance}",
        )  # fmt: skip
        replayed = pd.read_csv(f"replay{importance}/association.csv", index_col="object")
        rows = table[table["importance"] == importance]
        square = rows.pivot(index="object", columns="label", values="count")
        square = square.reindex(index=replayed.index, columns=replayed.columns).fillna(0)
        assert (square.to_numpy() == replayed.to_numpy()).all()
    assert Path("grid/grid.png").stat().st_size > 5000
    assert list(pd.read_csv("grid/grid.csv")) == ["score", "importance", "kept", "cells", "similarity"]


def test_thresholds_outside_of_the_unit_are_told(
    emocam: Command, finished_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    finished_run("run")
    assert emocam(*QUICK, "task=grid", "evidence=run", "task.score=[2]", "hydra.run.dir=grid") == 1
    assert "task.score must be a list of thresholds in [0, 1], got [2]" in capsys.readouterr().err


def test_a_chance_leaves_no_importance_to_vary(
    emocam: Command, finished_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    finished_run("run")
    assert emocam(*QUICK, "task=grid", "evidence=run", "threshold.chance=0.05", "hydra.run.dir=grid") == 1
    assert (
        "task=grid varies threshold.importance, and threshold.chance=0.05 takes its place; "
        "leave it at threshold.chance=null"
    ) in capsys.readouterr().err
