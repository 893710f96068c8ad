"""Held against scipy, picture by picture, and against numbers that can be checked in the head."""

import numpy as np
import pytest
from scipy.stats import spearmanr, ttest_1samp

from emocam.functional.statistics.faithfulness import (
    best_threshold,
    beyond_p,
    drawn_mean_intervals,
    drawn_means,
    map_correlations,
    order_agreement,
    rank_correlations,
)


def test_each_picture_has_scipys_rank_correlation() -> None:
    dice = np.random.default_rng(0)
    picture = np.sort(dice.integers(0, 6, 40))
    _, picture = np.unique(picture, return_inverse=True)
    values, against = dice.integers(0, 4, (40, 3)).astype(float), dice.standard_normal(40)
    found = rank_correlations(values, against, picture)
    for place in range(picture.max() + 1):
        rows = picture == place
        for method in range(3):
            if len(set(values[rows, method])) > 1:
                expected = spearmanr(values[rows, method], against[rows]).statistic
                assert found[place, method] == pytest.approx(expected)
            else:
                assert found[place, method] == 0


def test_equal_weights_order_nothing() -> None:
    found = rank_correlations(np.array([[1.0, 1], [1, 2], [1, 3]]), np.arange(3.0), np.zeros(3, np.int64))
    assert found[0] == pytest.approx([0.0, 1.0])


def test_two_flat_maps_are_the_same_and_a_flat_one_is_like_no_other() -> None:
    maps = np.array([[0.0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 2, 3], [0, 1, 2, 3]])
    others = np.array([[1.0, 1, 1, 1], [0, 1, 2, 3], [0, 1, 2, 3], [3, 2, 1, 0]])
    assert map_correlations(maps, others) == pytest.approx([1, 0, 1, -1])
    # three cells, of which the middle one has the mean rank
    three = np.array([[5.0, 5, 5], [1, 2, 3]])
    assert (
        map_correlations(three, three[::-1]).tolist()
        == map_correlations(three[::-1], three).tolist()
        == [0, 0]
    )


def test_an_interval_draws_groups_and_not_their_pictures() -> None:
    values = np.repeat(np.random.default_rng(1).standard_normal(30), 20)[:, None]
    by_group = drawn_mean_intervals(values, np.repeat(np.arange(30), 20))(np.ones((1, 1)))
    by_picture = drawn_mean_intervals(values, np.arange(600))(np.ones((1, 1)))
    wide, narrow = (float(high[0] - low[0]) for low, high in (by_group, by_picture))
    assert wide == pytest.approx(2 * 1.96 * values.std() / np.sqrt(30), rel=0.12)
    assert narrow < wide / 3


def test_pictures_of_one_group_have_its_mean_in_each_draw() -> None:
    low, high = drawn_mean_intervals(np.array([[1.0], [3.0], [8.0]]), np.zeros(3, int))(np.ones((1, 1)))
    assert low.tolist() == high.tolist() == [4.0]


def test_the_order_of_means_agrees_as_scipy_says_and_pictures_are_drawn_for_both_at_once() -> None:
    dice = np.random.default_rng(3)
    one = dice.standard_normal((80, 6)) + 0.25 * np.arange(6)
    other = one + 0.4 * dice.standard_normal((80, 6))
    value, low, high = order_agreement(one, other, np.arange(80), draws=500)
    assert value == pytest.approx(spearmanr(one.mean(0), other.mean(0)).statistic)
    slow = []
    for _ in range(500):
        rows = dice.integers(0, 80, 80)
        slow.append(spearmanr(one[rows].mean(0), other[rows].mean(0)).statistic)
    assert [low, high] == pytest.approx(np.percentile(slow, [2.5, 97.5]), abs=0.06)
    # each for itself, the same pictures with much in common would agree less
    assert order_agreement(one, one, np.arange(80), draws=50) == (1, 1, 1)


def test_the_p_of_a_lead_is_students() -> None:
    lead = np.random.default_rng(2).normal(0.3, 1, 25)
    assert beyond_p(lead, np.arange(25)) == pytest.approx(ttest_1samp(lead, 0, alternative="greater").pvalue)
    assert beyond_p(np.repeat(lead, 4), np.repeat(np.arange(25), 4)) == pytest.approx(
        beyond_p(lead, np.arange(25))
    )


def test_the_threshold_keeps_the_used_and_leaves_the_others() -> None:
    importance, used = np.array([0.9, 0.6, 0.3, 0.1]), np.array([True, True, False, False])
    assert best_threshold(importance[None] > np.array([[0.2], [0.5], [0.7]]), used) == 1
    assert best_threshold(np.zeros((3, 4), bool), np.zeros(4, bool)) == 0


