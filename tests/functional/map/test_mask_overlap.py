"""Maps held against expected cells, and read at places, each again by a plain loop."""

import numpy as np
import pytest
import torch

from emocam.functional.map.mask_overlap import overlap_at_matched_area, overlap_by_chance
from emocam.functional.map.sampled import map_values, mask_cells


def test_the_highest_cells_are_as_many_as_the_expected_ones() -> None:
    values = torch.tensor([[0.9, 0.8, 0.1, 0.7, 5.0], [0.5, 0.5, 0.5, 0.5, 0.5]])
    expected = torch.tensor([[True, False, True, False, False], [True, True, False, False, False]])
    inside = torch.tensor([[True, True, True, True, False]] * 2)
    iou, f1 = overlap_at_matched_area(values, expected, inside)
    # two of four: the first is, the second is not; of a flat map each of four counts a half
    assert f1.tolist() == pytest.approx([1 / 2, 1 / 2])
    assert iou.tolist() == pytest.approx([1 / 3, 1 / 3])
    by_chance = overlap_by_chance(expected, inside)
    assert [one.tolist() for one in by_chance] == [[pytest.approx(1 / 3)] * 2, [0.5, 0.5]]
    nothing = torch.zeros_like(expected)
    assert torch.isnan(torch.cat([*overlap_at_matched_area(values, nothing, inside)])).all()
    assert torch.isnan(torch.cat([*overlap_by_chance(nothing, inside)])).all()
    one = torch.ones(1, 1, dtype=torch.bool)
    assert [part.tolist() for part in overlap_at_matched_area(torch.zeros(1, 1), one, one)] == [[1], [1]]


def test_a_random_map_overlaps_as_by_chance() -> None:
    torch.manual_seed(0)
    expected = (torch.rand(300, 100) < 0.3).bool()
    inside = torch.ones_like(expected)
    _, f1 = overlap_at_matched_area(torch.rand(300, 100), expected, inside)
    assert f1.mean().item() == pytest.approx(overlap_by_chance(expected, inside)[1].mean().item(), abs=0.01)


def test_a_map_is_read_between_its_cells_and_is_nothing_outside_of_its_window() -> None:
    maps = torch.tensor([[[0.0, 1.0], [2.0, 3.0]]])
    window = torch.tensor([[0.5, 0.0, 1.0, 1.0]])
    places = torch.tensor([[[0.625, 0.25], [0.75, 0.25], [0.875, 0.5], [0.99, 0.01], [0.4, 0.5]]])
    assert map_values(maps, window, places)[0].tolist() == pytest.approx([0, 0.5, 2, 1, 0])


def test_cells_of_a_mask_are_those_whose_middle_it_covers() -> None:
    draw = np.random.default_rng(0)
    masks = torch.from_numpy(draw.random((3, 4, 4)).astype(np.float32))
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.2, 0.1, 0.7, 0.9], [0.5, 0.5, 0.5, 0.5]])
    found = mask_cells(boxes, masks, 8).reshape(3, 8, 8)
    for n, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        for row in range(8):
            for column in range(8):
                x, y = (column + 0.5) / 8, (row + 0.5) / 8
                covered = False
                if x0 <= x < x1 and y0 <= y < y1:
                    mask = masks[n, int((y - y0) / (y1 - y0) * 4), int((x - x0) / (x1 - x0) * 4)]
                    covered = bool(mask >= 0.5)
                assert bool(found[n, row, column]) == covered
