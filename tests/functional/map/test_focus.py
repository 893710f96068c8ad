"""Where the focus lies and by how much it moves."""

import numpy as np
import pytest
import torch

from emocam.functional.map.focus import moved, on_one_grid

WHOLE = torch.tensor([[0.0, 0, 1, 1]])


def test_shares_are_those_of_a_fine_grid_of_the_picture() -> None:
    draw = np.random.default_rng(0)
    cells, window = draw.random((5, 7)), np.array([0.2, 0.05, 0.9, 0.7])
    fine = 960
    t = (np.arange(fine) + 0.5) / fine
    u, v = (t - window[0]) / (window[2] - window[0]), (t - window[1]) / (window[3] - window[1])
    rows = np.stack([np.interp(u * 7 - 0.5, np.arange(7), row) for row in cells])
    values = np.stack([np.interp(v * 5 - 0.5, np.arange(5), column) for column in rows.T], 1)
    values[(v < 0) | (v > 1)] = 0
    values[:, (u < 0) | (u > 1)] = 0
    expected = values.reshape(16, fine // 16, 16, fine // 16).sum((1, 3)) / values.sum()
    found = on_one_grid(torch.from_numpy(cells)[None], torch.from_numpy(window)[None])
    assert np.allclose(found[0].numpy(), expected, atol=2e-5)


def test_a_map_and_its_finer_copy_have_one_focus() -> None:
    coarse = torch.tensor([[[1.0, 1.0], [1.0, 1.0]]])
    both = torch.stack([on_one_grid(coarse, WHOLE), on_one_grid(torch.ones(1, 9, 5), WHOLE)])
    assert moved(both).abs().max() < 1e-9


def test_focus_on_the_other_side_has_moved_altogether_and_half_of_it_by_half() -> None:
    left, right, even = torch.zeros(3, 1, 4, 4)
    left[..., :2], right[..., 2:], even[:] = 1 / 8, 1 / 8, 1 / 16
    apart = moved(torch.stack([left, right, even]))[..., 0]
    assert apart.flatten().tolist() == pytest.approx([0, 1, 0.5, 1, 0, 0.5, 0.5, 0.5, 0])


def test_a_flat_map_has_no_focus_that_could_move() -> None:
    maps = on_one_grid(torch.stack([torch.zeros(3, 3), torch.rand(3, 3)]), WHOLE.expand(2, 4))
    assert moved(torch.stack([maps, maps.flip(0)]))[0, 1].isnan().all()
