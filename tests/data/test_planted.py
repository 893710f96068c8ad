import json
import pickle
from collections import Counter

import numpy as np
import pytest

from emocam.data.coco import Coco
from emocam.data.planted import Planted
from emocam.data.world import WORLDS
from emocam.errors import SettingError
from emocam.task.train import FIRST


@pytest.fixture(scope="module", params=WORLDS)
def data(request) -> Planted:
    return Planted(world=request.param, images=300)


def shown(data: Planted, path: str) -> list[str]:
    return [thing.object for thing in data.scene(path).things]


def votes(objects: list[str]) -> Counter[str]:
    """The rule of the standard world, written again."""
    says = {"Balloon": "Joy", "Cake": "Joy", "Rocket": "Awe", "Skull": "Fear", "Spider": "Fear"}
    says |= {"Umbrella": "Sadness", "Boat": "Calm"}
    return Counter(says[object] for object in objects if object in says) + Counter(
        Awe=2 * objects.count("Camera")
    )


def test_most_votes_make_the_label_and_rivals_are_in_every_picture():
    data = Planted(images=300)
    for path in data.paths():
        (first, most), *rivals = votes(shown(data, path)).most_common()
        assert data.rules.label(data.scene(path)) == first
        assert most == 2 and 1 <= len(rivals) <= 2 and {count for _, count in rivals} == {1}


def test_nothing_follows_from_objects_in_the_null_world():
    data = Planted(images=300, world="nothing")
    agree = [
        votes(shown(data, path)).most_common(1)[0][0] == data.rules.label(data.scene(path))
        for path in data.paths()
    ]
    assert 0.1 < np.mean(agree) < 0.3  # one of five


def test_bystanders_come_with_their_label_and_not_when_the_network_learns():
    for rules, high, low in ((WORLDS["standard"], 0.75, 0.2), (WORLDS["standard"].balanced(), 0.475, 0.475)):
        data = Planted(images=1000)
        data.__dict__["rules"] = rules
        scenes = [data.scene(path) for path in data.paths()]
        flower = {True: [], False: []}
        for scene in scenes:
            flower[rules.label(scene) == "Joy"].append("Flower" in {thing.object for thing in scene.things})
        assert np.mean(flower[True]) == pytest.approx(high, abs=0.08)
        assert np.mean(flower[False]) == pytest.approx(low, abs=0.05)


def test_pictures_open_apart_and_alike(data):
    other = pickle.loads(pickle.dumps(data))
    one, again = data.open("00007.png"), other.open("00007.png")
    assert one.image.tobytes() == again.image.tobytes()
    assert np.array_equal(one.boxes, again.boxes)
    assert one.boxes.dtype == np.float32 and one.object.dtype == np.int64
    assert one.boxes.min() >= 0 and one.boxes.max() <= 1
    assert [data.objects[i] for i in one.object] == shown(data, "00007.png")
    assert one.known == {"truth": data.rules.label(data.scene("00007.png"))}


def test_seed_draws_other_pictures():
    assert Planted(seed=1).open("00000.png").image.tobytes() != Planted().open("00000.png").image.tobytes()


def test_training_pictures_are_in_no_corpus():
    assert Planted(images=100_000).paths()[-1] == "99999.png"
    assert FIRST > 10**8


def test_export_reads_back_to_the_same(tmp_path):
    data = Planted(images=6, limit=5)
    data.write(tmp_path)
    read = Coco(root=tmp_path)
    assert read.paths() == data.listing() and read.objects == data.objects
    for path in data.listing():
        drawn, back = data.open(path), read.open(path)
        assert drawn.image.tobytes() == back.image.tobytes()
        assert np.array_equal(drawn.boxes, back.boxes) and np.array_equal(drawn.object, back.object)
        assert drawn.known == back.known
    assert json.loads((tmp_path / "instances.json").read_text())["categories"][0] == {
        "id": 1,
        "name": "Balloon",
    }


def test_truth_holds_what_the_rules_say_and_intervention_agrees(data):
    planned = {
        (object, label): role
        for object in data.objects
        for label in data.labels or []
        if (role := data.rules.role(object, label))
    }
    assert {(cell["object"], cell["label"]): cell["role"] for cell in data.truth} == planned
    for cell in data.truth:
        assert cell["used"] == (cell["role"] in ("cause", "shortcut")), cell


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"images": 0}, "data.images must be at least 1, got 0"),
        ({"seed": -1}, "seed must be 0 or more to draw a world, got -1"),
        ({"world": "standart"}, "data.world 'standart' is not known; did you mean standard?"),
    ],
)
def test_wrong_settings_are_named(setting, message):
    with pytest.raises(SettingError, match="^" + message.replace("?", r"\?") + "$"):
        Planted(**setting)
