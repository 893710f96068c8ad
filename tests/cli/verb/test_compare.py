"""`emocam compare`: folders, sweeps and runs that only the tracking store has."""

import shutil

import numpy as np
import pytest

from emocam.cli.verb.compare import main
from emocam.errors import SettingError
from emocam.logger.mlflow import MLflow


@pytest.fixture
def runs(finished_run):
    draw = np.random.default_rng(0)
    return [finished_run(f"sweep/{name}", draw.random((60, 4))) for name in ("10", "2")]


def test_two_folders_are_compared_and_the_files_named(runs, tmp_path, capsys):
    out = tmp_path / "out"
    assert main([str(run.path) for run in runs] + ["--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "how alike the runs' matrices are" in said
    assert f"table    {out / 'comparison.csv'}\n" in said
    assert (out / "similarity.png").is_file()


def test_without_out_the_folder_is_named_by_the_time(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([str(run.path) for run in runs]) == 0
    (folder,) = (tmp_path / "outputs").iterdir()
    assert folder.name.startswith("compare_") and (folder / "similarity.csv").is_file()


def test_a_run_of_the_tracking_store_is_brought_here(runs, tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    tracked = MLflow(uri).start("elsewhere", {}, {})
    tracked.files(runs[0].path, sorted(runs[0].path.iterdir()))
    shutil.rmtree(runs[0].path)
    assert main([tracked.id, str(runs[1].path), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out/runs" / tracked.id / "evidence.parquet").is_file()


def test_one_run_is_not_enough(runs, tmp_path):
    with pytest.raises(SettingError, match="at least two runs, got 1"):
        main([str(runs[0].path), "--out", str(tmp_path / "out")])


def test_runs_that_cannot_be_compared_say_why(runs, finished_run, tmp_path):
    other = finished_run("other", 0.5, seed=1)
    with pytest.raises(SettingError, match="other detector or pictures"):
        main([str(runs[0].path), str(other.path), "--out", str(tmp_path / "out")])
