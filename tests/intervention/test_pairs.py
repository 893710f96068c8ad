"""Squares that decide the answer together, taken away by the real pass; and which objects stand within others."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from emocam.callback.base import Finished
from emocam.callback.pairs import JointEffects
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.detector.annotations import Annotations
from emocam.effect.pairs import Pairs
from emocam.effect.parts import PictureRegions
from emocam.errors import SettingError
from emocam.importance.mean import Mean
from emocam.intervention.nesting import find_nested, nested_shares
from emocam.predict.components import Components
from emocam.records.picture import Picture
from emocam.records.thresholds import Thresholds
from emocam.results.run import Run
from emocam.task.association import Association
from emocam.view.crops import Stretch

COLOURS = {"Red": (255, 0, 0), "Blue": (0, 0, 255), "Green": (0, 255, 0)}
SIDE, IMAGES = 40, 12
PLACES = {"Red": (2, 2), "Blue": (14, 2), "Green": (2, 14)}


class ThreeSquares(Data):
    """Grey pictures with three squares; from `number` 10 on the green one is missing."""

    opened = 0

    def __init__(self) -> None:
        super().__init__(workers=0)
        self.objects = list(COLOURS)

    def paths(self) -> list[str]:
        return [f"{i:02d}.png" for i in range(IMAGES)]

    def open(self, path: str) -> Picture:
        type(self).opened += 1
        shown = list(COLOURS)[: 3 if int(path[:2]) < 10 else 2]
        image = Image.new("RGB", (SIDE, SIDE), (90, 90, 90))
        boxes = [(x, y, x + 8, y + 8) for x, y in (PLACES[name] for name in shown)]
        for name, box in zip(shown, boxes, strict=True):
            image.paste(COLOURS[name], box)
        return Picture(image, np.array(boxes, np.float32) / SIDE, np.arange(len(shown)))


class RedWithBlue(nn.Module):
    """Logits of purple, other: 6 where red and blue are both there, else -6; 0."""

    def forward(self, x: Tensor) -> Tensor:
        red = (x[:, 0] - x[:, 1] > 0.9).float().sum((-2, -1)) > 20
        blue = (x[:, 2] - x[:, 1] > 0.9).float().sum((-2, -1)) > 20
        return torch.stack([12.0 * (red & blue) - 6, torch.zeros(len(x))], -1)


class PurpleClassifier(Classifier):
    def __init__(self) -> None:
        super().__init__()
        self.labels, self.view, self.layer = ["purple", "other"], Stretch((SIDE, SIDE)), "all"
        self.features, self.head = nn.Identity(), RedWithBlue()


def parts(folder: Path, labels: Sequence[str] = (), blind: bool = False, **settings: Any) -> Components:
    effect = Pairs(images=10, fills=["grey"], joint=5, **settings)
    made: Mapping[str, Any] = {
        "data": ThreeSquares(),
        "classifier": PurpleClassifier(),
        "detector": Annotations(),
        "vocabulary": lambda detector: detector,
        "importance": Mean(),
        "threshold": Thresholds(),
        "effect": effect,
    }
    if labels:
        made["classifier"].labels = list(labels)
    if blind:
        made["data"].open = lambda path: Picture(Image.new("RGB", (SIDE, SIDE), (90, 90, 90)))
    told = {"data": {}, "detector": {"_target_": "made.Here"}, "seed": 5, "quiet": True, "threshold": {}}
    told |= {"effect": str({name: value for name, value in vars(effect).items() if name != "fills"})}
    folder.mkdir(exist_ok=True)
    return Components(
        folder,
        told | {"trainer": {"accelerator": "cpu"}},
        made.get,
        lambda name, recorded: None,
        trainer={"accelerator": "cpu"},
        quiet=True,
        seed=5,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pairs") / "run"
    Association().perform(parts(made))
    return made


def test_every_trial_is_there_with_the_score_that_the_rule_gives(folder: Path) -> None:
    rows = pd.read_parquet(folder / "pair_trials.parquet")
    purple = np.stack(rows["scores"].to_list())[:, 0]
    out = rows["kind"] == "out"
    needed = rows["a"].isin(["Red", "Blue"]) | rows["b"].isin(["Red", "Blue"])
    assert (purple[out & needed] == -6).all()
    assert (purple[out & ~needed] == 6).all()
    assert (purple[rows["kind"].isin(["none", "control", "moved"])] == 6).all()
    kept = rows[rows["kind"] == "keep"]
    assert set(kept.loc[kept["kept"], ["a", "b"]].itertuples(index=False, name=None)) == {("Blue", "Red")}
    per_picture = rows[out & (rows["b"] != "")].groupby(["a", "b"]).size()
    # three squares stand together in ten pictures, and ten are asked for
    assert per_picture.to_dict() == dict.fromkeys(combinations(sorted(COLOURS), 2), 10)


def test_the_finished_run_says_what_the_rule_is(folder: Path) -> None:
    entries = JointEffects().on_run_end(Finished(Run(folder), None, Thresholds()))
    table = pd.read_csv(folder / "pairs.csv", keep_default_na=False)
    assert (entries["pairs_tried"], entries["pairs_found"], entries["pairs_only_with"]) == (3, 1, 1)
    assert table.loc[0, ["a", "b", "label", "relation"]].tolist() == ["Blue", "Red", "purple", "only with"]
    assert table.loc[0, ["alone_a", "alone_b", "together", "interaction"]].tolist() == [12, 12, 12, -12]
    assert entries["sets_in_words"][0].startswith("purple is kept by Blue + Red in 100 %")
    assert (folder / "pairs.png").is_file() and (folder / "sets.csv").is_file()


def test_the_same_command_opens_no_picture_again(folder: Path) -> None:
    before = (folder / "pair_trials.parquet").stat().st_mtime_ns
    ThreeSquares.opened = 0
    Association().perform(parts(folder))
    assert (folder / "pair_trials.parquet").stat().st_mtime_ns == before
    assert ThreeSquares.opened == 0


def test_an_interrupted_pass_goes_on_to_the_same_rows(folder: Path, tmp_path: Path) -> None:
    import emocam.intervention.pairs as passes

    second = tmp_path / "run"
    original, seen = passes.JointTrials.__getitem__, []

    def interrupted(self: passes.JointTrials, i: int) -> Any:
        seen.append(i)
        if len(seen) == 6:
            raise KeyboardInterrupt
        return original(self, i)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes.JointTrials, "__getitem__", interrupted)
        with pytest.raises((KeyboardInterrupt, SystemExit, Exception)):
            Association().perform(parts(second))
    assert (second / "pairing").is_dir()
    Association().perform(parts(second))
    assert not (second / "pairing").exists()
    pd.testing.assert_frame_equal(
        pd.read_parquet(second / "pair_trials.parquet"), pd.read_parquet(folder / "pair_trials.parquet")
    )


def test_pictures_of_two_objects_have_no_sets_and_are_counted(folder: Path) -> None:
    rows = pd.read_parquet(folder / "pair_trials.parquet")
    small = {"10.png", "11.png"}
    assert not set(rows.loc[rows["kind"] == "keep", "image"]) & small
    entries = JointEffects().on_run_end(Finished(Run(folder), None, Thresholds()))
    assert entries["pairs_notes"][-1].endswith("10 of 12 pictures of purple")


def test_a_network_of_one_label_is_refused_before_the_work(tmp_path: Path) -> None:
    ThreeSquares.opened = 0
    with pytest.raises(
        SettingError, match=r"^effect=pairs .* has one, 'purple'; give a classifier with more labels$"
    ):
        Association().perform(parts(tmp_path / "run", ["purple"]))
    assert ThreeSquares.opened == 0


def test_pictures_without_objects_say_that_no_pair_stands_together(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    Association().perform(parts(folder, blind=True))
    entries = JointEffects().on_run_end(Finished(Run(folder), None, Thresholds()))
    assert (entries["pairs_tried"], entries["pairs_found"], entries["sets_keep"]) == (0, 0, None)
    (note,) = entries["pairs_notes"]
    assert note.startswith("no two objects stand together in 5 pictures (effect.joint)")


def test_what_stands_within_what_is_that_of_a_loop_over_boxes() -> None:
    dice = np.random.default_rng(3)
    names, regions = ["Person", "Face", "Hat"], {}
    for number in range(40):
        count = int(dice.integers(1, 5))
        boxes = np.sort(dice.random((count, 2, 2)), 1).transpose(0, 1, 2).reshape(count, 4)
        objects = [names[i] for i in dice.integers(0, 3, count)]
        if number % 2:  # a face within a person
            objects, boxes = (
                [*objects, "Person", "Face"],
                np.vstack([boxes, [0.1, 0.1, 0.9, 0.9], [0.3, 0.2, 0.5, 0.4]]),
            )
        regions[str(number)] = PictureRegions(objects, boxes)
    share, pictures = nested_shares(regions, names)
    for whole in range(3):
        for part in range(3):
            held, nested = 0, 0
            for one in regions.values():
                mine = [box for name, box in zip(one.objects, one.boxes, strict=True) if name == names[whole]]
                others = [
                    box for name, box in zip(one.objects, one.boxes, strict=True) if name == names[part]
                ]
                if whole == part or not mine or not others:
                    continue
                inside = [any(lies_in(box, outer) for outer in mine) for box in others]
                held, nested = held + 1, nested + (sum(inside) >= len(inside) / 2)
            assert pictures[whole, part] == held
            assert share[whole, part] == pytest.approx(nested / held if held else 0)
    always = {
        name: PictureRegions(["Person", "Face"], np.array([[0, 0, 1, 1], [0.1, 0.1, 0.3, 0.3]]))
        for name in "abc"
    }
    (found,) = find_nested(always, ["Person", "Face"], 3)
    assert (found.whole, found.part, found.share, found.pictures) == ("Person", "Face", 1.0, 3)


def lies_in(box: np.ndarray, outer: np.ndarray) -> bool:
    """Whether four fifths of a box lie in another."""
    wide = max(0.0, min(box[2], outer[2]) - max(box[0], outer[0]))
    high = max(0.0, min(box[3], outer[3]) - max(box[1], outer[1]))
    return wide * high >= 0.8 * (box[2] - box[0]) * (box[3] - box[1])
