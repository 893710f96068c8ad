"""The worlds of moving points: what moves them is known."""

import numpy as np

from emocam.data.planted import Planted
from emocam.world.face_points import MOVES
from emocam.world.sequences import (
    FRAMES,
    JAW,
    NOISE_POINTS,
    PEOPLE,
    SEQUENCE_CAUSES,
    UNITS,
    compose_sequence,
    film_sequence,
    moved_points,
    role_of_points,
)


def test_a_sequence_is_composed_the_same_each_time_and_another_seed_gives_another() -> None:
    once, again, other = (film_sequence(compose_sequence("sequences", seed, 5)) for seed in (0, 0, 1))
    assert np.array_equal(once, again) and not np.array_equal(once, other)
    assert once.shape == (FRAMES, 68, 2) and np.isfinite(once).all()


def test_the_units_of_a_label_are_stronger_in_the_end_under_it_alone() -> None:
    faces = [compose_sequence("sequences", 0, index) for index in range(600)]
    last = np.array([face.strength[:, -1] for face in faces])
    labels = np.array([face.label for face in faces])
    for label, units in SEQUENCE_CAUSES.items():
        for place, unit in enumerate(UNITS):
            own, rest = last[labels == label, place].mean(), last[labels != label, place].mean()
            assert (own - rest > 0.15) == (unit in units) or any(
                unit in SEQUENCE_CAUSES[other] for other in SEQUENCE_CAUSES if other != label
            )
    assert len({face.person for face in faces}) == PEOPLE


def test_labels_drawn_by_lot_say_nothing_of_the_movement() -> None:
    faces = [compose_sequence("sequences_null", 0, index) for index in range(600)]
    last = np.array([face.strength[:, -1] for face in faces])
    labels = np.array([face.label for face in faces])
    spread = last.std(0) / np.sqrt((labels == "fear").sum())
    assert (np.abs(last[labels == "fear"].mean(0) - last.mean(0)) < 4 * spread).all()


def test_no_emotion_moves_the_noise_points_and_the_jaw_is_found_less_surely() -> None:
    for label in SEQUENCE_CAUSES:
        assert not set(moved_points(label)) & set(NOISE_POINTS)
        assert role_of_points("sequences", NOISE_POINTS, label) is None
    named = {point for points in MOVES[26] for point in points}
    assert set(moved_points("surprise")) >= named
    at_rest = [film_sequence(compose_sequence("sequences", 0, index)) for index in range(40)]
    jitter = np.mean([np.diff(points, axis=0).std(0) for points in at_rest], 0).mean(1)
    assert jitter[list(JAW)].min() > 1.5 * jitter[27:36].max()


def test_roles_are_known_of_regions_and_of_points() -> None:
    coarse = {(cell["object"], cell["label"]): cell["role"] for cell in Planted(world="sequences").truth}
    assert coarse["mouth", "happiness"] == "cause" and coarse["brows", "happiness"] == "bystander"
    fine = Planted(world="sequences", detail="fine").truth
    roles = {(cell["object"], cell["label"]): cell["role"] for cell in fine}
    assert roles["48", "happiness"] == "cause" and ("00", "happiness") not in roles
    assert Planted(world="sequences_null").truth == []
