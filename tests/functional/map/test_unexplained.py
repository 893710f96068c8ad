"""The mass outside all boxes, against a grid fine enough."""

import numpy as np
import pytest
import torch

from emocam.functional.map import unexplained as uncovered_module
from emocam.functional.map.maps import box_integrals
from emocam.functional.map.unexplained import fullest_window, uncovered

WHOLE = torch.tensor([[0.0, 0, 1, 1]])


def slowly(cells: np.ndarray, window: np.ndarray, boxes: np.ndarray, fine: int = 840) -> np.ndarray:
    """Midpoints of a fine grid of the window: the map by interpolation, a box by comparison."""
    height, width = cells.shape
    t = (np.arange(fine) + 0.5) / fine
    columns = np.stack([np.interp(t * width - 0.5, np.arange(width), row) for row in cells])
    values = np.stack([np.interp(t * height - 0.5, np.arange(height), column) for column in columns.T], 1)
    x = window[0] + t * (window[2] - window[0])
    y = window[1] + t * (window[3] - window[1])
    for x0, y0, x1, y1 in boxes:
        values[np.ix_((y >= y0) & (y <= y1), (x >= x0) & (x <= x1))] = 0
    return values.reshape(height, fine // height, width, fine // width).mean((1, 3)) / (height * width)


@pytest.mark.parametrize("many", [0, 1, 3, 12])
def test_mass_of_every_cell_is_that_of_a_fine_grid(many: int) -> None:
    draw = np.random.default_rng(many)
    cells = draw.random((5, 7, 6)).astype(np.float32)
    low = draw.uniform(-0.0, 0.2, (5, 2))
    window = np.concatenate([low, low + draw.uniform(0.6, 0.8, (5, 2))], 1)
    corner = draw.uniform(0, 0.7, (5 * many, 2))
    boxes = np.concatenate([corner, corner + draw.uniform(0, 0.3, (5 * many, 2))], 1)
    image = draw.permutation(np.repeat(np.arange(5), many))
    found = uncovered(*(torch.from_numpy(v) for v in (cells, window, boxes, image))).numpy()
    for i in range(5):
        assert np.allclose(found[i], slowly(cells[i], window[i], boxes[image == i]), atol=2e-4)


def test_images_with_other_numbers_of_boxes_do_not_mix() -> None:
    draw = np.random.default_rng(3)
    many = np.array([0, 40, 2, 1, 7, 0])
    image = torch.from_numpy(np.repeat(np.arange(6), many))
    corner = torch.from_numpy(draw.uniform(0, 0.8, (50, 2)))
    boxes, maps = torch.cat([corner, corner + 0.2], 1), torch.from_numpy(draw.random((6, 4, 4)))
    together = uncovered(maps, WHOLE.expand(6, 4), boxes, image)
    for i in range(6):
        own = image == i
        alone = uncovered(maps[i : i + 1], WHOLE, boxes[own], torch.zeros(int(own.sum()), dtype=torch.int64))
        assert torch.allclose(together[i], alone[0], atol=1e-12)


def test_one_box_leaves_what_it_does_not_hold() -> None:
    maps, boxes = torch.rand(1, 5, 5), torch.tensor([[0.1, 0.2, 0.65, 0.7]])
    image = torch.zeros(1, dtype=torch.int64)
    inside = box_integrals(maps, WHOLE, boxes, image)
    assert uncovered(maps, WHOLE, boxes, image).sum().item() == pytest.approx(
        (maps.mean() - inside).item(), abs=1e-6
    )


def test_two_halves_cover_everything_and_a_box_outside_nothing() -> None:
    maps, image = torch.ones(1, 3, 3), torch.zeros(2, dtype=torch.int64)
    halves = torch.tensor([[0, 0, 0.5, 1], [0.5, 0, 1, 1]])
    assert uncovered(maps, WHOLE, halves, image).abs().max() == 0
    window = torch.tensor([[0.5, 0, 1, 1]])
    assert uncovered(maps, window, halves[:1], image[:1]).sum().item() == pytest.approx(1)


def test_the_fullest_window_is_where_the_mass_is() -> None:
    mass = torch.zeros(1, 6, 9)
    mass[0, 2:4, 5:8] = 1
    boxes, held = fullest_window(mass)
    assert held.item() == pytest.approx(6)
    assert boxes[0].tolist() == pytest.approx([5 / 9, 2 / 6, 8 / 9, 4 / 6])


def test_thousands_of_boxes_need_no_more_memory(monkeypatch) -> None:
    """Parts of an image follow each other, and a box that is many objects is one box."""
    draw = np.random.default_rng(4)
    corner = torch.from_numpy(draw.uniform(0, 0.8, (60, 2)))
    boxes, maps = torch.cat([corner, corner + 0.2], 1), torch.from_numpy(draw.random((3, 4, 5)))
    image = torch.from_numpy(draw.integers(0, 3, 60))
    whole, sizes = uncovered(maps, WHOLE.expand(3, 4), boxes, image), []
    cut = uncovered_module._cut

    def listen(start: torch.Tensor, end: torch.Tensor, cells: int) -> tuple[torch.Tensor, ...]:
        sizes.append(start.shape[1])
        return cut(start, end, cells)

    monkeypatch.setattr(uncovered_module, "CHUNK", 100)
    monkeypatch.setattr(uncovered_module, "_cut", listen)
    many = uncovered(maps, WHOLE.expand(3, 4), boxes.repeat(50, 1), image.repeat(50))
    torch.testing.assert_close(many, whole, atol=1e-12, rtol=0)
    assert max(sizes) < 30


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 5), (4, 3), (7, 11)])
def test_the_fullest_window_is_that_of_all_places(shape: tuple[int, int]) -> None:
    mass = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0))
    boxes, held = fullest_window(mass)
    high, wide = (max(1, round(side / 3)) for side in shape)
    for one, box, most in zip(mass, boxes, held, strict=True):
        places = [(y, x) for y in range(shape[0] - high + 1) for x in range(shape[1] - wide + 1)]
        sums = {(y, x): one[y : y + high, x : x + wide].sum().item() for y, x in places}
        y, x = max(sums, key=lambda place: sums[place])
        assert most.item() == pytest.approx(sums[y, x])
        corners = x / shape[1], y / shape[0], (x + wide) / shape[1], (y + high) / shape[0]
        assert box.tolist() == pytest.approx(corners)
