"""Planted photographs: a picture follows from seed and index, and loses exactly what is left out."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emocam.data.annotations.album import read_album
from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.world.photograph_rules import deal_rules
from emocam.world.photographs import SIDE, TRAINING

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


def test_nothing_that_is_pasted_leaves_the_picture(planted: Planted) -> None:
    photographs = planted.photographs
    asked = 0
    for index in [*range(60), *range(TRAINING, TRAINING + 60)]:
        for thing in photographs.scene(0, index).things:
            cut, (x, y) = photographs.place(thing)
            assert x >= 0 and y >= 0 and x + cut.width <= SIDE and y + cut.height <= SIDE
            asked += 1
    assert asked > 300


def test_photographs_without_polygons_are_told(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]}
    images = [{"id": 1, "file_name": "a.png", "width": 64, "height": 64}]
    told = {"images": images, "annotations": [box], "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "instances.json").write_text(json.dumps(told))
    with pytest.raises(SettingError, match=r"has 1 boxes and no polygon; annotate polygons"):
        Planted(world="photographs", root=tmp_path)


def test_a_photograph_that_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    sides = np.array([0, 0, 60, 0, 60, 60, 0, 60])
    Image.new("RGB", (200, 200), "red").save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    images = [
        {"id": i, "file_name": f"{name}.png", "width": 200, "height": 200}
        for i, name in enumerate(("good", "bad"))
    ]
    objects = [
        {"id": i, "image_id": 0, "category_id": i, "bbox": [0, 0, 60, 60], "segmentation": [sides.tolist()]}
        for i in range(9)
    ]
    told = {
        "images": images,
        "annotations": objects,
        "categories": [{"id": i, "name": f"o{i}"} for i in range(9)],
    }
    (tmp_path / "instances.json").write_text(json.dumps(told))
    album = read_album(tmp_path, None, 10**6)
    assert (len(album.photos), album.skipped, len(album.cut_outs)) == (1, 1, 9)


def test_a_network_is_taught_on_photographs_that_no_corpus_has(planted: Planted) -> None:
    corpus = {planted.photo_scene(path).photo for path in planted.listing()}
    planted.taught = 40
    assert len(planted.listing()) == 40
    scenes = [planted.photo_scene(path) for path in planted.listing()]
    assert not corpus & {scene.photo for scene in scenes}
    picture, (path, scene) = planted.open(planted.listing()[0]), (planted.listing()[0], scenes[0])
    assert picture.known["truth"] == scene.label and len(picture.object) >= len(scene.things)
    assert {planted.objects[number] for number in picture.object} >= {thing.object for thing in scene.things}
    assert planted.known(path) == {"truth": scene.label}


def test_too_few_objects_are_told() -> None:
    with pytest.raises(
        SettingError, match="need at least 5 different objects with outlines of some size, found 3"
    ):
        deal_rules(["cat", "dog", "cup"], 0)


def test_settings_of_photographs_alone_are_told_elsewhere() -> None:
    with pytest.raises(SettingError, match=r"data\.masks goes with data\.world=photographs"):
        Planted(masks=True)
