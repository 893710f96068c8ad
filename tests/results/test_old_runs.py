"""Runs that earlier states of EmoCAM left are still read, replayed and verified."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from emocam.results.run import Run

RUNS = Path(__file__).parents[1] / "data/runs"
NAMES = sorted(folder.name for folder in RUNS.iterdir() if folder.is_dir())


@pytest.fixture(params=NAMES)
def old_run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return shutil.copytree(RUNS / request.param, tmp_path / "old")


def slow_association(folder: Path) -> pd.DataFrame:
    """Counts by pandas alone, at the paper's thresholds."""
    rows = pd.read_parquet(folder / "evidence.parquet").astype({"object": str, "label": str})
    rows = rows[(rows["score"] > 0.005) & (rows["importance"] > 0.3)].drop_duplicates(["image", "object"])
    return pd.crosstab(rows["object"], rows["label"])


def test_there_are_runs_of_several_formats() -> None:
    columns = {frozenset(pd.read_parquet(RUNS / name / "evidence.parquet").columns) for name in NAMES}
    assert len(NAMES) >= 4 and len(columns) >= 2


def test_its_tables_and_its_matrix_are_read(old_run: Path) -> None:
    run = Run(old_run)
    assert len(run.predictions) == 12 and run.explained
    found = run.association()
    expected = slow_association(old_run).reindex(index=found.index, columns=found.columns, fill_value=0)
    assert (found.to_numpy() == expected.to_numpy()).all() and found.to_numpy().sum() == 15
    assert (run.matrix.counts == found.to_numpy()).all()
    assert set(run.roles.values()) >= {"cause", "shortcut"}


def test_it_is_replayed_and_leaves_the_same_matrix(old_run: Path, emocam: Callable[..., int]) -> None:
    words = ["task=replay", f"evidence={old_run}", "hydra.run.dir=again", "logger=null", "cache=null"]
    assert emocam(*words) == 0
    assert Path("again/association.csv").read_bytes() == (old_run / "association.csv").read_bytes()
    assert Run("again").cells["kept"].sum() == 15


def test_it_is_verified(old_run: Path, emocam: Callable[..., int]) -> None:
    (old_run / "report").mkdir(exist_ok=True)
    assert emocam("verify", str(old_run)) == 0
