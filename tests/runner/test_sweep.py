"""A sweep is one parent with its children, and says at its end what they have in common."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from emocam.runner import job_status, sweep
from emocam.runner.sweep import failures
from emocam.runner.sweep_files import own_files

SMALL = ("-m", "data.limit=6", "quiet=true", "~callback.report", "hydra.sweep.dir=swept")


@pytest.fixture
def store(tmp_path: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")


def recorded(store: MlflowClient) -> tuple[Run, list[Run]]:
    """The parent, and its children from first to last."""
    experiment = store.get_experiment_by_name("emocam")
    runs = store.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(children) == len(runs) - 1
    return parent, children


def artifacts(store: MlflowClient, run: Run, folder: str | None = None) -> set[str]:
    found = store.list_artifacts(run.info.run_id, folder)
    deeper = [artifacts(store, run, f.path) for f in found if f.is_dir]
    return {f.path for f in found if not f.is_dir}.union(*deeper)


def pictures(store: MlflowClient, run: Run) -> dict[str, str]:
    """The keys of the image grid, by the files that MLflow keeps for it."""
    return {path: Path(path).name.split("+")[0] for path in artifacts(store, run, "images")}


def files(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.slow
def test_a_sweep_over_methods_compares_them(emocam, store, tmp_path, capsys):
    assert emocam(*SMALL, "cam=gradcam,layercam") == 0
    swept = tmp_path / "swept"

    said = capsys.readouterr().out
    assert "  gradcam   1\n  layercam  " in said
    assert f"table    {swept / 'comparison.csv'}" in said

    table = pd.read_csv(swept / "comparison.csv")
    assert table["run"].tolist() == ["gradcam", "layercam"]
    assert table["images"].tolist() == [6, 6]
    r = pd.read_csv(swept / "similarity.csv", index_col="run")
    assert r.loc["gradcam", "layercam"] == r.loc["layercam", "gradcam"] <= 1

    parent, children = recorded(store)
    assert parent.info.run_name.startswith("planted-sweep-")
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["similarity/gradcam layercam"] == pytest.approx(r.loc["gradcam", "layercam"])
    assert parent.data.params == {"cam": "gradcam,layercam"}
    own = {f for f in files(swept) if not f.startswith(("0/", "1/", "."))}
    assert {"comparison.csv", "similarity.csv", "similarity_p.csv", "similarity.png"} <= own
    assert artifacts(store, parent) - pictures(store, parent).keys() == own
    assert set(pictures(store, parent).values()) == {"similarity"}

    first, second = children
    assert first.info.run_name.startswith("planted-gradcam-")
    assert second.info.run_name.startswith("planted-layercam-")
    differing = {
        k
        for k in first.data.params | second.data.params
        if first.data.params.get(k) != second.data.params.get(k)
    }
    assert all(k == "cam" or k.startswith("cam.") for k in differing) and "cam" in differing
    for child, folder in zip(children, ("0", "1"), strict=True):
        assert child.info.status == "FINISHED"
        assert len(child.data.params) <= 60 and all(len(v) <= 250 for v in child.data.params.values())
        assert artifacts(store, child) - pictures(store, child).keys() == files(swept / folder)
        assert set(pictures(store, child).values()) == {"association", *(f"overlay {n}" for n in range(1, 7))}
        summary = json.loads((swept / folder / "summary.json").read_text())
        assert child.data.metrics["regions"] == summary["regions"]
    assert first.data.metrics.keys() == second.data.metrics.keys()


def test_a_failed_job_is_told_again_at_the_end_and_loses_no_other(emocam, store, tmp_path, capsys):
    assert emocam(*SMALL, "threshold.importance=0.3,7") == 1
    told = "threshold.importance must be a number in [0, 1] (default 0.3), got 7"
    said = capsys.readouterr()
    assert f"1 of 2 runs failed\n  threshold.importance=7  {told}\n" in said.out
    assert said.err.count(told) == 1
    assert (tmp_path / "swept/0/summary.json").is_file()
    parent, children = recorded(store)
    assert parent.info.status == "FAILED" and parent.data.metrics["failed"] == 1
    assert [child.info.status for child in children] == ["FINISHED"]


def test_an_option_that_is_none_fails_before_any_job_and_leaves_no_open_parent(emocam, store, capsys):
    assert emocam(*SMALL, "cam=gradcam,nosuch") == 1
    assert "cam=nosuch is no option of the group cam" in capsys.readouterr().err
    parent, children = recorded(store)
    assert parent.info.status == "FAILED" and not children
    assert sweep.PARENT not in os.environ


def test_an_interrupted_sweep_and_its_running_child_are_killed(emocam, store, monkeypatch, capsys):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("emocam.task.association.Association.perform", stop)
    assert emocam(*SMALL, "cam=gradcam,layercam") == 130
    parent, children = recorded(store)
    assert parent.info.status == "KILLED"
    assert [child.info.status for child in children] == ["KILLED"]


def test_a_child_that_died_without_a_word_ends_with_its_sweep(tmp_path, store):
    from emocam.logger.mlflow import MLflow
    from emocam.runner.tracking import Tracking
    from emocam.runner.tracking_record import TrackingRecord

    tracking = MLflow(f"sqlite:///{tmp_path / 'mlflow.db'}")
    parent = tracking.start("sweep", {}, {})
    done, dead = (tracking.start(name, {}, {}, parent.id) for name in ("done", "dead"))
    done.end("FINISHED")
    record = TrackingRecord(tracking.uri, "emocam", "sweep", {}, {}, kind="sweep", id=parent.id)
    opened = Tracking(tmp_path, record, lambda: tracking, parent)
    sweep._opened.append(sweep.OpenSweep(tmp_path, opened))
    assert sweep.close("KILLED") == []
    assert [store.get_run(run.id).info.status for run in (parent, done, dead)] == [
        "KILLED",
        "FINISHED",
        "KILLED",
    ]
    assert sweep.close("KILLED") == []


def test_a_store_that_cannot_be_reached_is_told_once_before_any_job(emocam, tmp_path, capsys):
    (tmp_path / "file").touch()
    uri = f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}"
    assert emocam(*SMALL, "cam=gradcam,layercam", f"logger.uri={uri}") == 1
    assert capsys.readouterr().err.count(f"logger.uri {uri} cannot be") == 1
    assert not (tmp_path / "swept/0").exists()


def test_without_a_logger_the_folder_is_all_there_is(emocam, tmp_path, capsys):
    assert emocam(*SMALL, "logger=null", "seed=0,0") == 0
    assert (tmp_path / "swept/similarity.csv").is_file()
    assert not (tmp_path / "mlflow.db").exists()


def test_only_own_words_of_failed_jobs_are_listed():
    ended = [
        job_status.Job(0, Path("0"), ["data.limit=6", "cam=a"], 0),
        job_status.Job(1, Path("1"), ["data.limit=6", "cam=longer"], 1, "two\nlines"),
        job_status.Job(2, Path("2"), ["data.limit=6", "cam=c"], 1, "one"),
    ]
    assert failures(ended) == ["2 of 3 runs failed", "  cam=longer  two lines", "  cam=c       one"]
    assert failures(ended[:1]) == failures([]) == []
    twice = [job_status.Job(number, Path("a"), ["seed=0"], 1, "one") for number in (0, 1)]
    assert failures(twice)[1:] == ["  run 0  one", "  run 1  one"]


def test_the_sweeps_own_files_are_those_outside_of_runs(tmp_path):
    for name in (
        "comparison.csv",
        "report/data/a.js",
        "0/.hydra/config.yaml",
        "0/a.csv",
        ".jobs/0.json",
        "a.tmp",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(own_files(tmp_path)) == [tmp_path / "comparison.csv", tmp_path / "report/data/a.js"]
