"""How a user writes another vocabulary and a joined detector."""

from pathlib import Path

import hydra
import pytest

from emocam.detector.annotations import Annotations
from emocam.runner.kinds import KINDS
from emocam.settings.build import build

CONF = str(Path(__file__).parents[2] / "conf")


def vocabulary(option: str, *words: str) -> list[str]:
    with hydra.initialize_config_dir(CONF, version_base="1.3"):
        cfg = hydra.compose(f"vocabulary/{option}", overrides=list(words))
    detector = Annotations()
    detector.set_annotated_objects(["Man", "Boy", "Girl", "Woman", "Dog", "Cat", "Human face"])
    return build(cfg.vocabulary, "vocabulary", [], KINDS["vocabulary"])(detector).objects


def test_people_are_persons() -> None:
    assert vocabulary("people") == ["Person", "Dog", "Cat", "Human face"]


def test_classes_are_merged_renamed_and_selected_by_words() -> None:
    words = [
        "vocabulary.merge={Pet:[Dog,Cat]}",
        "vocabulary.rename={Human face:Face}",
        "vocabulary.only=[Pet,Face]",
    ]
    assert vocabulary("all", *words) == ["Pet", "Face"]


def test_people_may_be_joined_by_pets() -> None:
    assert vocabulary("people", "+vocabulary.merge.Pet=[Dog,Cat]") == ["Person", "Pet", "Human face"]


def test_a_member_of_a_joined_detector_has_its_own_settings() -> None:
    words = [
        "+seed=0",
        "detector.detectors=[haar]",
        "detector.haar.features=[face]",
        "detector.haar.size=320",
    ]
    with hydra.initialize_config_dir(CONF, version_base="1.3"):
        cfg = hydra.compose("detector/joined", overrides=words)
    pytest.importorskip("cv2")
    joined = build(cfg.detector, "detector", [], KINDS["detector"])
    assert joined.objects == ["Human face"]
    assert joined.view.views[0].size == (320, 320)
