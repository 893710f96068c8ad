import pytest
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from emocam.functional.map.maps import box_means
from emocam.functional.map.masks import mask_means

GRID = 240


def slowly(map: Tensor, window: Tensor, box: Tensor, mask: Tensor) -> float:
    """The map read at many points of the box, each weighing what its mask cell covers."""
    steps = (torch.arange(GRID) + 0.5) / GRID
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    places = torch.stack([columns, rows], -1) * (box[2:] - box[:2]) + box[:2]
    seen = (places - window[:2]) / (window[2:] - window[:2])
    values = grid_sample(map[None, None], seen[None] * 2 - 1, padding_mode="border", align_corners=False)[
        0, 0
    ]
    values = values * ((seen >= 0) & (seen <= 1)).all(-1)
    height, width = mask.shape
    cover = mask[(rows * height).long(), (columns * width).long()]
    return ((values * cover).sum() / cover.sum()).item()


@pytest.mark.parametrize("shape", [(28, 28), (5, 9), (1, 1)])
@pytest.mark.parametrize("window", [(0.0, 0.0, 1.0, 1.0), (-0.2, 0.0, 1.2, 1.0), (0.1, 0.2, 0.9, 0.8)])
def test_equals_a_fine_grid(shape: tuple[int, int], window: tuple[float, ...]) -> None:
    dice = torch.Generator().manual_seed(3)
    maps, windows = torch.rand(2, 6, 7, generator=dice), torch.tensor([window, window])
    corner = torch.rand(12, 2, generator=dice) * 0.6
    boxes = torch.cat([corner, corner + 0.05 + 0.35 * torch.rand(12, 2, generator=dice)], -1)
    masks, image = torch.rand(12, *shape, generator=dice).round(), torch.arange(12) % 2
    masks[:, 0, 0] = 1
    means = mask_means(maps, windows, boxes, masks, image)
    expected = [slowly(maps[i], windows[i], b, m) for b, m, i in zip(boxes, masks, image, strict=True)]
    assert torch.allclose(means, torch.tensor(expected), atol=4e-3)


def test_a_full_mask_is_the_box() -> None:
    dice = torch.Generator().manual_seed(1)
    maps, window = torch.rand(1, 7, 7, generator=dice), torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    boxes, image = (
        torch.tensor([[0.1, 0.2, 0.75, 0.9], [0.0, 0.0, 1.0, 1.0]]),
        torch.zeros(2, dtype=torch.int64),
    )
    means = mask_means(maps, window, boxes, torch.ones(2, 28, 28), image)
    assert torch.allclose(means, box_means(maps, window, boxes, image), atol=1e-6)


def test_half_a_mask_sees_half_a_map() -> None:
    maps = torch.tensor([[[0.0, 0.0, 1.0, 1.0]]]).expand(1, 4, 4)
    window, box, image = (
        torch.tensor([[0.0, 0.0, 1.0, 1.0]]),
        torch.tensor([[0.5, 0.0, 1.0, 1.0]]),
        torch.tensor([0]),
    )
    right = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]])
    assert mask_means(maps, window, box, right, image).item() == pytest.approx(1.0)
    # over the left half of the box the map rises from 1/2 to 1, then stays
    assert mask_means(maps, window, box, 1 - right, image).item() == pytest.approx(0.875)


def test_an_empty_mask_counts_as_its_box_and_no_region_as_none() -> None:
    maps, window = torch.rand(1, 3, 3), torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    boxes, image = torch.tensor([[0.2, 0.2, 0.8, 0.8]]), torch.tensor([0])
    means = mask_means(maps, window, boxes, torch.zeros(1, 4, 4), image)
    assert torch.equal(means, box_means(maps, window, boxes, image))
    assert len(mask_means(maps, window, boxes[:0], torch.zeros(0, 4, 4), image[:0])) == 0
