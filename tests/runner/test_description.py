"""What a tracking store shows of a run: its words, where it came from, and pictures under common keys."""

import json
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from PIL import Image

from emocam.logger.mlflow import MLflow
from emocam.runner.description import describe, describe_sweep, plain_text

SUMMARY = {
    "images": 60,
    "settings": "abc",
    "finding": [{"object": "Ball", "label": "*joy*", "percent": 41.7, "count": 5}],
    "in_words": ["Ball: in 9 % of [it](http://elsewhere)."],
    "command": "python -m emocam +cam=gradcam",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> MLflow:
    return MLflow(f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}")


def test_a_run_is_described(store, finished_run):
    run = finished_run("gradcam", 0.5)
    (run.path / "overlays").mkdir()
    for name in ("association.png", "overlays/1.png", "overlays/10.png"):
        Image.new("RGB", (8, 8)).save(run.path / name)
    run.names["made_of"] = {"data": "0" * 32, "source": "/photos", "weights": "f00d", "layer": "layer4"}
    tracked = store.start("planted-gradcam-1234", {"cam": "gradcam"}, {})
    describe(tracked, run, SUMMARY, "60 images: 60 explained", "folder")

    told = store.client.get_run(tracked.id)
    note = told.data.tags["mlflow.note.content"]
    assert "| Ball | \\*joy\\* | 42 % of 12 |" in note
    assert "\\[it\\]\\(http://elsewhere\\)" in note
    assert f"](#/experiments/{store.experiment_id}/runs/{tracked.id}/artifacts/summary.html)" in note
    assert "`python -m emocam +cam=gradcam`" in note
    assert told.data.tags["emocam.weights"] == "f00d"
    assert told.data.tags["emocam.labels"] == "joy, fear, calm"
    (given,) = told.inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("folder", "0" * 32)
    assert json.loads(given.dataset.source) == {"uri": "/photos"}
    files = [file.path for file in store.client.list_artifacts(tracked.id, "images")]
    keys = {tuple(Path(file).name.split("+")[:3]) for file in files if file.endswith(".png")}
    assert keys == {(key, "step", "0") for key in ("association", "overlay 1", "overlay 10")}


def test_a_run_of_an_older_emocam_is_described_too(store, finished_run):
    tracked = store.start("older", {}, {})
    describe(tracked, finished_run("older", 0.5), SUMMARY, "60 images", "folder")
    assert store.client.get_run(tracked.id).inputs.dataset_inputs == []


def test_a_sweep_is_described(store, tmp_path):
    (tmp_path / "comparison.csv").write_text("run\n")
    tracked = store.start("planted-sweep-1234", {}, {})
    describe_sweep(
        tracked,
        tmp_path,
        ["the sweep's 2 runs", "  gradcam   1", "  " + 30 * "word "],
        "python -m emocam -m cam=a,b",
    )
    note = store.client.get_run(tracked.id).data.tags["mlflow.note.content"]
    assert "    the sweep's 2 runs\n      gradcam   1" in note
    assert max(map(len, note[: note.index("[comparison")].splitlines())) <= 4 + 84
    assert "artifacts/comparison.csv)" in note
    assert "similarity.csv" not in note


def test_a_new_experiment_opens_with_its_runs(store):
    kind = MlflowClient(store.uri).get_experiment(store.experiment_id).tags["mlflow.experimentKind"]
    assert kind == "custom_model_development"


def test_a_name_in_markdown_says_nothing_but_itself():
    assert plain_text("a|b\n<img src=x> ![i](j)") == r"a\|b &lt;img src=x&gt; \!\[i\]\(j\)"
