"""Intervals of shares by group, tried on pictures whose truth is known."""

import numpy as np
import pytest
from scipy import stats

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


def slow_worth(a: list[float], b: list[float]) -> float:
    groups, of = len(b), sum(b)
    least = of**2 / sum(n * n for n in b)
    share = sum(a) / of
    if share in (0, 1):
        return least
    spread = sum((k - share * n) ** 2 for k, n in zip(a, b, strict=True)) * groups / max(groups - 1, 1)
    found = share * (1 - share) * of**2 / spread if spread > 1e-12 else np.inf
    return min(max(found, least), max(least, of))


def slow_ends(a: list[float], b: list[float]) -> tuple[float, float]:
    """The shares that are just as far from what was seen as Student's quantile allows."""
    n, share = slow_worth(a, b), sum(a) / sum(b)
    z = stats.t.ppf(0.975, max(len(b) - 1, 1))
    # n (share - x)^2 = z^2 x (1 - x)
    low, high = sorted(np.roots([n + z**2, -(2 * n * share + z**2), n * share**2]).real)
    return low, high


def test_worth_and_ends_are_those_of_groups_looked_at_one_by_one() -> None:
    draw = np.random.default_rng(5)
    rows: list[tuple[list[float], list[float]]] = []
    for groups in (1, 2, 2, 3, 5, 8, 20):
        for _ in range(6):
            b = draw.integers(1, 9, groups).astype(float)
            rows.append((draw.integers(0, b + 1).astype(float).tolist(), b.tolist()))
            rows.append(((b * (draw.uniform(size=groups) < 0.5)).tolist(), b.tolist()))
    rows += [([0.0, 0], [2.0, 5]), ([2.0, 5], [2.0, 5]), ([2.0, 2], [4.0, 4]), ([1.0], [3.0])]
    products = [
        [sum(x * y for x, y in zip(row[i], row[j], strict=True)) for row in rows]
        for i, j in ((0, 0), (0, 1), (1, 1))
    ]
    lists = [len(b) for _, b in rows], [sum(a) for a, _ in rows], [sum(b) for _, b in rows], *products
    given = GroupSums(*(np.array(one, float) for one in lists))
    assert worth(given) == pytest.approx([slow_worth(a, b) for a, b in rows])
    expected = np.array([slow_ends(a, b) for a, b in rows])
    low, high = group_wilson(given)
    assert low == pytest.approx(expected[:, 0], abs=1e-7) and high == pytest.approx(expected[:, 1], abs=1e-7)
    every = given.a == given.b
    assert (low[given.a == 0] == 0).all() and (high[every] == 1).all() and every.sum() > 2
