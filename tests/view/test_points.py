"""What landmark networks see: movement of a face, wherever it is and however it is turned."""

import numpy as np
import pytest
import torch

from emocam.data.planted import Planted
from emocam.errors import Refused
from emocam.records.keypoints import PointSequence
from emocam.view.points import KEY, SCALE, NormalisedPoints, level_points

VIEW = NormalisedPoints(68, 16)
EYES = tuple(range(36, 42)), tuple(range(42, 48))


@pytest.fixture(scope="module")
def picture():
    return Planted(world="sequences", images=1).open("00000.png").image


def test_levelled_eyes_lie_at_a_half_to_each_side(picture) -> None:
    points = level_points(picture.info[KEY].points.double(), *EYES)
    right, left = (points[:, list(eye)].mean(1) for eye in EYES)
    assert torch.allclose(right, torch.tensor([-0.5, 0.0], dtype=torch.float64))
    assert torch.allclose(left, torch.tensor([0.5, 0.0], dtype=torch.float64))


def test_the_view_is_the_movement_written_again_with_complex_numbers(picture) -> None:
    view, window = VIEW(picture)
    z = picture.info[KEY].points.double().numpy() @ np.array([1, 1j])
    right, left = (z[:, list(eye)].mean(1, keepdims=True) for eye in EYES)
    w = (z - (right + left) / 2) / (left - right)
    moved = SCALE * (w - w[:2].mean(0))
    assert np.allclose(view.numpy(), np.stack([moved.real, moved.imag]), atol=1e-4)
    assert window.tolist() == [0, 0, 1, 1]


def test_turning_scaling_and_moving_the_head_changes_nothing(picture) -> None:
    sequence = picture.info[KEY]
    turn = torch.tensor([[0.8, 0.6], [-0.6, 0.8]])
    other = picture.copy()
    other.info[KEY] = PointSequence(3 * sequence.points @ turn + 40, sequence.times, sequence.layout)
    assert torch.allclose(VIEW(other)[0], VIEW(picture)[0], atol=1e-3)


def test_a_picture_without_points_or_with_others_is_refused(picture) -> None:
    plain = picture.copy()
    plain.info = {}
    with pytest.raises(Refused, match="is a picture"):
        VIEW(plain)
    with pytest.raises(Refused, match="has 68 points in 16 frames, and the classifier takes 468 in 16"):
        NormalisedPoints(468, 16)(picture)
    flat = picture.copy()
    flat.info[KEY] = PointSequence(
        torch.zeros_like(picture.info[KEY].points), picture.info[KEY].times, picture.info[KEY].layout
    )
    with pytest.raises(Refused, match="both eyes in one place"):
        VIEW(flat)
