import numpy as np
import pytest
import torch

from emocam.importance.density import Density


def test_an_even_map_is_as_dense_everywhere(made) -> None:
    even = made["explanation"]([1.0, 1.0], [1.0, 1.0])
    weights = Density()(even, made["regions"]((0, 0, 0.5, 1), (0.2, 0.2, 0.3, 0.3)))
    torch.testing.assert_close(weights, torch.tensor([0.5, 0.5]))


def test_three_times_as_dense_is_three_quarters(made) -> None:
    # all of the map is seen through the left third of the picture, where it is 1
    third = made["explanation"]([1.0], window=(0.0, 0.0, 1 / 3, 1.0))
    assert Density()(third, made["regions"]((0, 0, 1 / 3, 1))).item() == pytest.approx(3 / 4, abs=1e-5)


def test_a_map_twice_as_high_changes_nothing(scene) -> None:
    explained, found = scene(0)
    halved = type(explained)(explained.maps / 2, explained.window)
    torch.testing.assert_close(Density()(halved, found), Density()(explained, found))


def test_equals_means_on_a_fine_grid(scene, made) -> None:
    explained, found = scene(1)
    for box, image, weight in zip(found.boxes.numpy(), found.image, Density()(explained, found), strict=True):
        inside = made["read"](explained, int(image), *made["grid"](box, 200)).mean()
        whole = made["read"](explained, int(image), *made["grid"](np.array([0, 0, 1, 1]), 400)).mean()
        assert weight.item() == pytest.approx(inside / (inside + whole), abs=3e-3)
