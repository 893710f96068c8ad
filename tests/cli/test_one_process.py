"""One process writes to a run's folder: a second is refused, and what a killed one left is taken over."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from emocam.results.verify import folder_faults
from emocam.system.run_lock import LOCK

ROOT = Path(__file__).parents[2]
WORDS = ("cam=gradcam", "data.images=120", "data.workers=0", "quiet=true", "~callback.report", "cache=null")


def start(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "emocam", *WORDS, *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def digests(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file() and file.name != LOCK}


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(3))
def test_of_two_started_together_one_does_the_work_and_one_is_told(
    emocam: Callable[..., int], attempt: int
) -> None:
    both = [start("logger=null", "hydra.run.dir=run"), start("logger=null", "hydra.run.dir=run")]
    errors = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], errors
    (told,) = [error for process, error in zip(both, errors, strict=True) if process.returncode]
    assert told.count("\n") == 1 and "run is in use by another emocam (process" in told
    assert len(pd.read_parquet("run/evidence.parquet", columns=["image"])["image"].unique()) <= 120
    assert len(pd.read_parquet("run/ledger.parquet")) == 120 and not list(folder_faults(Path("run")))
    assert not Path("run", LOCK).exists()


def test_a_second_command_touches_nothing_and_a_killed_one_is_ended(
    emocam: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = start("hydra.run.dir=run")
    while not (tmp_path / "run/.tracking.json").exists() and first.poll() is None:
        time.sleep(0.05)
    before = digests(Path("run/.hydra"))
    assert emocam(*WORDS, "seed=7", "hydra.run.dir=run") == 1
    assert "is in use by another emocam" in capsys.readouterr().err
    assert before and digests(Path("run/.hydra")) == before
    first.kill()
    first.communicate()
    assert first.returncode == -9 and Path("run", LOCK).exists()

    assert emocam(*WORDS, "hydra.run.dir=run") == 0
    store = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    runs = store.search_runs(["1"], order_by=["attributes.start_time ASC"])
    assert [run.info.status for run in runs] == ["KILLED", "FINISHED"]
    assert not Path("run", LOCK).exists() and not list(folder_faults(Path("run")))


def test_settings_of_a_finished_run_stay_when_a_command_of_others_is_refused(
    emocam: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("logger=null", "~callback.report", "data.images=4", "hydra.run.dir=run")
    assert emocam(*words, "cam=gradcam") == 0
    before = digests(Path("run"))
    assert emocam(*words, "cam=layercam") == 1
    assert "holds a run of other settings" in capsys.readouterr().err
    assert digests(Path("run")) == before
