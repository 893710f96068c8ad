"""Runs of a network that answers with numbers, by the command."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr

QUICK = (
    "data.world=values",
    "data.images=12",
    "quiet=true",
    "logger=null",
    "data.workers=0",
    "~callback.report",
)
FEW = ("effect.images=1", "effect.least=1", "effect.cells=4", "effect.random=0", "effect.fills=[grey]")


def test_values_go_from_pictures_to_columns_cells_and_agreement(emocam, tmp_path: Path, capsys) -> None:
    words = ("cam=hirescam", "+effect=erase", *FEW, "hydra.run.dir=run")
    assert emocam(*QUICK, *words) == 0
    run = tmp_path / "run"
    rows = pd.read_parquet(run / "predictions.parquet")
    logits = np.stack(rows["logits"])
    assert (logits[:, 0::2] == -logits[:, 1::2]).all() and (rows["confidence"] == 1).all()
    names = ["cheer", "awe", "calm", "gloom", "bright", "luck"]
    labels = [f"{name} {sign}" for name in names for sign in "+-"]
    assert pd.read_csv(run / "labels.csv")["label"].tolist() == labels
    assert rows["label"].tolist() == [labels[i] for i in logits.argmax(1)]
    for name in names:
        slope = np.polyfit(logits[:, 2 * names.index(name)], rows[name], 1)
        assert slope[0] > 0  # each in its own units, of which the logits are a straight line
    table = pd.read_csv(run / "agreement.csv").set_index("attribute")
    assert table.loc["gloom", "r"] == pytest.approx(pearsonr(rows["gloom"], rows["truth_gloom"])[0], abs=1e-5)
    said = capsys.readouterr().out
    assert "r with the ratings: cheer 0." in said
    trials = pd.read_parquet(run / "effect.parquet")
    assert len(trials) and trials["effect"].abs().max() < 5


def test_one_direction_asked_of_every_picture_is_the_label_of_each(emocam, tmp_path: Path) -> None:
    words = ("cam=gradcam", "cam.target='cheer -'", "+effect=erase", *FEW, "hydra.run.dir=run")
    assert emocam(*QUICK, *words) == 0
    run = tmp_path / "run"
    rows, cells = (pd.read_parquet(run / f"{name}.parquet") for name in ("predictions", "cells"))
    assert set(rows["label"]) == {"cheer -"} == set(pd.read_parquet(run / "evidence.parquet")["label"])
    asked = cells[cells["label"] == "cheer -"]
    assert (asked["images"] == 12).all() and asked["use"].notna().any()
    assert cells[["lift", "p", "q"]].isna().all(axis=None)
    z = dict(zip(rows["image"], np.stack(rows["logits"])[:, 1], strict=True))
    for trial in pd.read_parquet(run / "effect.parquet").itertuples():
        turned = z[trial.image] > 0 >= z[trial.image] - trial.effect
        assert trial.label == "cheer -" and trial.flipped == turned


def test_a_probability_of_a_number_is_refused(emocam, capsys) -> None:
    assert emocam(*QUICK, "cam=gradcam", "cam.score=probability") == 1
    assert "cam.score=probability asks for the probability of a label" in capsys.readouterr().err


def test_a_misspelt_direction_is_told_before_the_work(emocam, capsys) -> None:
    assert emocam(*QUICK, "cam=gradcam", "cam.target='cheer'") == 1
    assert "did you mean cheer - or cheer +?" in capsys.readouterr().err


@pytest.mark.slow
def test_targets_in_one_pass_have_the_effects_of_each_alone(emocam, tmp_path: Path, monkeypatch) -> None:
    from emocam.intervention import effect

    passes = []
    plain = effect.try_pictures
    monkeypatch.setattr(effect, "try_pictures", lambda *one: (passes.append(len(one[0])), plain(*one)))
    measured = ("+effect=erase", "effect.images=2", "effect.least=1", "effect.fills=[grey]")
    words = ("cam=joined", "cam.methods=[gradcam]", "cam.targets=[cheer,awe]", *measured)
    assert emocam(*QUICK, *words, "hydra.run.dir=joined") == 0
    assert passes == [4]  # four directions, and the changed pictures are classified once
    assert emocam(*QUICK, "cam=gradcam", "cam.target='awe -'", *measured, "hydra.run.dir=alone") == 0
    one, alone = (pd.read_parquet(tmp_path / f / "effect.parquet") for f in ("joined/3", "alone"))
    assert len(alone) and one.equals(alone)
    cheer = pd.read_parquet(tmp_path / "joined/0/effect.parquet")
    assert set(cheer["label"]) == {"cheer +"}
    assert cheer[["image", "object"]].equals(alone[["image", "object"]])
    # both directions of a value, of the same changed pictures
    lowers = pd.read_parquet(tmp_path / "joined/1/effect.parquet")
    assert cheer["effect"].to_numpy() == pytest.approx(-lowers["effect"].to_numpy(), abs=1e-6)


def test_an_object_is_put_into_pictures_without_it_for_one_direction(emocam, tmp_path: Path) -> None:
    words = ("cam=gradcam", "cam.target='cheer +'", "+effect=insert", "effect.images=3", "effect.least=1")
    assert emocam(*QUICK, *words, "effect.cells=9", "effect.random=0", "hydra.run.dir=run") == 0
    trials = pd.read_parquet(tmp_path / "run/effect.parquet")
    held = pd.read_parquet(tmp_path / "run/evidence.parquet")[["image", "object"]]
    assert len(trials) and set(trials["label"]) == {"cheer +"}
    assert trials.merge(held, on=["image", "object"]).empty


def test_without_a_picture_to_try_in_the_run_says_so(emocam, capsys) -> None:
    words = ("cam=gradcam", "+effect=erase", "effect.least=99", "hydra.run.dir=run")
    assert emocam(*QUICK, *words) == 0
    assert "there is no picture to try an object in (effect.least is 99)" in capsys.readouterr().err


def test_a_paste_reports_the_value_and_no_probability(emocam, tmp_path: Path) -> None:
    assert emocam(*QUICK, "paste=erase", "paste.where=[Balloon,Umbrella,Boat]", "hydra.run.dir=run") == 0
    rows = pd.read_parquet(tmp_path / "run/paste.parquet")
    after = np.stack(rows["logits_after"])
    assert len(rows) and rows["confidence_after"].to_numpy() == pytest.approx(after.max(1))
    logits = pd.read_parquet(tmp_path / "run/predictions.parquet").set_index("image")["logits"]
    before = [logits[image].max() for image in rows["image"]]
    assert rows["confidence_before"].to_numpy() == pytest.approx(before, abs=1e-4)
