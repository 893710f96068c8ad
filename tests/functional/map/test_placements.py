"""Sums over all boxes of a grid, against the cells added one by one."""

import torch

from emocam.functional.map.placements import summed_area


def test_each_corner_has_the_sum_of_all_cells_above_and_left_of_it() -> None:
    grid = torch.randint(0, 9, (2, 3, 5), generator=torch.Generator().manual_seed(0))
    table = summed_area(grid)
    assert table.shape == (2, 4, 6)
    for y in range(4):
        for x in range(6):
            assert table[:, y, x].tolist() == [int(one[:y, :x].sum()) for one in grid]
