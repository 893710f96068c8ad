"""The effect of a square that decides the answer, and of others that do not; and the real command."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader

from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.detector.annotations import Annotations
from emocam.effect.base import Effect
from emocam.effect.erase import Erase
from emocam.effect.insert import Insert
from emocam.effect.placement import elsewhere
from emocam.effect.sampling import dice_for
from emocam.errors import Interrupted
from emocam.importance.mean import Mean
from emocam.intervention.effect import Answer
from emocam.paste.fill import FILLS, pixels
from emocam.paste.patch import Patch, patched
from emocam.predict import stream
from emocam.predict import workers as opening
from emocam.predict.components import Components
from emocam.records.picture import Picture
from emocam.records.thresholds import Thresholds
from emocam.task.association import Association
from emocam.view.crops import Stretch

Command = Callable[..., int]
QUICK = ("logger=null", "~callback.report", "data.workers=0")
COLOURS = {"Red": (255, 0, 0), "Blue": (0, 0, 255)}
SIDE, IMAGES = 40, 24


class Squares(Data):
    """Grey pictures, each with a blue square; the even ones have a red one too."""

    def __init__(self) -> None:
        super().__init__(workers=0)
        self.objects = list(COLOURS)

    def paths(self) -> list[str]:
        return [f"{i:02d}.png" for i in range(IMAGES)]

    def open(self, path: str) -> Picture:
        number = int(path[:2])
        image = Image.new("RGB", (SIDE, SIDE), (90, 90, 90))
        boxes = {"Blue": (24, 2 + number // 2, 32, 10 + number // 2)}
        if number % 2 == 0:
            boxes["Red"] = (4, 4 + number // 2, 12, 12 + number // 2)
        for object, box in boxes.items():
            image.paste(COLOURS[object], box)
        return Picture(
            image,
            np.array(list(boxes.values()), np.float32) / SIDE,
            np.array([self.objects.index(object) for object in boxes]),
        )


class Redness(nn.Module):
    """Logits of red, other: by how many pixels are of pure red."""

    def forward(self, x: Tensor) -> Tensor:
        pure = (x[:, 0] - x[:, 1] > 0.9).float().sum((-2, -1))
        return torch.stack([pure / 8 - 4, torch.zeros_like(pure)], -1)


class RedClassifier(Classifier):
    def __init__(self) -> None:
        super().__init__()
        self.labels, self.view, self.layer = ["red", "other"], Stretch((SIDE, SIDE)), "all"
        self.features, self.head = nn.Identity(), Redness()


def parts_in(folder: Path, effect: Effect | None, **thresholds: float) -> Components:
    made: Mapping[str, Any] = {
        "data": Squares(),
        "classifier": RedClassifier(),
        "detector": Annotations(),
        "vocabulary": lambda detector: detector,
        "importance": Mean(),
        "threshold": Thresholds(**thresholds),
        "effect": effect,
    }
    settings = {
        "data": {},
        "detector": {"_target_": "made.Here"},
        "seed": 5,
        "quiet": True,
        "effect": None if effect is None else str(vars(effect)),
        "threshold": thresholds,
        "trainer": {"accelerator": "cpu"},
    }
    folder.mkdir(exist_ok=True)
    return Components(
        folder,
        settings,
        made.get,
        lambda name, recorded: None,
        trainer={"accelerator": "cpu"},
        quiet=True,
        seed=5,
    )


def measured(folder: Path, effect: Effect, **thresholds: float) -> pd.DataFrame:
    Association().perform(parts_in(folder, effect, **thresholds))
    return pd.read_parquet(folder / "effect.parquet")


def test_the_square_that_decides_has_all_the_effect(tmp_path: Path) -> None:
    fills = ("blur", "grey", "inpaint")
    rows = measured(tmp_path / "run", Erase(region="box", control="anywhere", fills=fills))
    assert list(rows) == [
        "image",
        "object",
        "label",
        "fill",
        "effect",
        "effect_control",
        "flipped",
        "flipped_control",
        "chosen",
        "control",
    ]
    red = rows[(rows["object"] == "Red") & (rows["label"] == "red")]
    assert len(red) == 3 * IMAGES // 2 and red["flipped"].all() and not red["flipped_control"].any()
    np.testing.assert_allclose(red["effect"], 64 / 8)
    np.testing.assert_allclose(red.loc[red["fill"] == "grey", "effect_control"], 0)
    # what is inpainted beside the square may take its colour, but nothing of it goes
    assert red["effect_control"].between(-1, 0).all()
    blue = rows[rows["object"] == "Blue"]
    assert set(blue["label"]) == {"red", "other"}
    assert not blue["flipped"].any() and (blue["effect"].abs() < 1e-6).all()
    # a control of the bystander may well hit what decides
    assert (blue[blue["label"] == "red"]["effect_control"] > 0).any()


def test_the_square_brings_its_label_where_it_is_put(tmp_path: Path) -> None:
    rows = measured(tmp_path / "run", Insert())
    red = rows[rows["object"] == "Red"]
    assert len(red) == IMAGES // 2 and set(red["fill"]) == {"cut"} and set(red["label"]) == {"red"}
    assert red["flipped"].all() and not red["flipped_control"].any()
    np.testing.assert_allclose(red["effect"], 64 / 8)
    np.testing.assert_allclose(red["effect_control"], 0)
    assert {int(image[:2]) % 2 for image in red["image"]} == {1}
    assert not len(rows[rows["object"] == "Blue"])  # no picture is without one


def test_each_number_is_that_of_a_slow_loop(tmp_path: Path) -> None:
    rows = measured(tmp_path / "run", Erase(images=4, region="box", control="anywhere"))
    data, classifier = Squares(), RedClassifier()

    def odds(image: Image.Image, label: str) -> tuple[float, str]:
        share = classifier(classifier.prepare(classifier.view(image)[0][None]))[0].double().softmax(-1)
        own = share[classifier.labels.index(label)].item()
        return math.log(own / (1 - own)), classifier.labels[int(share.argmax())]

    for row in rows.to_dict("records"):
        picture = data.open(row["image"])
        places = np.flatnonzero(picture.object == data.objects.index(row["object"]))
        boxes = [pixels(picture.image, tuple(picture.boxes[i].tolist())) for i in places]
        dice = dice_for(5, "places", row["image"], row["object"], row["label"])
        before, _ = odds(picture.image, row["label"])
        for places_now, effect, flipped in (
            (boxes, "effect", "flipped"),
            (elsewhere(boxes, (0, 0, SIDE, SIDE), dice), "effect_control", "flipped_control"),
        ):
            image = picture.image
            for box in places_now or []:
                image = patched(image, [Patch(FILLS[row["fill"]](image, box), box[:2])])
            after, answer = odds(image, row["label"])
            assert row[effect] == pytest.approx(before - after, abs=1e-5)
            assert row[flipped] == (answer != row["label"])


def test_few_pictures_are_changed_in_workers_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def loader(samples: Any, *, num_workers: int, **others: Any) -> DataLoader[Any]:
        asked.append(num_workers)
        return DataLoader(samples, num_workers=num_workers, **others)

    monkeypatch.setattr(stream, "DataLoader", loader)
    monkeypatch.setattr(opening, "cores", lambda: 2)
    found = []
    for folder, workers in (("here", 0), ("apart", "auto")):
        parts = parts_in(tmp_path / folder, Erase())
        parts.data.workers = workers
        Association().perform(parts)
        found.append(pd.read_parquet(tmp_path / folder / "effect.parquet"))
    assert asked == [0, 0, 0, 2]  # of each run the pass and the effect
    pd.testing.assert_frame_equal(*found, check_exact=True)


def test_the_budget_is_kept(tmp_path: Path) -> None:
    rows = measured(tmp_path / "run", Erase(images=3, cells=1, random=1, fills=["grey"]))
    cells = rows.groupby(["object", "label", "chosen"]).size()
    assert cells.tolist() == [3, 3]
    assert sorted(chosen for _, _, chosen in cells.index) == ["random", "rank"]


def test_unsure_pictures_and_regions_are_left_out(tmp_path: Path) -> None:
    assert not len(measured(tmp_path / "a", Erase(), confidence=0.999))
    assert not len(measured(tmp_path / "b", Erase(), score=1.0))


def test_an_interrupted_pass_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measured(tmp_path / "whole", Erase())
    step, opened = Answer.predict_step, []

    def stop(self: Answer, batch: Any, batch_idx: int = 0) -> Tensor:
        if batch_idx == 2:
            raise Interrupted(15)
        opened.extend(tried.path for tried in batch.pictures)
        return step(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Answer, "predict_step", stop)
        with pytest.raises(Interrupted):
            measured(tmp_path / "run", Erase())
    assert len(opened) == 8 and not (tmp_path / "run" / "effect.parquet").is_file()

    def count(self: Answer, batch: Any, batch_idx: int = 0) -> Tensor:
        opened.extend(tried.path for tried in batch.pictures)
        return step(self, batch)

    monkeypatch.setattr(Answer, "predict_step", count)
    again = measured(tmp_path / "run", Erase())
    assert sorted(opened) == Squares().paths()
    pd.testing.assert_frame_equal(again, whole)
    measured(tmp_path / "run", Erase())
    assert len(opened) == IMAGES  # finished: nothing is done again


def test_a_picture_that_is_gone_costs_itself_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Association().perform(parts_in(tmp_path / "run", None))
    open_one = Squares.open

    def gone(self: Squares, path: str) -> Picture:
        if path == "04.png":
            raise FileNotFoundError(path)
        return open_one(self, path)

    monkeypatch.setattr(Squares, "open", gone)
    rows = measured(tmp_path / "run", Erase())
    assert set(Squares().paths()) - set(rows["image"]) == {"04.png"}


def test_effect_is_measured_on_a_finished_run_without_explaining_again(
    emocam: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = (*QUICK, "data.images=16", "cam=gradcam")
    assert emocam(*world, "hydra.run.dir=run") == 0

    def again(*given: object) -> None:
        raise AssertionError("the evidence is there")

    monkeypatch.setattr("emocam.predict.evidence.explain_missing", again)
    few = ("effect.images=2", "effect.least=2", "effect.fills=[grey]")
    assert emocam(*world, "effect=erase", *few, "hydra.run.dir=run") == 0
    command = (*QUICK, "task=replay", "evidence=run", "+effect=erase", *few, "hydra.run.dir=replayed")
    assert emocam(*command) == 0
    rows = [pd.read_parquet(f"{run}/effect.parquet") for run in ("run", "replayed")]
    pd.testing.assert_frame_equal(*rows)
    summary = json.loads(Path("replayed/summary.json").read_text())
    cells = rows[0].groupby(["object", "label"]).size()
    assert summary["effect_cells"] == len(cells) and summary["effect_pairs"] == len(rows[0])
    assert (cells <= 2).all() and summary["effect_left_out"] == 0 and summary["seconds"]["effect"] > 0
    assert emocam("verify", "run") == 0


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("effect.images=0", "effect.images must be a whole number of at least 1, got 0"),
        ("effect.cells=-1", "effect.cells must be a whole number of at least 0, got -1"),
        ("effect.fills=[gray]", "effect.fills: 'gray' is not known; did you mean grey?"),
    ],
)
def test_settings_that_cannot_be_are_told_before_the_work(
    emocam: Command, word: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam(*QUICK, "+effect=erase", word, "data.images=4", "hydra.run.dir=run") == 1
    assert told in capsys.readouterr().err and not Path("run/predictions.parquet").exists()


def test_objects_with_masks_keep_a_verdict_and_the_page_says_by_which_rule(emocam: Command) -> None:
    words = ("data.world=photographs", "classifier.world=standard", "data.masks=true", "data.images=140")
    budget = (
        "effect.images=20",
        "effect.cells=5",
        "effect.random=0",
        "effect.least=20",
        "effect.fills=[grey]",
    )
    run = ("+cam=gradcam", "+effect=erase", *words, *budget, "logger=null", "data.workers=0")
    assert emocam(*run, "hydra.run.dir=run") == 0
    cells = pd.read_parquet("run/cells.parquet")
    tried = cells[cells["effect_images"] > 0]
    assert set(tried["effect_rule"]) == {"part, bare, masks"} and tried["use_chance"].notna().all()
    assert (tried["verdict"] == "used").any() and tried["verdict"].notna().all()
    page = Path("run/report/index.html").read_text()
    assert "that no smaller region covers (regions are masks); the control is the same shape where it" in page
