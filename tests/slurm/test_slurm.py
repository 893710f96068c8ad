"""A corpus in many tasks over the jobs of a real SLURM: one is killed, the sweep goes on, and all is merged."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

CLUSTER = Path(__file__).parent / "cluster.py"
WORDS = ("+cam=gradcam", "data.images=7", "data.batch_size=1", "data.workers=0", "quiet=true", "trainer=cpu")
OWN = ("logger=null", "cache=null")
LAUNCHER = ("hydra/launcher=submitit_slurm", "hydra.launcher.timeout_min=5", "hydra.launcher.partition=all")
SWEEP = ("hydra.launcher.array_parallelism=2", "data.shard=all/3", "hydra.sweep.dir=sweep")


def load_cluster() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cluster", CLUSTER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def slurm(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    cluster = load_cluster()
    if not cluster.there():
        pytest.skip("needs slurm-wlm and munge, and to be root")
    with ExitStack() as up:
        try:
            where = up.enter_context(cluster.one_node(tmp_path_factory.mktemp("slurm") / "cluster"))
        except cluster.NotUpError as error:
            pytest.skip(str(error))
        for name, value in where.items():
            monkeypatch.setenv(name, value)
        yield cluster


def kill_first_task(cluster: ModuleType) -> None:
    """Kill the job of the first shard as soon as it runs, as a scheduler does that is short of memory."""

    def first() -> list[str]:
        running = cluster.said(["squeue", "-h", "-r", "-t", "R", "-o", "%i %K"], {}).split("\n")
        return [line.split()[0] for line in running if line.endswith(" 0")]

    assert cluster.waited(lambda: bool(first()), 90)
    cluster.said(["scancel", "--full", "-s", "KILL", *first()], {})


@pytest.mark.slow
def test_the_tasks_of_a_corpus_are_done_once_though_a_job_is_killed(
    slurm: ModuleType, emocam: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    command = ("-m", *WORDS, *OWN, *LAUNCHER, *SWEEP)
    first = subprocess.Popen(
        [sys.executable, "-m", "emocam", *command], stdout=-1, stderr=-2, text=True, env=os.environ
    )
    try:
        kill_first_task(slurm)
        assert emocam(*command) == 1  # a second launcher
        assert "sweep is in use by another emocam (process " in capfd.readouterr().err
        told = first.communicate(timeout=200)[0]
    finally:
        first.kill()
    assert first.returncode == 1 and "hydra/launcher gave up (UncompletedJobError" in told
    assert "sweep goes on, once no job of it is at work" in told and "Traceback" not in told
    assert list(Path("sweep/.submitit").rglob("*submission.sh"))  # they went through sbatch
    assert slurm.waited(lambda: not slurm.said(["squeue", "-h"], {}), 90)
    assert emocam(*command) == 0
    told = capfd.readouterr().out
    assert "3 shards: 2 were there already, 1 done now, 0 failed, 0 did not end" in told

    assert emocam(*WORDS, *OWN, "hydra.run.dir=whole") == 0
    assert emocam("merge", "sweep", "--out", "merged") == 0
    for name in ("ledger", "predictions", "evidence", "maps"):
        whole, merged = (pd.read_parquet(f"{run}/{name}.parquet") for run in ("whole", "merged"))
        pd.testing.assert_frame_equal(whole, merged)
    assert Path("whole/association.csv").read_bytes() == Path("merged/association.csv").read_bytes()
