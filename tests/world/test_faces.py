"""Drawn faces: points by formula, regions that share the picture, units that move only what they name."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from emocam.world.face_points import MIRROR, MOVES, displaced, displacement, mirrored, rest
from emocam.world.face_regions import fine_regions, masks_of
from emocam.world.face_rules import FACE_WORLDS, FACES, HOMES, REGIONS, FaceScene, Light, Pose, compose_face
from emocam.world.faces import SIDE, at_rest, draw_face, owners, without_units

STRAIGHT = {"pose": Pose(), "light": Light()}


def face(units: dict[int, float] | None = None, index: int = 3) -> FaceScene:
    return replace(compose_face(FACES, 0, index), units=units or {}, **STRAIGHT)


def changed(one: FaceScene, other: FaceScene) -> np.ndarray:
    return (np.asarray(draw_face(one)) != np.asarray(draw_face(other))).any(-1)


def test_the_face_at_rest_is_its_own_mirror() -> None:
    assert np.allclose(mirrored(rest()), rest())
    assert sorted(MIRROR) == list(range(68)) and [MIRROR[MIRROR[i]] for i in range(68)] == list(range(68))
    eyes = [rest()[36:42].mean(0), rest()[42:48].mean(0)]
    assert np.allclose(eyes, [(-0.5, 0), (0.5, 0)], atol=0.01)


@pytest.mark.parametrize("unit", MOVES)
def test_units_move_both_sides_alike(unit: int) -> None:
    moved = displacement(unit)
    assert np.allclose(moved[MIRROR] * (-1, 1), moved)
    assert np.allclose(displaced(rest(), {unit: 0.5}) - rest(), 0.5 * moved)


def test_smile_and_frown_are_what_their_formulas_say() -> None:
    smile = displaced(rest(), {12: 1.0}) - rest()
    assert np.allclose(smile[[48, 54]], [(-0.09, -0.10), (0.09, -0.10)])
    frown = displaced(rest(), {4: 1.0}) - rest()
    assert np.allclose(frown[[21, 22]], [(0.05, 0.08), (-0.05, 0.08)])


@pytest.mark.parametrize("unit", HOMES)
def test_a_unit_is_seen_at_home_most(unit: int) -> None:
    still, moved = face(), face({unit: 1.0})
    pixels = changed(still, moved)
    seen = {
        region: (pixels & ((owners(still) == place) | (owners(moved) == place))).sum()
        for place, region in enumerate(REGIONS)
    }
    assert pixels.sum() > 15
    # the folds end at the corners of the mouth, and go along with them
    most = sorted(seen, key=lambda region: -seen[region])[:2]
    assert set(most) & set(HOMES[unit]) and (most[0] in HOMES[unit] or most[0] == "folds"), seen


def test_each_pixel_has_one_region_and_all_regions_are_there() -> None:
    for index in range(20):
        owner = owners(compose_face(FACES, 0, index))
        assert owner.shape == (SIDE, SIDE) and np.unique(owner).tolist() == list(range(13))
        numbers, boxes, masks = masks_of(owner, 28)
        for number, (x0, y0, x1, y1), mask in zip(numbers, boxes.astype(int), masks, strict=True):
            assert (owner == number).sum() == (owner[y0:y1, x0:x1] == number).sum()
            assert mask.mean() * (x1 - x0) * (y1 - y0) == pytest.approx((owner == number).sum(), rel=0.1)


def test_fine_regions_are_halves_of_the_coarse() -> None:
    scene = face()
    names, coarse, fine = fine_regions(), owners(scene), owners(scene, fine=True)
    assert len(names) == 19
    for number, name in enumerate(names):
        whole = name.removeprefix("right ").removeprefix("left ")
        assert (coarse[fine == number] == REGIONS.index(whole)).all()
    columns = np.arange(SIDE)[None].repeat(SIDE, 0)
    right, left = (columns[fine == names.index(f"{side} eyes")].mean() for side in ("right", "left"))
    assert right < SIDE / 2 < left  # the person's


def test_a_region_at_rest_changes_nothing_else() -> None:
    scene = next(s for s in (compose_face(FACES, 0, i) for i in range(99)) if s.label == "happiness")
    image = draw_face(scene)
    pictures = dict(zip(REGIONS, at_rest(scene, image, REGIONS), strict=True))
    number, still = owners(scene), owners(without_units(scene))
    for region, picture in pictures.items():
        pixels = (np.asarray(picture) != np.asarray(image)).any(-1)
        place = REGIONS.index(region)
        assert not pixels[(number != place) & (still != place)].any()
    assert (np.asarray(pictures["mouth"]) != np.asarray(image)).any()
    assert pictures["outside"].tobytes() == image.tobytes()  # there is no badge


def test_the_badge_lies_outside_and_goes_with_it() -> None:
    world = FACE_WORLDS["faces_shortcut"]
    scenes = [compose_face(world, 0, index) for index in range(300)]
    badged = [scene for scene in scenes if scene.badge]
    share = np.mean([bool(scene.badge) for scene in scenes if scene.label == "fear"])
    assert share == pytest.approx(0.8, abs=0.12) and {s.label for s in badged} > {"fear"}
    scene = next(scene for scene in badged if scene.label == "fear")
    assert not set(scene.units) & {5, 20}
    pixels = changed(scene, replace(scene, badge=None))
    assert pixels.any() and (owners(scene)[pixels] == REGIONS.index("outside")).all()
    image = draw_face(scene)
    assert (
        next(at_rest(scene, image, ["outside"])).tobytes() == draw_face(replace(scene, badge=None)).tobytes()
    )


def test_labels_show_their_causes_and_bystanders_come_evenly() -> None:
    scenes = [compose_face(FACES, 0, index) for index in range(1200)]
    for scene in scenes:
        assert set(FACES.causes[scene.label]) <= set(scene.units)
        assert set(scene.units) <= {*FACES.causes[scene.label], *FACES.bystanders}
    for unit in FACES.bystanders:
        shares = [np.mean([unit in s.units for s in scenes if s.label == label]) for label in FACES.labels]
        assert np.allclose(shares, 0.3, atol=0.12)


def test_labels_by_lot_follow_from_nothing() -> None:
    world = FACE_WORLDS["faces_null"]
    scenes = [compose_face(world, 0, index) for index in range(600)]
    agree = np.mean([set(world.causes[scene.label]) <= set(scene.units) for scene in scenes])
    assert 0.1 < agree < 0.3  # anger is also where sadness shows its brows, and so on
    assert not any(world.role(region, label) for region in REGIONS for label in world.labels)


def test_shares_say_how_true_a_label_is() -> None:
    assert FACES.shares([12, 6]) == [1, 0, 0, 0, 0, 0]
    assert FACES.shares([]) == [1 / 6] * 6
    assert FACES.shares([4]) == [0, 0, 0.5, 0.5, 0, 0]
    assert FACE_WORLDS["faces_shortcut"].shares([12], badged=True) == [0, 0, 0, 0, 0, 1]


def test_people_look_the_same_in_all_their_pictures() -> None:
    scenes = [compose_face(FACES, 0, index) for index in range(200)]
    for number in range(60):
        assert len({scene.person for scene in scenes if scene.number == number}) <= 1
    assert len({scene.person for scene in scenes}) > 40
    assert compose_face(FACES, 1, 0).person != compose_face(FACES, 0, 0).person


def test_a_face_is_a_picture_of_its_size() -> None:
    image = draw_face(compose_face(FACES, 5, 5))
    assert isinstance(image, Image.Image) and image.size == (SIDE, SIDE) and image.mode == "RGB"
