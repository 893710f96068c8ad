"""How a person names runs."""

import shutil

import numpy as np
import pytest

from emocam.cli.verb.run_names import brought, members, named, runs_within
from emocam.errors import SettingError
from emocam.logger.mlflow import MLflow

UNKNOWN = "0" * 32


def test_a_sweep_s_folder_stands_for_its_runs_in_their_order(finished_run, tmp_path):
    for name in ("10", "2"):
        finished_run(f"sweep/{name}", np.zeros((60, 4)))
    assert [run.name for run in runs_within(named(str(tmp_path / "sweep"), tmp_path))] == ["2", "10"]


def test_a_folder_that_is_none_or_holds_none_is_told(tmp_path):
    with pytest.raises(SettingError, match=r"there is none at .*nowhere"):
        named(str(tmp_path / "nowhere"), tmp_path)
    with pytest.raises(SettingError, match=r"is no run's folder: it has no predictions\.parquet"):
        runs_within(tmp_path)


def test_a_run_that_nobody_knows_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(SettingError, match=r"there is no tracking store .*mlflow\.db that could know it"):
        named(UNKNOWN, tmp_path / "runs")
    assert not (tmp_path / "mlflow.db").exists()
    MLflow(uri)
    with pytest.raises(SettingError, match=f"RUN {UNKNOWN} cannot be had from the store"):
        named(UNKNOWN, tmp_path / "runs")
    assert not (tmp_path / "runs" / UNKNOWN).exists()


def test_a_run_is_brought_once(finished_run, tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    run = finished_run("run", np.zeros((60, 4)))
    tracked = MLflow(uri).start("elsewhere", {}, {})
    tracked.files(run.path, sorted(run.path.iterdir()))
    shutil.rmtree(run.path)
    folder = brought(tracked.id, tmp_path / "runs")
    assert runs_within(folder) == [folder]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////nowhere/mlflow.db")
    assert brought(tracked.id, tmp_path / "runs") == folder


def test_a_sweep_s_id_stands_for_its_runs_in_their_order(tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    store = MLflow(uri)
    parent = store.start("sweep", {}, {})
    own = [store.start(name, {}, {}, parent.id) for name in ("first", "second", "failed")]
    for run, ending in zip(own, ("FINISHED", "FINISHED", "FAILED"), strict=True):
        run.end(ending)
    assert members(parent.id) == [own[0].id, own[1].id]
    assert members(own[0].id) == [own[0].id]
    assert members("outputs/run") == ["outputs/run"]
