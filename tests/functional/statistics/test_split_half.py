"""Halves of the images, against a loop over them."""

import math

import pytest
import torch
from scipy.stats import spearmanr

from emocam.functional.statistics.split_half import half_counts, split_half


def test_halves_share_the_images_and_lose_nothing():
    image = torch.tensor([0, 0, 1, 2, 3, 3, 3])
    cell = torch.tensor([0, 1, 1, 0, 0, 1, 2])
    found = half_counts(cell, image, 4, 3, torch.Generator().manual_seed(0))
    half = torch.randperm(4, generator=torch.Generator().manual_seed(0)) % 2
    slow = torch.zeros(2, 3, dtype=torch.int64)
    for c, i in zip(cell, image, strict=True):
        slow[half[i], c] += 1
    assert torch.equal(found, slow)


def test_many_images_of_a_steady_kind_have_a_high_ceiling_and_chance_a_low_one():
    generator = torch.Generator().manual_seed(1)
    image = torch.arange(6000)
    steady = torch.multinomial(torch.arange(1.0, 31), 6000, replacement=True, generator=generator)
    chance = torch.randint(30, (60,), generator=generator)
    assert split_half(steady, image, 6000, 30) > 0.95
    assert split_half(chance, image[:60], 60, 30) < 0.4


def test_where_nothing_was_kept_there_is_no_ceiling():
    none = torch.zeros(0, dtype=torch.int64)
    assert math.isnan(split_half(none, none, 10, 6))


def test_the_ceiling_is_spearman_brown_of_the_mean_over_halves_counted_one_by_one():
    generator = torch.Generator().manual_seed(2)
    image = torch.arange(41).repeat(2)
    cell = torch.randint(6, (82,), generator=generator) // torch.tensor([1, 2]).repeat_interleave(41)
    for seed, splits in ((0, 20), (5, 3)):
        lots, found = torch.Generator().manual_seed(seed), []
        for _ in range(splits):
            half = (torch.randperm(41, generator=lots) % 2).tolist()
            counts = [[0] * 7, [0] * 7]
            for c, i in zip(cell.tolist(), image.tolist(), strict=True):
                counts[half[i]][c] += 1
            found.append(spearmanr(*counts).statistic)
        r = sum(found) / splits
        assert split_half(cell, image, 41, 7, splits, seed) == pytest.approx(2 * r / (1 + r))
    assert split_half(cell, image, 41, 7) == split_half(cell, image, 41, 7, 20, 0)
