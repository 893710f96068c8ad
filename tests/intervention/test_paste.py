"""The paste experiment, by the real command."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from emocam.classifier.planted import PlantedClassifier
from emocam.data.planted import Planted
from emocam.paste.patch import patched
from emocam.paste.sticker import lay, read_stickers

Command = Callable[..., int]
QUICK = ("logger=null", "~callback.report", "data.workers=0")


def test_each_picture_is_changed_in_every_way(emocam: Command) -> None:
    words = (*QUICK, "+cam=gradcam", "+paste=grid", "data.images=3", "paste.positions=[[0.5,0.5],[0.2,0.8]]")
    assert emocam(*words, "hydra.run.dir=run") == 0
    rows = pd.read_parquet("run/paste.parquet")
    expected = [
        "image",
        "object",
        "position",
        "x",
        "y",
        "label_before",
        "label_after",
        "confidence_before",
        "confidence_after",
    ]
    assert list(rows)[: len(expected)] == expected and len(rows) == 3 * 3 * 2
    table = pd.read_csv("run/paste.csv")
    assert list(table)[:5] == ["object", "position", "percent_changed", "most_often", "images"]
    for _, cell in table.iterrows():
        own = rows[(rows["object"] == cell["object"]) & (rows["position"] == str(cell["position"]))]
        flags = own["label_before"].astype(str) != own["label_after"].astype(str)
        assert cell["percent_changed"] == pytest.approx(100 * flags.mean()) and cell["images"] == 3
    assert Path("run/paste.png").is_file() and rows["focus"].between(0, 1).all()
    before = pd.read_parquet("run/predictions.parquet").set_index("image")
    assert (
        before.loc[rows["image"], "label"].astype(str).to_numpy() == rows["label_before"].astype(str)
    ).all()


def test_answers_are_those_of_the_changed_picture(emocam: Command) -> None:
    emocam(*QUICK, "+paste=grid", "data.images=2", "paste.positions=[[0.3,0.6]]", "hydra.run.dir=run")
    rows = pd.read_parquet("run/paste.parquet")
    classifier, data = PlantedClassifier().freeze(), Planted(images=2)
    for _, row in rows.iterrows():
        sticker = next(s for s in read_stickers(None) if s.name == row["object"])
        image = data.open(row["image"]).image
        changed = patched(image, [lay(sticker.at_height(0.2, image), image, (0.3, 0.6))[0]])
        with torch.no_grad():
            logits = classifier(classifier.prepare(classifier.view(changed)[0][None]))[0]
        np.testing.assert_allclose(row["logits_after"], logits, atol=1e-3)


def test_erasing_a_cause_changes_the_answer_more_than_erasing_a_bystander(emocam: Command) -> None:
    for object in ("Umbrella", "House"):
        words = (*QUICK, "+paste=erase", f"paste.where=[{object}]", "paste.fill=grey", "data.images=40")
        assert emocam(*words, f"hydra.run.dir={object}") == 0
    umbrella, house = (pd.read_parquet(f"{name}/paste.parquet") for name in ("Umbrella", "House"))
    umbrella = umbrella[umbrella["label_before"].astype(str) == "Sadness"]
    drops = [
        (rows["label_before"].astype(str) != rows["label_after"].astype(str)).mean()
        for rows in (umbrella, house)
    ]
    assert drops[0] > drops[1] + 0.1


def test_unknown_object_is_told(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    words = (*QUICK, "+paste=regions", "paste.where=[Umbrela]", "data.images=2", "hydra.run.dir=run")
    assert emocam(*words) == 1
    assert (
        "paste.where: the detector has no object 'Umbrela'; did you mean Umbrella?" in capsys.readouterr().err
    )


def test_one_picture_by_hand(emocam: Command) -> None:
    Planted(images=1).open("00000.png").image.save("picture.png")
    image = Image.new("RGBA", (30, 30), (255, 0, 0, 255))
    image.save("square.png")
    words = (
        "+experiment=adversarial",
        "classifier=planted",
        "image=picture.png",
        "object=square.png",
        "x=0.4",
        "y=0.3",
    )
    assert emocam(*QUICK, *words, "hydra.run.dir=run") == 0
    rows = pd.read_parquet("run/paste.parquet")
    assert len(rows) == 1 and rows["object"].tolist() == ["square"]
    np.testing.assert_allclose(rows[["x", "y"]].to_numpy(), [[0.4, 0.3]], atol=0.01)


def test_picture_by_hand_must_be_named(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam(*QUICK, "+experiment=adversarial", "object=square.png", "hydra.run.dir=run") == 1
    told = capsys.readouterr().err
    assert "image" in told and "Traceback" not in told
