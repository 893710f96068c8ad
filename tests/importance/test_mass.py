import numpy as np
import pytest
import torch

from emocam.importance.mass import Mass


def test_half_of_an_even_map_holds_half_of_it(made) -> None:
    even = made["explanation"]([1.0, 1.0], [1.0, 1.0])
    weights = Mass()(even, made["regions"]((0, 0, 0.5, 1), (0, 0, 1, 1), (0.2, 0.2, 0.4, 0.7)))
    torch.testing.assert_close(weights, torch.tensor([0.5, 1.0, 0.1]))


def test_parts_of_a_picture_add_up_to_all(scene, made) -> None:
    explained, _ = scene(0)
    quarters = made["regions"]((0, 0, 0.3, 0.6), (0.3, 0, 1, 0.6), (0, 0.6, 0.3, 1), (0.3, 0.6, 1, 1))
    assert Mass()(explained, quarters).sum().item() == pytest.approx(1, abs=1e-5)


def test_half_a_mask_holds_half_as_much(made) -> None:
    even = made["explanation"]([1.0, 1.0], [1.0, 1.0])
    left = torch.zeros(1, 4, 4)
    left[..., :2] = 1
    assert Mass()(even, made["regions"]((0, 0, 0.5, 1), masks=left)).item() == pytest.approx(0.25)


def test_equals_sums_on_a_fine_grid(scene, made) -> None:
    explained, found = scene(1)
    for box, image, weight in zip(found.boxes.numpy(), found.image, Mass()(explained, found), strict=True):
        x, y = made["grid"](np.array([0.0, 0, 1, 1]), 400)
        values = made["read"](explained, int(image), x, y)
        inside = (x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])
        assert weight.item() == pytest.approx(values[inside].sum() / values.sum(), abs=5e-3)
