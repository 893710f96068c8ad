"""Other thresholds from stored evidence are what a fresh run at these thresholds gives."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from emocam.results.run import Run
from emocam.results.verify import folder_faults
from emocam.settings.recorded import recorded_settings

Command = Callable[..., int]
QUICK = ("logger=null", "~callback.report", "data.workers=0")


@pytest.mark.parametrize(
    "thresholds",
    [
        ("threshold.importance=0.1",),
        ("threshold.importance=0.5", "threshold.confidence=0.9"),
        ("threshold.chance=0.1",),
    ],
)
def test_replay_equals_a_fresh_run(
    emocam: Command, thresholds: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = ("+cam=gradcam", "data.images=16")
    emocam(*QUICK, *world, "hydra.run.dir=first")
    emocam(*QUICK, *world, *thresholds, "hydra.run.dir=fresh")

    def no_network(*given: object) -> None:
        raise AssertionError("a replay must not load a network")

    monkeypatch.setattr("emocam.classifier.planted.PlantedClassifier.__init__", no_network)
    assert emocam(*QUICK, "task=replay", "evidence=first", *thresholds, "hydra.run.dir=replayed") == 0
    for name in ("association.csv", "association_percent.csv", "labels.csv", "truth.json"):
        assert (Path("replayed") / name).read_bytes() == (Path("fresh") / name).read_bytes(), name
    pd.testing.assert_frame_equal(
        pd.read_parquet("replayed/evidence.parquet"), pd.read_parquet("fresh/evidence.parquet")
    )


def test_replay_takes_the_evidence_file_too(emocam: Command) -> None:
    emocam(*QUICK, "+cam=gradcam", "data.images=4", "hydra.run.dir=first")
    assert emocam(*QUICK, "task=replay", "evidence=first/evidence.parquet", "hydra.run.dir=second") == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "evidence is not set; task=replay needs evidence=FOLDER of a finished run"),
        (
            ("evidence=nowhere",),
            "evidence nowhere is no finished run's folder: it has no predictions.parquet",
        ),
    ],
)
def test_replay_says_what_it_needs(
    emocam: Command, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam(*QUICK, "task=replay", *words, "hydra.run.dir=run") == 1
    assert told in capsys.readouterr().err


REFUSED = (
    "cam=ablation",
    "cam.score=probability",
    "data=folder",
    "data.limit=10",
    "precision=bf16",
    "seed=5",
)


@pytest.fixture
def first(emocam: Command) -> Path:
    emocam(*QUICK, "cam=gradcam", "data.images=16", "seed=3", "importance=mass", "hydra.run.dir=first")
    return Path("first")


def test_each_word_that_a_replay_cannot_apply_is_refused_by_name(
    emocam: Command, first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for word in REFUSED:
        capsys.readouterr()
        assert emocam(*QUICK, "task=replay", "evidence=first", word, "hydra.run.dir=again") == 1, word
        error = capsys.readouterr().err
        assert error.startswith(word.partition("=")[0]) and error.count("\n") == 1, error
        assert not Path("again/predictions.parquet").exists()


def test_what_a_study_sets_is_refused_too(
    emocam: Command, first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine/experiment").mkdir(parents=True)
    study = "# @package _global_\ndefaults:\n  - override /importance: peak\nthreshold: {importance: 0.2}\n"
    Path("mine/experiment/x.yaml").write_text(study)
    words = ("--config-dir", "mine", "+experiment=x", "task=replay", "evidence=first", "hydra.run.dir=again")
    assert emocam(*words, *QUICK) == 1
    assert "experiment=x sets importance._target_=emocam.importance.peak.Peak" in capsys.readouterr().err
    Path("mine/experiment/x.yaml").write_text("# @package _global_\nthreshold: {importance: 0.2}\n")
    assert emocam(*words, *QUICK) == 0


def test_a_replay_says_what_made_the_evidence_and_can_be_replayed_again(emocam: Command, first: Path) -> None:
    from mlflow.tracking import MlflowClient

    words = ("~callback.report", "data.workers=0", "task=replay")
    assert emocam(*words, "evidence=first", "threshold.importance=0.1", "hydra.run.dir=second") == 0
    assert emocam(*words, "evidence=second", "threshold.importance=0.1", "hydra.run.dir=third") == 0
    one, two, three = (Run(name) for name in ("first", "second", "third"))
    for name in ("data", "classifier", "detector", "cam", "importance"):
        assert one.summary["choices"][name] == two.summary["choices"][name] == three.summary["choices"][name]
    assert two.summary["evidence"] == str(first.absolute()) and two.summary["choices"]["task"] == "replay"
    for run in (two, three):
        recorded = recorded_settings(run.path)
        assert recorded["data"]["images"] == 16 and recorded["data"]["seed"] == recorded["seed"] == 3
        assert recorded["importance"]["_target_"] == "emocam.importance.mass.Mass"
    assert two.summary["cues_planted"] == one.summary["cues_planted"]
    client = MlflowClient("sqlite:///mlflow.db")
    (last, _) = client.search_runs(["1"], order_by=["attributes.start_time DESC"])
    assert last.data.params["cam"] == "gradcam" and last.data.params["importance"] == "mass"
    assert last.data.params["data.images"] == "16" and last.data.params["evidence"] == str(
        Path("second").absolute()
    )
    assert (Path("second") / "association.csv").read_bytes() == (
        Path("third") / "association.csv"
    ).read_bytes()


def test_the_effect_of_a_replayed_replay_is_measured_on_the_same_pictures(
    emocam: Command, first: Path
) -> None:
    few = (
        "+effect=erase",
        "effect.cells=2",
        "effect.random=0",
        "effect.images=3",
        "effect.least=1",
        "seed=8",
    )
    replay = (*QUICK, "task=replay")
    assert emocam(*replay, "evidence=first", "hydra.run.dir=second") == 0
    assert emocam(*replay, *few, "evidence=first", "hydra.run.dir=a") == 0
    assert emocam(*replay, *few, "evidence=second", "hydra.run.dir=b") == 0
    one, other = (pd.read_parquet(f"{run}/effect.parquet") for run in "ab")
    assert len(one)
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    "vocabulary",
    [
        ("vocabulary.merge={Vehicle: [Boat, Balloon]}",),
        ("vocabulary.rename={Tree: Plant}", "vocabulary.only=[Plant, Balloon]"),
    ],
)
def test_other_names_from_stored_evidence_are_those_of_a_fresh_run(
    emocam: Command, first: Path, vocabulary: tuple[str, ...]
) -> None:
    world = ("cam=gradcam", "data.images=16", "seed=3", "importance=mass")
    assert emocam(*QUICK, *world, *vocabulary, "hydra.run.dir=fresh") == 0
    assert emocam(*QUICK, "task=replay", "evidence=first", *vocabulary, "hydra.run.dir=named") == 0
    for name in ("association.csv", "association_percent.csv", "labels.csv", "cells.csv"):
        assert (Path("named") / name).read_bytes() == (Path("fresh") / name).read_bytes(), name
    one, other = (Run(name) for name in ("named", "fresh"))
    assert one.object_names == other.object_names
    pd.testing.assert_frame_equal(one.evidence, other.evidence)
    assert not list(folder_faults(one.path))


LABELS = ("labels.merge={Bad: [Fear, Sadness]}", "labels.rename={Awe: Wonder}")


@pytest.mark.parametrize(
    "labels", [LABELS, pytest.param(("labels.only=[Joy, Fear]",), marks=pytest.mark.slow)]
)
def test_other_labels_from_stored_evidence_are_those_of_a_fresh_run(
    emocam: Command, first: Path, labels: tuple[str, ...]
) -> None:
    world = ("cam=gradcam", "data.images=16", "seed=3", "importance=mass")
    assert emocam(*QUICK, *world, *labels, "hydra.run.dir=fresh") == 0
    assert emocam(*QUICK, "task=replay", "evidence=first", *labels, "hydra.run.dir=named") == 0
    for name in ("association.csv", "association_percent.csv", "labels.csv", "cells.csv", "truth.json"):
        assert (Path("named") / name).read_bytes() == (Path("fresh") / name).read_bytes(), name
    one, other, before = (Run(name) for name in ("named", "fresh", "first"))
    assert one.label_names == other.label_names
    for table in ("evidence", "predictions", "ledger"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table))
    assert not list(folder_faults(one.path))
    # by pandas alone: what pictures were called, and are
    parent = {"Fear": "Bad", "Sadness": "Bad", "Awe": "Wonder"} if labels is LABELS else {}
    called = (
        before.predictions.set_index("image")["label"].astype(str).map(lambda name: parent.get(name, name))
    )
    kept = called[called.isin(one.label_names)]
    assert kept.to_dict() == one.predictions.set_index("image")["label"].astype(str).to_dict()
    reasons = one.ledger.set_index("image").loc[called.index.difference(kept.index), "reason"]
    assert (reasons == "is called '" + called[reasons.index] + "', which labels.only leaves out").all()


@pytest.mark.slow
def test_labels_are_not_renamed_twice(
    emocam: Command, first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replay = (*QUICK, "task=replay")
    assert emocam(*replay, "evidence=first", *LABELS, "hydra.run.dir=named") == 0
    assert emocam(*replay, "evidence=named", "labels.only=[Bad]", "hydra.run.dir=twice") == 1
    assert "labels: the evidence was made with such names already" in capsys.readouterr().err
    assert emocam(*replay, "evidence=named", "threshold.importance=0.2", "hydra.run.dir=again") == 0
    assert Run("again").label_names == Run("named").label_names
    assert emocam(*QUICK, "task=train", *LABELS, "hydra.run.dir=trained") == 1
    assert "this task (Train) goes by the classifier's own" in capsys.readouterr().err


def test_a_replay_never_writes_over_another_run(
    emocam: Command, first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emocam(*QUICK, "data.images=4", "hydra.run.dir=other")
    before = {file: file.read_bytes() for file in Path("other").rglob("*") if file.is_file()}
    replay = (*QUICK, "task=replay")
    assert emocam(*replay, "evidence=first", "hydra.run.dir=other") == 1
    assert "other holds a run that is no replay of first" in capsys.readouterr().err
    assert emocam(*replay, "evidence=first", "hydra.run.dir=first") == 1
    assert "first is the run that is replayed" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in Path("other").rglob("*") if file.is_file()} == before
    assert emocam(*replay, "evidence=first", "hydra.run.dir=again") == 0
    assert emocam(*replay, "evidence=other", "hydra.run.dir=again") == 1
    assert emocam(*replay, "evidence=first", "threshold.importance=0.5", "hydra.run.dir=again") == 0


def test_nothing_of_an_earlier_command_stays_in_the_folder(emocam: Command) -> None:
    """An effect at other thresholds, tables of callbacks that are left out now; a person's own files do."""
    words = (*QUICK, "cam=gradcam", "data.images=16", "hydra.run.dir=run")
    few = ("+effect=erase", "effect.cells=2", "effect.random=0", "effect.images=3")
    assert emocam(*words, *few, "threshold.importance=0.1") == 0
    assert pd.read_parquet("run/cells.parquet")["effect"].notna().any() and Path("run/measures.csv").exists()
    Path("run/notes.txt").write_text("mine")
    assert emocam(*words, "~callback.measures", "threshold.importance=0.4") == 0
    assert not pd.read_parquet("run/cells.parquet")["effect"].notna().any()
    assert not Path("run/effect.parquet").exists() and not Path("run/measures.csv").exists()
    assert Path("run/notes.txt").exists() and not list(folder_faults(Path("run")))


def test_no_effect_is_measured_in_a_picture_that_changed_since(
    emocam: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("pics").mkdir()
    for number in range(2):
        Image.new("RGB", (40, 40), (number * 90, 20, 60)).save(f"pics/{number}.png")
    words = (*QUICK, "classifier=planted", "data=folder", "data.root=pics", "detector=nothing")
    assert emocam(*words, "hydra.run.dir=run") == 0
    Image.new("RGB", (40, 40), "white").save("pics/1.png")
    assert emocam(*QUICK, "task=replay", "evidence=run", "+paste=grid", "hydra.run.dir=again") == 1
    assert "1 of 2 pictures of" in (told := capsys.readouterr().err) and "such as '1.png'" in told
    assert not Path("again/paste.parquet").exists()
