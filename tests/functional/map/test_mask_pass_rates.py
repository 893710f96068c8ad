"""The rate at which a shape's mean passes a threshold, place by place."""

import torch

from emocam.functional.map.chance import pass_rates
from emocam.functional.map.chance_masks import mask_pass_rates, on_grid
from emocam.functional.map.placements import find_places, refine


def test_a_shape_passes_as_often_as_a_slow_loop_says() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.rand(2, 7, 7, generator=generator)
    window = torch.tensor([[0.0, 0, 1, 1]]).expand(2, 4)
    boxes = torch.tensor([[0.1, 0.2, 0.4, 0.6], [0.5, 0.5, 0.9, 0.8], [0.0, 0.0, 1.0, 1.0]])
    masks = (torch.rand(3, 14, 14, generator=generator) > 0.5).float()
    image = torch.tensor([0, 1, 0])
    rates = mask_pass_rates(maps, window, boxes, masks, image, 0.55)
    grid = refine(maps)
    places = find_places(grid, window, boxes, image)
    shapes = on_grid(masks.double(), places, grid.shape)
    for number in range(3):
        width, height = places.size[number].tolist()
        shape = shapes[number, :height, :width]
        passed = [
            (grid[image[number], y : y + height, x : x + width] * shape).sum() > 0.55 * shape.sum()
            for y in range(grid.shape[1] - height + 1)
            for x in range(grid.shape[2] - width + 1)
        ]
        assert rates[number].item() == torch.stack(passed).float().mean().item()


def test_a_full_mask_is_its_box() -> None:
    maps = torch.rand(1, 9, 9, generator=torch.Generator().manual_seed(1))
    window, image = torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([0, 0])
    boxes = torch.tensor([[0.1, 0.2, 0.4, 0.6], [0.3, 0.1, 0.8, 0.5]])
    expected = pass_rates(maps, window, boxes, image, 0.5)
    torch.testing.assert_close(
        mask_pass_rates(maps, window, boxes, torch.ones(2, 8, 8), image, 0.5), expected
    )
