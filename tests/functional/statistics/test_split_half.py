"""Halves of the images, against a loop over them."""

import math

import torch

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
