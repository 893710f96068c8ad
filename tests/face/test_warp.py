"""Faces drawn in one: each pixel of the canonical face is the same part of every face."""

import numpy as np

from emocam.face.expected import EXPECTED, SAME, expected_regions
from emocam.face.regions import region_names
from emocam.face.warp import FaceWarp, mean_face, move_onto
from emocam.records.face_regions import FACE_REGIONS


def faces(count: int, seed: int = 0) -> np.ndarray:
    """Points of faces: one shape, moved, turned and sized, and a little of their own."""
    draw = np.random.default_rng(seed)
    shape = draw.random((20, 2))
    found = []
    for _ in range(count):
        turn, size = draw.normal(0, 0.3), draw.uniform(0.3, 0.6)
        cosine, sine = size * np.cos(turn), size * np.sin(turn)
        own = shape + draw.normal(0, 0.01, shape.shape)
        found.append(own @ np.array([[cosine, sine], [-sine, cosine]]) + draw.uniform(0.1, 0.4, 2))
    return np.array(found)


def test_a_move_of_points_is_found_again() -> None:
    one, other = faces(2, seed=1)
    moved, matrix = move_onto(one, other)
    assert np.abs(moved - other).max() < 0.03
    np.testing.assert_allclose(one @ matrix[:, :2].T + matrix[:, 2], moved)


def test_the_points_of_the_canonical_face_are_those_of_every_face() -> None:
    points = faces(12)
    template = mean_face(points)
    assert template.min() > 0 and template.max() < 1
    warp = FaceWarp(template, side=400)
    pixel = np.clip((template * 400).astype(int), 0, 399)
    for face in points:
        places = warp.places(face).reshape(400, 400, 2)
        at = places[pixel[:, 1], pixel[:, 0]]
        # a pixel is 1 / 400 of the canonical picture, and less of the face's
        assert np.abs(at - face).max() < 3 / 400


def test_a_straight_line_within_a_triangle_stays_one_and_the_frame_comes_along() -> None:
    points = faces(5)
    warp = FaceWarp(mean_face(points), side=60)
    itself = warp.places(warp.template).reshape(60, 60, 2)
    at = (np.arange(60) + 0.5) / 60
    np.testing.assert_allclose(itself, np.stack(np.meshgrid(at, at), -1), atol=1e-9)


def test_expected_regions_are_regions_and_labels_have_their_other_names() -> None:
    assert {region for regions in EXPECTED.values() for region in regions} <= set(FACE_REGIONS)
    assert set(SAME.values()) <= set(EXPECTED)
    whole, fine = (region_names(detail) for detail in ("coarse", "fine"))
    assert expected_regions("Happy", whole) == ["eyes", "under eyes", "cheeks", "mouth"]
    assert expected_regions("anger", fine) == [
        *("right brow", "left brow", "glabella", "right eye", "left eye", "mouth"),
    ]  # fmt: skip
    assert expected_regions("boredom", whole) == []
