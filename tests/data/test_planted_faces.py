"""Drawn faces as a data set: regions with outlines, people, truth, and an export that reads back to the same."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from emocam.data.coco import Coco
from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.world.face_rules import FACE_WORLDS, REGIONS


def faces(**settings: object) -> Planted:
    return Planted(**{"world": "faces", "images": 40, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize("world", FACE_WORLDS)
def test_faces_open_apart_and_alike_with_all_regions_as_masks(world: str) -> None:
    data = faces(world=world)
    one, again = data.open("00007.png"), pickle.loads(pickle.dumps(data)).open("00007.png")
    assert one.image.tobytes() == again.image.tobytes() and np.array_equal(one.boxes, again.boxes)
    assert data.objects == REGIONS and [data.objects[i] for i in one.object] == REGIONS
    assert one.masks is not None and one.masks.shape == (13, 28, 28) and one.masks.max() == 1
    assert one.boxes.dtype == np.float32 and one.boxes.min() >= 0 and one.boxes.max() <= 1
    assert data.labels is not None and one.known["truth"] in data.labels


def test_pictures_know_their_person_so_that_they_can_be_grouped() -> None:
    data = faces(group="person", images=200)
    groups = data.groups()
    assert groups is not None and len(groups) == 200 and 40 < len(set(groups.values())) <= 60
    assert groups["00003.png"] == data.open("00003.png").known["person"]


def test_detail_fine_tells_left_from_right_and_has_no_truth_of_its_own() -> None:
    data = faces(detail="fine")
    assert {"left eyes", "right eyes", "mouth"} < set(data.objects) and len(data.objects) == 19
    assert len(data.open("00000.png").boxes) == 19
    assert data.truth == [] and data.doubtful == [] and data.without("00000.png", "left eyes") is None


def test_an_export_is_read_back_with_its_outlines(tmp_path: Path) -> None:
    data = faces(images=4, export=tmp_path / "out")
    data.prepare()
    back = Coco(root=tmp_path / "out", masks=True)
    for path in data.paths():
        one, other = data.open(path), back.open(path)
        assert one.image.tobytes() == other.image.tobytes()
        assert [data.objects[i] for i in one.object] == [back.objects[i] for i in other.object]
        assert np.abs(one.boxes - other.boxes).max() < 1e-6
        assert other.masks is not None and one.masks is not None
        assert np.abs(one.masks - other.masks).mean() < 0.01
        assert one.known["truth"] == other.known["truth"]


def test_truth_names_what_the_network_uses() -> None:
    cells = {(cell["object"], cell["label"]): cell for cell in faces().truth}
    used = {pair for pair, cell in cells.items() if cell["used"]}
    assert {("mouth", "happiness"), ("mouth", "surprise"), ("nose", "disgust"), ("eyes", "fear")} <= used
    assert {("brows", "sadness"), ("glabella", "anger")} <= used
    assert all(cells[pair]["role"] == "cause" for pair in used)
    assert ("outside", "fear") in {
        (cell["object"], cell["label"])
        for cell in faces(world="faces_shortcut").truth
        if cell["used"] and cell["role"] == "shortcut"
    }
    assert faces(world="faces_null").truth == [] and faces(world="faces_null").doubtful == []


@pytest.mark.parametrize("world", FACE_WORLDS)
def test_bystanders_are_not_used_by_any_network(world: str) -> None:
    file = Path(__file__).parents[2] / "emocam/world/worlds" / f"{world}.json"
    measured = json.loads(file.read_text(encoding="utf-8"))
    for cell in measured["cells"]:
        assert not (cell["role"] == "bystander" and cell["used"]), cell
    for unit in measured["units"]:
        assert unit["role"] == "cause" or unit["drop"] < 1, unit


def test_a_region_is_drawn_again_at_rest() -> None:
    data = faces(images=60)
    path = next(path for path in data.paths() if data.face_scene(path).label == "happiness")
    image = data.open(path).image
    without = data.without(path, "mouth")
    assert without is not None and without.tobytes() != image.tobytes()


def test_what_does_not_go_with_faces_is_named() -> None:
    with pytest.raises(SettingError, match=r"data\.detail=fine goes with the worlds of faces"):
        Planted(detail="fine")
    with pytest.raises(SettingError, match=r"data\.detail must be coarse or fine, got 'all'"):
        faces(detail="all")
    with pytest.raises(SettingError, match=r"data\.masks goes with data.world=photographs"):
        faces(masks=True)
