import hashlib
import json
import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from emocam.data.coco import Coco
from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.train.world import FIRST
from emocam.train.world_truth import apart
from emocam.world.draw import box_of
from emocam.world.rules import WORLDS


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
    if data.world != "noisy_detector":
        assert [data.objects[i] for i in one.object] == shown(data, "00007.png")
    assert one.known == {"truth": data.rules.label(data.scene("00007.png"))}


def test_seed_draws_other_pictures():
    assert Planted(seed=1).open("00000.png").image.tobytes() != Planted().open("00000.png").image.tobytes()


def test_training_pictures_are_in_no_corpus():
    assert Planted(images=100_000).paths()[-1] == "99999.png"
    assert FIRST > 10**8


@pytest.mark.parametrize("world", WORLDS)
def test_without_strength_every_world_is_the_standard_one_or_has_no_cause(world):
    data, plain = (
        Planted(world=world, strength=0),
        Planted(world=world if world in ("nothing", "logic") else "standard"),
    )
    for path in data.paths()[:5]:
        one, other = data.open(path), plain.open(path)
        assert one.image.tobytes() == other.image.tobytes()
        assert np.array_equal(one.boxes, other.boxes) and np.array_equal(one.object, other.object)


def test_pictures_of_old_worlds_stay_as_they_were():
    for world, digest in (("standard", "9bdc74549cadf4f5"), ("nothing", "3ce186e37dde7f67")):
        data = Planted(world=world)
        drawn = b"".join(data.open(path).image.tobytes() for path in data.paths()[:20])
        assert hashlib.sha256(drawn).hexdigest()[:16] == digest


def sides(data: Planted) -> dict[bool, list[float]]:
    """How large what acts and what does not is drawn, as parts of the picture's shorter side."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for path in data.paths():
        scene = data.scene(path)
        for thing in scene.things:
            if thing.object != "Camera":
                found[data.rules.acts(thing.object)].append(thing.size / min(scene.size))
    return found


def test_in_size_the_smallest_idle_object_is_larger_than_any_cause():
    strong, half = (sides(Planted(world="size", images=100, strength=s)) for s in (1, 0.5))
    assert max(strong[True]) < min(strong[False])
    assert np.mean(half[True]) > np.mean(strong[True])
    assert np.mean(half[False]) < np.mean(strong[False])


def test_in_place_causes_stand_at_the_border_and_the_others_in_the_middle():
    data = Planted(world="place", images=100)
    for path in data.paths():
        scene = data.scene(path)
        for thing in scene.things:
            aside = max(abs(thing.x / scene.size[0] - 0.5), abs(thing.y / scene.size[1] - 0.5))
            assert aside > 0.2 if data.rules.acts(thing.object) else aside < 0.2, thing


def test_in_pairs_a_bystander_comes_with_each_cause_of_its_label_and_only_so():
    data, partner = Planted(world="pairs", images=100), {"Umbrella": "Candle", "Boat": "Starfish"}
    touching = []
    for path in data.paths():
        scene = data.scene(path)
        names = [thing.object for thing in scene.things]
        for cause, bystander in partner.items():
            assert names.count(cause) == names.count(bystander)
        boxes = {thing.object: box_of(thing, scene.size) for thing in scene.things}
        if names.count("Boat") == 1:
            touching.append(not apart(boxes["Boat"], boxes["Starfish"]))
    assert np.mean(touching) > 0.9


def test_a_noisy_detector_sees_standard_pictures_and_errs():
    data, plain = Planted(world="noisy_detector"), Planted()
    real = Counter()
    said = Counter()
    for path in data.paths()[:200]:
        assert data.scene(path) == plain.scene(path)
        noisy, clean = data.open(path), plain.open(path)
        real["all"], said["all"] = real["all"] + len(clean.object), said["all"] + len(noisy.object)
        overlap = box_iou(torch.from_numpy(clean.boxes), torch.from_numpy(noisy.boxes)) > 0.3
        same = torch.from_numpy(clean.object)[:, None] == torch.from_numpy(noisy.object)
        real["found"] += int((overlap & same).any(1).sum())
        said["right"] += int((overlap & same).any(0).sum())
        assert noisy.boxes.min() >= 0 and noisy.boxes.max() <= 1
        assert (noisy.boxes[:, 2:] > noisy.boxes[:, :2]).all()
    assert 0.4 < real["found"] / real["all"] < 0.65  # 0.7 drawn, 0.85 of these named right, most near enough
    assert 0.45 < said["right"] / said["all"] < 0.65


@pytest.mark.parametrize("world", ["standard", "noisy_detector"])
def test_export_reads_back_to_the_same(tmp_path, world):
    data = Planted(images=6, limit=5, world=world)
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
        ({"strength": 1.5}, r"data.strength must be in \[0, 1\], got 1.5"),
        ({"world": "standart"}, "data.world 'standart' is not known; did you mean standard?"),
    ],
)
def test_wrong_settings_are_named(setting, message):
    with pytest.raises(SettingError, match="^" + message.replace("?", r"\?") + "$"):
        Planted(**setting)


def test_a_run_that_names_an_export_writes_it_before_its_first_picture(tmp_path):
    Planted(images=3, export=tmp_path / "out").prepare()
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "00000.png",
        "00001.png",
        "00002.png",
        "instances.json",
    ]


@pytest.mark.parametrize("world", ["values", *WORLDS])
def test_each_world_s_export_is_read_again(tmp_path, world):
    drawn = Planted(world=world, images=2, export=tmp_path)
    drawn.prepare()
    read = Coco(root=tmp_path)
    assert read.paths() == drawn.paths()
    for path in read.paths():
        np.testing.assert_allclose(read.open(path).boxes, drawn.open(path).boxes, atol=1e-6)