def test_intervals_of_weighted_means_are_those_of_units_drawn_one_by_one() -> None:
    dice = np.random.default_rng(4)
    values, unit = dice.normal(size=(13, 3)), 10 + dice.integers(0, 5, 13) * 7
    weights = np.array([[1.0, 0.5], [-1, 0.25], [0, 0.25]])
    kinds = sorted(set(unit.tolist()))
    drawn = []
    for times in np.random.default_rng(6).multinomial(len(kinds), [1 / len(kinds)] * len(kinds), 50):
        rows = [i for kind, n in zip(kinds, times, strict=True) for i in [*np.flatnonzero(unit == kind)] * n]
        drawn.append(values[rows].mean(0) @ weights)
    found = drawn_mean_intervals(values, unit, 50, 6)(weights)
    np.testing.assert_allclose(found, np.percentile(drawn, [2.5, 97.5], axis=0))
    alone = np.arange(13)  # of few units many draws are the same
    told = drawn_mean_intervals(values, alone)(weights), drawn_mean_intervals(values, alone, 2000, 0)(weights)
    np.testing.assert_array_equal(*told)


def test_the_p_of_a_lead_of_units_without_spread_is_certain_and_of_one_unit_unknown() -> None:
    assert np.isnan(beyond_p(np.ones(4), np.zeros(4, int)))
    unit = np.array([3, 3, 5, 5])
    assert beyond_p(np.ones(4), unit) == 0
    assert beyond_p(np.zeros(4), unit) == beyond_p(-np.ones(4), unit) == 1
    lead = np.array([1.0, 3, -1, 2.5])
    assert beyond_p(lead, unit) == pytest.approx(ttest_1samp([2, 0.75], 0, alternative="greater").pvalue)


def test_maps_correlate_as_scipy_says_and_pictures_without_objects_have_no_order() -> None:
    dice = np.random.default_rng(5)
    maps, others = dice.integers(0, 3, (5, 12)).astype(float), dice.normal(size=(5, 12))
    others[4] = 2
    expected = [spearmanr(a, b).statistic for a, b in zip(maps[:4], others[:4], strict=True)]
    assert map_correlations(maps, others) == pytest.approx([*expected, 0])
    assert map_correlations(others, maps) == pytest.approx([*expected, 0])
    found = rank_correlations(np.array([[1.0], [2], [5]]), np.array([3.0, 1, 1]), np.array([0, 1, 1]))
    assert found.tolist() == [[0], [0]]
    assert rank_correlations(np.zeros((0, 2)), np.zeros(0), np.zeros(0, int)).shape == (0, 2)


def test_the_lowest_of_equally_good_thresholds_is_taken_and_one_kind_alone_has_none() -> None:
    passes = np.array(
        [[True, True, True, True], [True, False, True, False], [True, True, False, False], [1, 0, 0, 0]]
    )
    used = np.array([True, True, False, False])
    assert best_threshold(passes.astype(bool), used) == 2
    assert best_threshold(passes[[3, 3, 0]].astype(bool), used) == 0
    assert best_threshold(passes[[0, 2]].astype(bool), np.ones(4, bool)) == 0
    one = np.array([True, False, False, False])
    assert best_threshold(passes.astype(bool), one) == 3


def test_each_draw_of_an_order_takes_the_same_units_for_both_sides() -> None:
    dice = np.random.default_rng(7)
    unit = 5 + dice.integers(0, 6, 15) * 2
    one = dice.normal(size=(15, 4)) + 0.5 * np.arange(4)
    other = one + dice.normal(size=(15, 4))
    kinds, slow = sorted(set(unit.tolist())), []
    for times in np.random.default_rng(2).multinomial(len(kinds), [1 / len(kinds)] * len(kinds), 60):
        rows = [i for kind, n in zip(kinds, times, strict=True) for i in [*np.flatnonzero(unit == kind)] * n]
        slow.append(spearmanr(one[rows].mean(0), other[rows].mean(0)).statistic)
    value = spearmanr(one.mean(0), other.mean(0)).statistic
    expected = value, *np.percentile(slow, [2.5, 97.5])
    assert order_agreement(one, other, unit, 60, 2) == pytest.approx(expected)
    far = one + 20 * dice.normal(size=(15, 4)), other, np.arange(15)
    assert order_agreement(*far) == order_agreement(*far, 2000, 0)
    assert drawn_means(one, unit).shape == (2000, 4)
