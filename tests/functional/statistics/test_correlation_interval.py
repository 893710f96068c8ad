"""The interval of r: Fisher's for normal numbers, and one that does not shrink when pictures are copied."""

import numpy as np
import pytest
from scipy import stats

from emocam.functional.statistics.correlation_interval import correlation_interval


def numbers(rho: float, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    x, noise = np.random.default_rng(seed).normal(size=(2, count))
    return x, rho * x + np.sqrt(1 - rho**2) * noise


def test_of_normal_numbers_it_is_fishers() -> None:
    x, y = numbers(0.6, 4000, 0)
    r = np.corrcoef(x, y)[0, 1]
    ends = np.tanh(np.arctanh(r) + np.array([-1.96, 1.96]) / np.sqrt(4000 - 3))
    assert correlation_interval(x, y, np.arange(4000)) == pytest.approx(ends, abs=0.003)


def test_copies_change_nothing_where_they_are_groups() -> None:
    x, y = numbers(0.4, 60, 1)
    alone = correlation_interval(x, y, np.arange(60))
    grouped = correlation_interval(np.repeat(x, 5), np.repeat(y, 5), np.repeat(np.arange(60), 5))
    taken_apart = correlation_interval(np.repeat(x, 5), np.repeat(y, 5), np.arange(300))
    assert grouped == pytest.approx(alone, abs=1e-9)
    assert taken_apart[1] - taken_apart[0] < 0.6 * (alone[1] - alone[0])


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    held = []
    for seed in range(400):
        x, y = numbers(0.5, 25, seed)
        group = np.repeat(np.arange(25), 1 + seed % 4)
        low, high = correlation_interval(x[group], y[group], group)
        held.append(low <= 0.5 <= high)
    assert 0.9 <= np.mean(held) <= 0.985


def test_there_is_none_of_few_groups_or_of_one_value() -> None:
    x, y = numbers(0.5, 20, 0)
    assert np.isnan(correlation_interval(x, y, np.arange(20) % 5)).all()
    assert np.isfinite(correlation_interval(x, y, np.arange(20) % 6)).all()
    assert np.isnan(correlation_interval(x, np.ones(20), np.arange(20))).all()
    assert correlation_interval(x, 3 - 2 * x, np.arange(20)) == (-1, -1)
    assert np.isnan(correlation_interval(np.ones(20), y, np.arange(20))).all()
    assert np.isnan(correlation_interval(x[:0], y[:0], np.arange(0))).all()


@pytest.mark.parametrize("groups", [6, 17])
def test_its_ends_are_those_of_influences_added_group_by_group(groups: int) -> None:
    x, y = numbers(0.7, 50, 3)
    x, y, unit = (
        3 * x - 5,
        0.1 * y + 2,
        7 * (np.arange(50) ** 2 % groups if groups > 6 else np.arange(50) % 6),
    )
    r = np.corrcoef(x, y)[0, 1]
    sums: dict[int, float] = {}
    for a, b, own in zip((x - x.mean()) / np.std(x), (y - y.mean()) / np.std(y), unit.tolist(), strict=True):
        sums[own] = sums.get(own, 0) + a * b - r * (a * a + b * b) / 2
    count = len(sums)
    error = np.sqrt(sum(one**2 for one in sums.values()) * count / (count - 1)) / 50 / (1 - r**2)
    half = stats.t.ppf(0.975, count - 1) * error
    expected = np.tanh([np.arctanh(r) - half, np.arctanh(r) + half])
    assert correlation_interval(x, y, unit) == pytest.approx(expected, rel=1e-9)
    assert correlation_interval(x, x + 1e-3 * y, unit)[0] < 1


def test_zeros_and_ones_have_an_interval_and_one_value_has_none_without_dividing_by_its_spread() -> None:
    x, y = (numbers(0.5, 40, 4)[0] > 0).astype(int), (numbers(0.5, 40, 4)[1] > 0).astype(int)
    assert np.isfinite(correlation_interval(x, y, np.arange(40))).all()
    assert np.isfinite(correlation_interval(x, 3 * y, np.arange(40))).all()
    with np.errstate(all="raise"):
        for one, other in ((x, 0 * y), (0 * x, y), (0 * x, 0 * y)):
            assert np.isnan(correlation_interval(one, other, np.arange(40))).all()
