"""Planted photographs: a picture follows from seed and index, and loses exactly what is left out."""

from pathlib import Path

import numpy as np
import pytest

from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.world.photograph_rules import deal_rules
from emocam.world.photographs import SIDE

PHOTOS = Path(__file__).parents[2].parent / "shared" / "data" / "photos"


@pytest.fixture(params=["drawn", "photos"])
def planted(request: pytest.FixtureRequest) -> Planted:
    if request.param == "photos" and not PHOTOS.is_dir():
        pytest.skip("the photos are not beside the checkout")
    root = PHOTOS if request.param == "photos" else None
    return Planted(world="photographs", root=root, images=120, masks=True)


def test_a_picture_without_an_object_differs_where_it_was_seen_alone(planted: Planted) -> None:
    asked = 0
    for path in planted.listing()[:12]:
        scene = planted.photo_scene(path)
        image = np.asarray(planted.photographs.draw(scene), int)
        for name in {thing.object for thing in scene.things}:
            without = planted.without(path, name)
            assert without is not None
            changed = (np.asarray(without, int) != image).any(-1)
            shown = np.zeros((SIDE, SIDE), bool)
            for region in planted.photographs.regions(scene):
                shown |= (region.object == name) & (region.shape > 0)
            assert not changed[~shown].any()
            asked += changed.sum() > 20
    assert asked > 15


def test_labels_follow_from_what_is_pasted(planted: Planted) -> None:
    rules = {rule.label: rule for rule in planted.photographs.rules.rules}
    for path in planted.listing():
        scene = planted.photo_scene(path)
        shown = {thing.object for thing in scene.things}
        for label, rule in rules.items():
            complete = shown >= set(rule.causes) and not (rule.kind == "veto" and rule.beside in shown)
            if rule.kind == "either":
                complete = bool(shown & set(rule.causes))
            if label == scene.label:
                assert complete
            elif rule.kind not in ("large", "high"):  # too small or too low, these may be there
                assert not complete


def test_companions_stand_behind_their_causes_and_around_them(planted: Planted) -> None:
    rule = next(rule for rule in planted.photographs.rules.rules if rule.kind == "around")
    held = 0
    for path in planted.listing():
        scene = planted.photo_scene(path)
        things = [thing.object for thing in scene.things]
        if scene.label == rule.label and rule.beside in things:
            boxes = {region.object: region.box for region in planted.photographs.regions(scene)}
            outer, inner = boxes[rule.beside], boxes[rule.causes[0]]
            held += all(outer[i] <= inner[i] + 2 and outer[i + 2] >= inner[i + 2] - 2 for i in (0, 1))
            assert things.index(rule.beside) < things.index(rule.causes[0])
    assert held


def test_too_few_objects_are_told() -> None:
    with pytest.raises(
        SettingError, match="need at least 5 different objects with outlines of some size, found 3"
    ):
        deal_rules(["cat", "dog", "cup"], 0)


def test_settings_of_photographs_alone_are_told_elsewhere() -> None:
    with pytest.raises(SettingError, match=r"data\.masks goes with data\.world=photographs"):
        Planted(masks=True)
