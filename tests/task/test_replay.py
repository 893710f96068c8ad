"""Other thresholds from stored evidence are what a fresh run at these thresholds gives."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

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
