"""Welch's F of points, held against scipy's."""

import numpy as np
import torch
from scipy.stats import ttest_ind

from emocam.attribution.base import LabelledPoints
from emocam.attribution.welch import Welch


def test_f_is_the_square_of_welch_s_t_summed_over_coordinates() -> None:
    generator = torch.Generator().manual_seed(0)
    x, label = torch.randn(60, 2, 8, 5, generator=generator), torch.arange(60) % 4
    x[label == 2] *= 3
    part = LabelledPoints(x, label, torch.arange(60) % 9, 4)
    found = Welch().person_sums(lambda x: x, lambda label: lambda x: x, part, part).weights
    mean = x.double().mean(2).numpy()
    for number in range(4):
        own = (label == number).numpy()
        t = ttest_ind(mean[own], mean[~own], axis=0, equal_var=False).statistic
        assert np.allclose(found[number], (t**2).sum(0))


def test_the_point_that_moves_is_first() -> None:
    generator = torch.Generator().manual_seed(1)
    x, label = 0.1 * torch.randn(60, 2, 8, 5, generator=generator), torch.arange(60) % 2
    x[label == 1, 1, 4:, 3] += 1
    part = LabelledPoints(x, label, torch.arange(60) % 9, 2)
    sums = Welch().person_sums(lambda x: x, lambda label: lambda x: x, part, part)
    assert sums.weights.argmax(1).tolist() == [3, 3]
    low, _ = sums.intervals()
    assert low[1, 3] > sums.weights[1, :3].max()
