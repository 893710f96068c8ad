"""The density against a loop over fixations and cells."""

from math import erf, sqrt

import pytest
import torch

from emocam.functional.gaze import density
from emocam.functional.gaze.density import GRID, densities


def share(middle: float, sigma: float, low: float, high: float) -> float:
    """The Gaussian's integral by the error function."""
    return (erf((high - middle) / (sigma * sqrt(2))) - erf((low - middle) / (sigma * sqrt(2)))) / 2


def test_each_cell_has_the_gaussian_s_integral_times_the_seconds(monkeypatch):
    monkeypatch.setattr(density, "TOGETHER", 2)
    draws = torch.Generator().manual_seed(0)
    place, weight = torch.rand(9, 2, generator=draws), torch.rand(9, generator=draws)
    picture = torch.tensor([4, 0, 0, 2, 4, 4, 0, 2, 4])
    sigma = torch.rand(9, 2, generator=draws) / 10 + 0.02
    found = densities(place, weight, picture, 5, sigma)
    assert found.shape == (5, *GRID) and not found[1].any() and not found[3].any()
    for image, row, column in ((0, 0, 0), (0, 17, 31), (2, 35, 63), (4, 20, 5), (4, 8, 60)):
        expected = sum(
            float(weight[n])
            * share(float(place[n, 1]), float(sigma[n, 1]), row / GRID[0], (row + 1) / GRID[0])
            * share(float(place[n, 0]), float(sigma[n, 0]), column / GRID[1], (column + 1) / GRID[1])
            for n in range(9)
            if picture[n] == image
        )
        assert float(found[image, row, column]) == pytest.approx(expected, abs=1e-7)


def test_what_lies_well_inside_keeps_all_of_its_seconds():
    found = densities(
        torch.tensor([[0.5, 0.5]]), torch.tensor([0.3]), torch.tensor([0]), 1, torch.tensor([[0.04, 0.04]])
    )
    assert float(found.sum()) == pytest.approx(0.3, abs=1e-7)
