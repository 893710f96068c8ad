"""Paired differences, against scipy."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from emocam.functional.statistics.paired_tests import mcnemar_p, most_agree_p, paired_interval, paired_p


@pytest.mark.parametrize(("one", "other"), [(9, 1), (0, 0), (3, 7), (12, 0)])
def test_mcnemar_is_the_exact_test_of_what_differs(one: int, other: int) -> None:
    expected = stats.binomtest(one, one + other, alternative="greater").pvalue if one + other else 1
    assert mcnemar_p(np.array([one]), np.array([other]))[0] == pytest.approx(expected)


def test_interval_and_p_are_students() -> None:
    values = np.random.default_rng(0).normal(0.3, 1, (5, 23))
    given = values.mean(1), values.std(1, ddof=1), np.full(5, 23)
    theirs = stats.ttest_1samp(values, 0, axis=1, alternative="greater")
    assert np.allclose(paired_p(*given), theirs.pvalue)
    both = stats.ttest_1samp(values, 0, axis=1).confidence_interval()
    assert np.allclose(paired_interval(*given), [both.low, both.high])


def test_one_picture_has_no_p_and_no_change_is_no_effect() -> None:
    p = paired_p(np.array([1.0, 0.0]), np.array([np.nan, 0.0]), np.array([1, 9]))
    assert np.isnan(p[0]) and p[1] == 0.5


def test_most_of_the_fills_by_hand() -> None:
    p = np.array([[0.9, 0.01, 0.02], [0.01, np.nan, 0.02], [np.nan, np.nan, 0.03], [np.nan] * 3])
    assert np.allclose(most_agree_p(p), [0.04, 0.02, 0.03, np.nan], equal_nan=True)


def test_one_fill_alone_never_convinces() -> None:
    """One true effect of three and two without: at most one in twenty is called an agreement."""
    draw = np.random.default_rng(1)
    p = np.stack([np.full(4000, 1e-9), *draw.uniform(size=(2, 4000))], 1)
    assert (most_agree_p(p) <= 0.05).mean() < 0.06


def test_two_pictures_have_one_degree_of_freedom() -> None:
    values = np.array([[0.2, 1.1], [-0.4, 0.9]])
    given = values.mean(1), values.std(1, ddof=1), np.full(2, 2)
    both = stats.ttest_1samp(values, 0, axis=1).confidence_interval()
    assert np.allclose(paired_interval(*given), [both.low, both.high])
    assert np.allclose(paired_p(*given), stats.ttest_1samp(values, 0, axis=1, alternative="greater").pvalue)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.99])
def test_an_interval_of_any_share_is_students(share: float) -> None:
    values = np.random.default_rng(2).normal(size=(4, 6))
    both = stats.ttest_1samp(values, 0, axis=1).confidence_interval(share)
    found = paired_interval(values.mean(1), values.std(1, ddof=1), np.full(4, 6), share)
    assert np.allclose(found, [both.low, both.high])


def test_a_change_that_never_varies_is_certain_and_one_picture_has_no_p() -> None:
    given = np.array([0.5, -0.5, 0.0, 0.3]), np.zeros(4), np.array([3, 3, 3, 1])
    assert paired_p(*given)[:3].tolist() == [0, 1, 0.5] and np.isnan(paired_p(*given)[3])
    assert np.isnan(paired_p(np.array([0.0]), np.array([0.0]), np.array([1]))).all()


def test_the_p_that_most_are_true_is_that_of_all_ways_to_be_wrong() -> None:
    """More than half unless some m - u + 1 are false: the worst such set's smallest p times its size."""
    draw = np.random.default_rng(3)
    p = draw.uniform(size=(40, 5)) ** 3
    p[draw.random(p.shape) < 0.3] = np.nan
    for row, found in zip(p, most_agree_p(p), strict=True):
        known = row[~np.isnan(row)].tolist()
        if not known:
            assert np.isnan(found)
            continue
        size = len(known) - (len(known) // 2 + 1) + 1
        worst = max(min(some) for some in combinations(known, size))
        assert found == pytest.approx(min(1, worst * size))


def test_mcnemar_of_many_cells_is_that_of_each() -> None:
    one, other = np.array([[5, 0], [2, 9]]), np.array([[1, 3], [2, 0]])
    expected = [
        [stats.binom.sf(a - 1, a + b, 0.5) for a, b in zip(*rows, strict=True)]
        for rows in zip(one, other, strict=True)
    ]
    assert mcnemar_p(one, other) == pytest.approx(np.array(expected))
