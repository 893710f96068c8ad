import numpy as np
import pytest
import torch

from emocam.functional.box.boxes import area
from emocam.functional.map.rings import surround
from emocam.importance.contrast import Contrast


def test_an_even_map_has_no_contrast(made) -> None:
    even = made["explanation"]([1.0, 1.0], [1.0, 1.0])
    boxes = (
        (0.4, 0.4, 0.6, 0.6),
        (0, 0, 0.5, 0.5),
        (0, 0, 0.9, 0.9),
        (0.0, 0.0, 1.0, 1.0),
        (0.3, 0.3, 0.3, 0.3),
    )
    torch.testing.assert_close(Contrast()(even, made["regions"](*boxes)), torch.full((5,), 0.5))


def test_all_inside_is_one_and_all_outside_is_zero(made) -> None:
    left = made["explanation"]([1.0], window=(0.0, 0.0, 0.5, 1.0))
    weights = Contrast()(left, made["regions"]((0, 0, 0.5, 1), (0.5, 0, 1, 1)))
    torch.testing.assert_close(weights, torch.tensor([1.0, 0.0]), atol=1e-6, rtol=0)


def test_three_times_as_much_inside_is_three_quarters(made) -> None:
    # the ring of a box over half of the picture is the other half: 1 on one side and 1/3 on the other
    steps = [1.0] * 512 + [1 / 3] * 512
    assert Contrast()(made["explanation"](steps), made["regions"]((0, 0, 0.5, 1))).item() == pytest.approx(
        3 / 4, abs=1e-3
    )


@pytest.mark.parametrize(
    "box", [(0.4, 0.3, 0.6, 0.5), (0.0, 0.0, 0.3, 0.2), (0.9, 0.1, 1.0, 0.9), (0.5,) * 4]
)
def test_the_ring_has_the_area_of_its_box_also_at_the_border(box: tuple[float, ...]) -> None:
    outer = surround(torch.tensor([box]))
    inner = max(float(area(torch.tensor([box]).double())), 1e-8)
    assert area(outer).item() == pytest.approx(2 * inner, rel=1e-6)
    assert outer.min() >= 0 and outer.max() <= 1


def test_around_more_than_half_a_picture_the_ring_is_the_rest() -> None:
    torch.testing.assert_close(
        surround(torch.tensor([[0.0, 0.1, 0.9, 0.9]])), torch.tensor([[0.0, 0, 1, 1]]).double()
    )


def test_in_the_middle_the_ring_is_wider_by_the_root_of_two() -> None:
    outer = surround(torch.tensor([[0.4, 0.4, 0.6, 0.6]])).squeeze()
    half = 0.1 * 2**0.5
    torch.testing.assert_close(outer, torch.tensor([0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half]).double())


def test_equals_means_on_a_fine_grid(scene, made) -> None:
    explained, found = scene(1)
    around = surround(found.boxes).numpy()
    weights = Contrast()(explained, found)
    for box, outer, image, weight in zip(found.boxes.numpy(), around, found.image, weights, strict=True):
        inside = made["read"](explained, int(image), *made["grid"](box, 200)).mean()
        x, y = made["grid"](outer, 500)
        values = made["read"](explained, int(image), x, y)
        ring = values[(x < box[0]) | (x > box[2]) | (y < box[1]) | (y > box[3])].mean()
        assert weight.item() == pytest.approx(inside / (inside + ring), abs=6e-3)


def test_with_a_mask_the_inside_is_the_mask_s(made) -> None:
    steps = made["explanation"]([1.0] * 256 + [0.0] * 256)
    right = torch.zeros(1, 2, 2)
    right[..., 1] = 1
    box = (0.25, 0.25, 0.75, 0.75)
    assert Contrast()(steps, made["regions"](box)).item() == pytest.approx(0.5, abs=1e-2)
    assert Contrast()(steps, made["regions"](box, masks=right)).item() == pytest.approx(0, abs=1e-2)
    assert np.isclose(Contrast()(steps, made["regions"](box, masks=1 - right)).item(), 2 / 3, atol=1e-2)
