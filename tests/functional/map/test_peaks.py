"""The highest value of a map inside a region, beside the highest of very many places."""

import numpy as np
import pytest
import torch

from emocam.functional.map import peaks
from emocam.functional.map.peaks import box_peaks, mask_peaks

WHOLE = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
WINDOW = torch.tensor([[0.2, 0.1, 0.8, 0.9]])
FINE = 2520
"""Places along a side: the middles of cells and the corners of boxes are among them."""


def value_at(cells: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The map (h, w) at places across and down of the view, between its cells and constant beyond the outermost."""
    height, width = cells.shape
    columns = np.stack([np.interp(x * width - 0.5, np.arange(width), row) for row in cells])
    return np.stack([np.interp(y * height - 0.5, np.arange(height), column) for column in columns.T], 1)


def slowly(cells: np.ndarray, window: np.ndarray, box: np.ndarray) -> float:
    """The highest of a fine grid over what the window shows of a box; 0 where it shows nothing."""
    low, high = ((box[k : k + 2] - window[:2]) / (window[2:] - window[:2]) for k in (0, 2))
    if (high < 0).any() or (low > 1).any():
        return 0.0
    x, y = (np.linspace(*np.clip((low[k], high[k]), 0, 1), FINE // 9) for k in (0, 1))
    return float(value_at(cells, x, y).max())


@pytest.mark.parametrize("window", [WHOLE, WINDOW])
def test_the_peak_is_the_highest_of_very_many_places(window: torch.Tensor) -> None:
    draw = np.random.default_rng(0)
    maps = draw.random((2, 5, 7)).astype(np.float32)
    low = draw.uniform(0, 0.9, (60, 2))
    boxes = np.concatenate([low, low + draw.uniform(0.01, 0.6, (60, 2))], 1)
    image = draw.integers(0, 2, 60)
    tensors = (torch.from_numpy(maps), window.expand(2, 4), torch.from_numpy(boxes), torch.from_numpy(image))
    found = box_peaks(*tensors)
    expected = [slowly(maps[i], window[0].double().numpy(), box) for i, box in zip(image, boxes, strict=True)]
    np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize(
    "box", [[0.0, 0.3, 0.15, 0.6], [0.85, 0.3, 1.0, 0.6], [0.3, 0.0, 0.6, 0.05], [0.3, 0.95, 0.6, 1.0]]
)
def test_a_region_on_any_side_of_the_window_has_no_peak(box: list[float]) -> None:
    maps, image = torch.ones(1, 4, 4), torch.zeros(1, dtype=torch.int64)
    boxes, masks = torch.tensor([box]), torch.ones(1, 6, 6)
    assert box_peaks(maps, WINDOW, boxes, image).tolist() == [0]
    assert mask_peaks(maps, WINDOW, boxes, masks, image).tolist() == [0]


def test_a_region_that_touches_the_window_has_the_value_at_its_border() -> None:
    maps, image = torch.arange(16.0).reshape(1, 4, 4) / 16, torch.zeros(4, dtype=torch.int64)
    touching = [[0.0, 0.0, 0.25, 1.0], [0.75, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.25], [0.0, 0.75, 1.0, 1.0]]
    window = torch.tensor([[0.25, 0.25, 0.75, 0.75]])
    sides = [maps[0, :, 0], maps[0, :, -1], maps[0, 0], maps[0, -1]]
    found = box_peaks(maps, window, torch.tensor(touching), image)
    assert found.tolist() == pytest.approx([float(side.max()) for side in sides])


def masked_slowly(cells: np.ndarray, window: np.ndarray, box: np.ndarray, mask: np.ndarray) -> float:
    """The highest value at the middles of cells of which the mask covers half or more."""
    rows, columns = mask.shape
    highest = 0.0
    for row, column in zip(*np.nonzero(mask >= 0.5), strict=True):
        x = box[0] + (column + 0.5) / columns * (box[2] - box[0])
        y = box[1] + (row + 0.5) / rows * (box[3] - box[1])
        x, y = (x - window[0]) / (window[2] - window[0]), (y - window[1]) / (window[3] - window[1])
        if 0 <= x <= 1 and 0 <= y <= 1:
            highest = max(highest, float(value_at(cells, np.array([x]), np.array([y]))[0, 0]))
    return highest


def test_a_mask_s_peak_is_the_highest_at_the_middles_of_what_it_covers(monkeypatch) -> None:
    draw = np.random.default_rng(1)
    maps = draw.random((2, 6, 4)).astype(np.float32)
    low = draw.uniform(0, 0.7, (30, 2))
    boxes = np.concatenate([low, low + draw.uniform(0.1, 0.5, (30, 2))], 1)
    masks, image = draw.random((30, 3, 5)).astype(np.float32), draw.integers(0, 2, 30)
    masks[0, 1, 2] = 0.5
    given = [torch.from_numpy(one) for one in (boxes, masks, image)]
    found = mask_peaks(torch.from_numpy(maps), WINDOW.expand(2, 4), *given)
    expected = [
        masked_slowly(maps[i], WINDOW[0].double().numpy(), box, mask)
        for box, mask, i in zip(boxes, masks, image, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    monkeypatch.setattr(peaks, "CHUNK", 1)  # one region after the other
    assert torch.allclose(mask_peaks(torch.from_numpy(maps), WINDOW.expand(2, 4), *given), found)


def test_an_empty_mask_counts_as_its_box() -> None:
    maps, image = torch.rand(1, 5, 5, generator=torch.Generator().manual_seed(0)), torch.zeros(1, dtype=int)
    boxes = torch.tensor([[0.1, 0.2, 0.7, 0.6]])
    empty = mask_peaks(maps, WHOLE, boxes, torch.full((1, 4, 4), 0.49), image)
    assert torch.equal(empty, box_peaks(maps, WHOLE, boxes, image))
    assert len(mask_peaks(maps, WHOLE, boxes[:0], torch.zeros(0, 4, 4), image[:0])) == 0


def test_a_mask_s_middle_on_the_window_s_border_is_shown() -> None:
    window, image = torch.tensor([[0.25, 0.25, 0.75, 0.75]]), torch.zeros(1, dtype=torch.int64)
    maps = torch.tensor([[[0.2, 0.4], [0.6, 0.8]]])
    for x, y, value in ((0.25, 0.5, 0.4), (0.75, 0.5, 0.6), (0.5, 0.25, 0.3), (0.5, 0.75, 0.7)):
        box = torch.tensor([[x - 0.125, y - 0.125, x + 0.125, y + 0.125]])
        found = mask_peaks(maps, window, box, torch.ones(1, 1, 1), image)
        assert found.item() == pytest.approx(value)
