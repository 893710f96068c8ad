import numpy as np
import pytest
import torch

from emocam.importance.peak import Peak


def test_the_highest_cell_inside_counts_and_none_outside(made) -> None:
    # centres at 1/8, 3/8, 5/8, 7/8
    row = made["explanation"]([0.0, 1.0, 0.0, 0.5])
    weights = Peak()(row, made["regions"]((0.3, 0, 0.4, 1), (0.7, 0, 1, 1), (0.5, 0, 0.55, 1)))
    # of the last one the left edge is highest: half way from 1 to 0
    torch.testing.assert_close(weights, torch.tensor([1.0, 0.5, 0.5]))


def test_between_two_high_cells_across_a_corner_the_edge_is_highest(made) -> None:
    # on a saddle, 1 at two opposite centres, a box in the middle is highest at two of its corners
    saddle = made["explanation"]([1.0, 0.0], [0.0, 1.0])
    weight = Peak()(saddle, made["regions"]((0.375, 0.375, 0.625, 0.625))).item()
    assert weight == pytest.approx(0.75 * 0.75 + 0.25 * 0.25)


def test_beyond_the_outermost_centres_a_map_stays_as_it_is(made) -> None:
    row = made["explanation"]([1.0, 0.0])
    torch.testing.assert_close(
        Peak()(row, made["regions"]((0, 0, 0.1, 0.1), (0.9, 0, 1, 1))), torch.tensor([1.0, 0])
    )


def test_is_never_below_and_hardly_above_a_fine_grid(scene, made) -> None:
    for seed in range(3):
        explained, found = scene(seed)
        for box, image, weight in zip(
            found.boxes.numpy(), found.image, Peak()(explained, found), strict=True
        ):
            x, y = (np.linspace(box[i], box[i + 2], 201) for i in (0, 1))
            values = made["read"](explained, int(image), *np.meshgrid(x, y))
            assert values.max() - 1e-5 <= weight.item() <= values.max() + 0.02


def test_a_mask_hides_what_it_does_not_cover(made) -> None:
    row = made["explanation"]([1.0, 0.0, 0.0, 0.0])
    right = torch.zeros(1, 1, 4)
    right[..., 2:] = 1
    assert Peak()(row, made["regions"]((0, 0, 1, 1), masks=right)).item() == 0
    assert Peak()(row, made["regions"]((0, 0, 1, 1), masks=1 - right)).item() == 1
