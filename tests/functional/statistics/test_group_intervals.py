"""Intervals of shares by group, tried on pictures whose truth is known."""

import numpy as np
import pytest

from emocam.functional.statistics.group_intervals import GroupSums, group_wilson, worth
from emocam.functional.statistics.wilson import wilson


def sums(a: np.ndarray, b: np.ndarray) -> GroupSums:
    """Of counts a of b (n, G) of each group, those without pictures left out."""
    groups = (b > 0).sum(1)
    return GroupSums(groups, a.sum(1), b.sum(1), (a**2).sum(1), (a * b).sum(1), (b**2).sum(1))


def test_copies_are_worth_as_much_as_there_are_groups() -> None:
    there = np.random.default_rng(0).uniform(size=(1, 50)) < 0.3
    assert worth(sums(there * 5.0, np.full((1, 50), 5.0)))[0] == pytest.approx(50, rel=0.03)


def test_pictures_that_are_alone_have_wilsons_interval_but_for_students_quantile() -> None:
    there = (np.random.default_rng(1).uniform(size=(1, 4000)) < 0.3).astype(float)
    ours = group_wilson(sums(there, np.ones((1, 4000))))
    assert np.allclose(ours, wilson(there.sum(1), np.array([4000])), atol=1e-4)


def test_a_share_of_none_or_all_is_worth_its_groups_a_large_one_counting_for_less() -> None:
    size = np.array([[10.0, 10, 10, 10], [37, 1, 1, 1]])
    assert worth(sums(size, size)).tolist() == pytest.approx([4, 40**2 / (37**2 + 3)])
    # two groups by hand: 1 and 3 of 4 each; their squares about a half are 1 and 1, twice as many by two of one
    assert worth(sums(np.array([[1.0, 3]]), np.array([[4.0, 4]]))).tolist() == pytest.approx([0.25 * 64 / 4])
    # and three: 4 + 0 + 4, and half as much again
    assert worth(sums(np.array([[1.0, 3, 5]]), np.full((1, 3), 6.0)))[0] == pytest.approx(0.25 * 324 / 12)
    assert np.isnan(group_wilson(sums(np.zeros((1, 2)), np.zeros((1, 2))))).all()


@pytest.mark.parametrize("alike", [True, False])
def test_intervals_cover(alike: bool) -> None:
    draw = np.random.default_rng(2)
    size = np.broadcast_to(np.r_[np.full(20, 3), np.full(10, 12), 40], (3000, 31))
    person = draw.uniform(size=(3000, 31)) < 0.25
    count = person * size if alike else draw.binomial(size, 0.25)
    low, high = group_wilson(sums(count.astype(float), size.astype(float)))
    covered = np.mean((low <= 0.25) & (high >= 0.25))
    assert 0.92 < covered < 0.985
    plain_low, plain_high = wilson(count.sum(1), size.sum(1))
    plain = np.mean((plain_low <= 0.25) & (plain_high >= 0.25))
    assert (plain < 0.6) == alike
