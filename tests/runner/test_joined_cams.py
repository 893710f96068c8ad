"""Several methods in one pass leave what a sweep over them leaves."""

from pathlib import Path

import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from emocam.classifier.base import Classifier

QUICK = ("data.images=12", "quiet=true", "~callback.report", "data.workers=0")
TABLES = ("ledger", "predictions", "evidence", "maps")


def same_run(one: Path, other: Path) -> None:
    for name in TABLES:
        left, right = (pd.read_parquet(folder / f"{name}.parquet") for folder in (one, other))
        pd.testing.assert_frame_equal(left, right)
    for name in ("association.csv", "labels.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.slow
def test_it_leaves_what_a_sweep_leaves(emocam, tmp_path, capsys):
    assert emocam("-m", *QUICK, "logger=null", "cam=gradcam,lift,uniform", "hydra.sweep.dir=swept") == 0
    capsys.readouterr()
    words = ("cam=joined", "cam.methods=[gradcam,lift,uniform]", "hydra.run.dir=joined")
    assert emocam(*QUICK, *words) == 0
    assert "the sweep's 3 runs" in capsys.readouterr().out
    for number in "012":
        same_run(tmp_path / "joined" / number, tmp_path / "swept" / number)
    for name in ("similarity.csv", "similarity_residual.csv"):
        assert (tmp_path / "joined" / name).read_bytes() == (tmp_path / "swept" / name).read_bytes()
    one, other = (pd.read_csv(tmp_path / name / "comparison.csv") for name in ("joined", "swept"))
    told = ["run", "cam", "images", "kept", "regions"]
    assert one[told].equals(other[told])

    store = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    runs = store.search_runs([store.get_experiment_by_name("emocam").experiment_id])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert sorted(run.data.params["cam"] for run in children) == ["gradcam", "lift", "uniform"]
    assert parent.data.params == {"cam": "gradcam,lift,uniform"}
    assert {run.info.status for run in runs} == {"FINISHED"}


@pytest.mark.slow
def test_pictures_go_through_the_network_once(emocam, monkeypatch):
    seen = []
    cut = Classifier.cut
    monkeypatch.setattr(Classifier, "cut", lambda self, x: seen.append(len(x)) or cut(self, x))
    assert emocam(*QUICK, "logger=null", "cam=paper") == 0
    assert sum(seen) == 12


def test_what_a_method_is_given_reaches_it(emocam, tmp_path):
    words = ("cam.methods=[gradcam,lift]", "cam.score=probability", "hydra.run.dir=joined")
    assert emocam(*QUICK, "logger=null", "cam=joined", *words) == 0
    assert emocam(*QUICK, "logger=null", "cam=lift", "cam.score=probability", "hydra.run.dir=alone") == 0
    same_run(tmp_path / "joined/1", tmp_path / "alone")


@pytest.mark.slow
def test_each_run_goes_on_by_its_own_words(emocam, tmp_path, capsys):
    """Its settings are recorded as those of a single run, so that it can be done again and replayed."""
    assert emocam(*QUICK, "logger=null", "cam=joined", "cam.methods=[gradcam,lift]", "hydra.run.dir=j") == 0
    before = (tmp_path / "j/1/evidence.parquet").stat().st_mtime_ns
    assert emocam(*QUICK, "logger=null", "cam=lift", "hydra.run.dir=j/1") == 0
    assert (tmp_path / "j/1/evidence.parquet").stat().st_mtime_ns == before
    assert (
        emocam("task=replay", "evidence=j/0", "logger=null", "hydra.run.dir=again", "~callback.report") == 0
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cam=joined"], "cam.methods must be given"),
        (["cam=joined", "cam.methods=[gradcam]"], "cam.methods must name two or more CAM methods, each once"),
        (["cam=joined", "cam.methods=[gradcam,nocam]"], "cam=nocam is no option of the group cam"),
        (["-m", "cam=paper,gradcam"], "cam=paper is a sweep over its methods by itself"),
    ],
)
def test_mistakes_are_told_in_a_sentence(emocam, capsys, words, said):
    assert emocam(*words, "logger=null", "data.images=4", "~callback.report", "quiet=true") == 1
    assert said in capsys.readouterr().err
