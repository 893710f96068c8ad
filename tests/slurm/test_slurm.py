"""A corpus divided over the jobs of a real SLURM, and merged."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

CLUSTER = Path(__file__).parent / "cluster.py"


def load_cluster() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cluster", CLUSTER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def slurm(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    cluster = load_cluster()
    if not cluster.there():
        pytest.skip("needs slurm-wlm and munge, and to be root")
    with cluster.one_node(tmp_path_factory.mktemp("slurm") / "cluster") as where:
        for name, value in where.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.slow
def test_jobs_of_a_cluster_explain_the_shards_of_a_corpus(
    slurm: None, emocam: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "+cam=gradcam",
        "data.images=5",
        "data.batch_size=1",
        "data.workers=0",
        "quiet=true",
        "trainer=cpu",
    )
    assert emocam(*words, "logger=null", "hydra.run.dir=whole") == 0
    launcher = (
        "hydra/launcher=submitit_slurm",
        "hydra.launcher.timeout_min=5",
        "hydra.launcher.partition=all",
    )
    sweep = ("data.shard=1/2,2/2", "hydra.sweep.dir=sweep", "logger=null")
    assert emocam("-m", *words, *launcher, *sweep) == 0, capsys.readouterr()
    assert list(Path("sweep/.submitit").rglob("*submission.sh"))  # they went through sbatch
    assert emocam("merge", "sweep", "--out", "merged") == 0
    for name in ("ledger", "predictions", "evidence", "maps"):
        whole, merged = (pd.read_parquet(f"{run}/{name}.parquet") for run in ("whole", "merged"))
        pd.testing.assert_frame_equal(whole, merged)
    assert Path("whole/association.csv").read_bytes() == Path("merged/association.csv").read_bytes()
