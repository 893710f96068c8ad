"""Persons shuffled between two groups, and signs flipped within persons, held against scipy and plain loops."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from emocam.functional.statistics import person_shuffles, signs
from emocam.functional.statistics.person_effects import (
    hedges_g,
    paired_hedges_g,
    resampled_means,
    widened_percentiles,
)
from emocam.functional.statistics.person_shuffles import _welch, all_are_counted, person_shuffle_p
from emocam.functional.statistics.signs import all_signs_are_counted, sign_flip_p

PERSONS, FACES = 15, 20
WITHIN = 0.7
"""The variance of a face within a person, where that of all faces is 1."""


def people(seed: int, draws: int, persons: int, apart: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The faces (draws, persons * FACES) of persons, of whom the second half is `apart`, and whose they are."""
    draw = np.random.default_rng(seed)
    person = draw.normal(size=(draws, persons)) * np.sqrt(1 - WITHIN)
    person[:, persons // 2 :] += apart
    faces = person[:, :, None] + draw.normal(size=(draws, persons, FACES)) * np.sqrt(WITHIN)
    return faces.reshape(draws, -1), np.repeat(np.arange(persons), FACES)


def test_the_statistic_is_scipys_for_groups_of_unlike_spread_and_size() -> None:
    values = np.random.default_rng(0).normal(size=(14, 4)) * np.linspace(0.2, 3, 14)[:, None] + 1
    second = np.arange(14) < 5
    expected = stats.ttest_ind(values[second], values[~second], equal_var=False).statistic
    np.testing.assert_allclose(_welch(values, second[None])[0], expected, rtol=1e-10)


@pytest.mark.parametrize("few", [4, 6])
def test_all_ways_of_few_persons_are_those_of_scipy(few: int) -> None:
    draw = np.random.default_rng(few)
    values = draw.normal(size=(10, 3))
    second = np.arange(10) < few

    def welch(one: np.ndarray, other: np.ndarray, axis: int) -> np.ndarray:
        return np.abs(stats.ttest_ind(one, other, axis=axis, equal_var=False).statistic)

    expected = stats.permutation_test(
        (values[second], values[~second]), welch, n_resamples=np.inf, alternative="greater"
    ).pvalue
    assert all_are_counted(10, few)
    np.testing.assert_allclose(person_shuffle_p(values, second), expected, atol=1e-12)


def test_signs_of_few_persons_are_all_counted() -> None:
    differences = np.random.default_rng(1).normal(0.4, 1, size=(7, 4))
    ways = [np.abs((np.array(signs)[:, None] * differences).sum(0)) for signs in product((1, -1), repeat=7)]
    expected = (np.array(ways) >= np.abs(differences.sum(0)) - 1e-9).mean(0)
    np.testing.assert_allclose(sign_flip_p(differences), expected, atol=1e-12)
    assert np.isnan(sign_flip_p(np.zeros((7, 1)))).all()
    many = np.random.default_rng(2).normal(0.1, 1, size=(40, 1))
    by_t = stats.ttest_1samp(many[:, 0], 0).pvalue
    assert abs(sign_flip_p(many)[0] - by_t) < 0.02


def test_what_all_persons_share_has_no_p_and_what_parts_them_wholly_has_the_least() -> None:
    second = np.arange(10) >= 5
    values = np.column_stack([np.ones(10), second * 2.0, second + 1e-3 * np.arange(10)])
    p = person_shuffle_p(values, second)
    assert np.isnan(p[0])
    np.testing.assert_allclose(p[1:], 2 / 252)
    assert np.isnan(person_shuffle_p(values[:6], second[:6])).all()  # one person in the second group


def test_persons_without_a_difference_are_rarely_called_different_and_faces_often() -> None:
    draws = 100
    faces, _ = people(0, draws, 2 * PERSONS)
    means = faces.reshape(draws, 2 * PERSONS, FACES).mean(2)
    second = np.arange(2 * PERSONS) >= PERSONS
    p = person_shuffle_p(means.T, second, shuffles=999)
    half = PERSONS * FACES
    by_face = stats.ttest_ind(faces[:, :half], faces[:, half:], axis=1, equal_var=False).pvalue
    assert (p < 0.05).mean() <= 0.08
    assert (by_face < 0.05).mean() > 0.3


def test_a_difference_of_four_fifths_is_found_in_fifteen_persons_each() -> None:
    draws = 60
    faces, _ = people(1, draws, 2 * PERSONS, apart=0.8)
    means = faces.reshape(draws, 2 * PERSONS, FACES).mean(2)
    p = person_shuffle_p(means.T, np.arange(2 * PERSONS) >= PERSONS, shuffles=999)
    assert (p < 0.05).mean() >= 0.85


def test_g_is_the_difference_in_deviations_less_the_bias_of_few() -> None:
    one, other = np.array([[1.0], [3.0]]), np.array([[4.0], [6.0]])
    # 3 apart, deviation sqrt 2, two degrees of freedom: 1 - 3/7
    np.testing.assert_allclose(hedges_g(one, other), 3 / np.sqrt(2) * 4 / 7)
    np.testing.assert_allclose(paired_hedges_g(one, other), 3 / np.sqrt(2) * 0)
    assert np.isnan(hedges_g(one[:1], other)).all()
    assert np.isnan(hedges_g(one, other[:1])).all() and np.isnan(paired_hedges_g(one[:1], other[:1])).all()
    assert np.isnan(hedges_g(np.ones((3, 1)), np.ones((3, 1)))).all()


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_g_does_not_depend_on_the_unit(unit: float) -> None:
    draw = np.random.default_rng(4)
    one, other = draw.normal(size=(6, 3)), draw.normal(1, 2, size=(9, 3))
    pooled = (5 * one.var(0, ddof=1) + 8 * other.var(0, ddof=1)) / 13
    g = (other.mean(0) - one.mean(0)) / np.sqrt(pooled) * (1 - 3 / 51)
    np.testing.assert_allclose(hedges_g(unit * one, unit * other), g)
    deviation = np.sqrt((one.var(0, ddof=1) + other[:6].var(0, ddof=1)) / 2)
    g = (other[:6].mean(0) - one.mean(0)) / deviation * (1 - 3 / 19)
    np.testing.assert_allclose(paired_hedges_g(unit * one, unit * other[:6]), g)


def test_the_least_p_of_drawn_ways_is_one_of_all_of_them_and_the_seen_one() -> None:
    second = np.arange(40) >= 20
    apart = np.column_stack([second * 9.0 + 0.01 * np.arange(40), np.cos(9.0 * np.arange(40))])
    p = person_shuffle_p(apart, second, shuffles=199)
    assert p[0] == pytest.approx(1 / 200)
    assert 200 * p[1] == pytest.approx(round(200 * p[1])) and 0.1 < p[1] <= 1
    signed = sign_flip_p(1 + 0.01 * apart, flips=199)
    assert signed == pytest.approx([1 / 200, 1 / 200])


@pytest.mark.parametrize(("persons", "counted"), [(13, True), (14, False)])
def test_all_signs_are_gone_through_where_they_are_no_more_than_are_drawn(
    persons: int, counted: bool
) -> None:
    assert all_signs_are_counted(persons) == counted  # 8,192 and 16,384 ways beside 9,999 and the seen one
    assert all_signs_are_counted(3, flips=7) and not all_signs_are_counted(3, flips=6)
    assert all_are_counted(5, 2, shuffles=9) and not all_are_counted(5, 2, shuffles=8)


def test_a_p_is_the_same_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values, second = np.random.default_rng(8).normal(size=(9, 3)), np.arange(9) < 4
    whole = person_shuffle_p(values, second), sign_flip_p(values)
    monkeypatch.setattr(person_shuffles, "CHUNK", 20)
    monkeypatch.setattr(signs, "CHUNK", 20)
    np.testing.assert_array_equal(whole, (person_shuffle_p(values, second), sign_flip_p(values)))


def test_intervals_of_five_persons_hold_the_truth() -> None:
    draw = np.random.default_rng(3)
    values = draw.normal(size=(5, 400))
    drawn = resampled_means(values, 1000)
    low, high = widened_percentiles(drawn, 5)
    assert ((low < 0) & (high > 0)).mean() > 0.9
    plain = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert ((plain[0] < 0) & (plain[1] > 0)).mean() < 0.88


def slow_welch(values: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Welch's t of each column, infinite where the groups part without any spread."""
    one, other = values[second], values[~second]
    apart = one.mean(0) - other.mean(0)
    error = np.sqrt(one.var(0, ddof=1) / len(one) + other.var(0, ddof=1) / len(other))
    found = np.zeros(values.shape[1])
    for cell in range(len(found)):
        if abs(apart[cell]) > 1e-9:
            found[cell] = apart[cell] / error[cell] if error[cell] > 1e-7 else np.sign(apart[cell]) * np.inf
    return found


def test_drawn_ways_are_shuffled_one_by_one_from_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(6)
    values = np.column_stack([draw.normal(size=(11, 3)), draw.integers(0, 2, (11, 2)), np.ones(11)])
    second = np.isin(np.arange(11), [0, 3, 4, 7])
    values[second, 1] += 2
    dice = np.random.default_rng(9)
    seen = np.abs(slow_welch(values, second))
    ways = [dice.permutation(second) for _ in range(90)]
    as_far = sum(np.abs(slow_welch(values, way)) >= seen - 1e-9 for way in ways)
    expected = np.where(np.arange(6) < 5, (1 + as_far) / 91, np.nan)
    for chunk in (2**21, 25, 3):
        monkeypatch.setattr(person_shuffles, "CHUNK", chunk)
        found = person_shuffle_p(values, second, 90, 9)
        np.testing.assert_allclose(found, expected)
    monkeypatch.undo()
    wide = np.random.default_rng(1).normal(size=(17, 2))  # more than 9,999 ways
    parted = np.arange(17) < 8
    np.testing.assert_array_equal(person_shuffle_p(wide, parted), person_shuffle_p(wide, parted, 9_999, 0))


def test_all_ways_of_values_with_ties_and_without_spread_are_counted() -> None:
    values = np.array([[0, 0, 5, 1e9], [0, 1, 5, 1e9], [0, 1, 7, 1e9], [1, 0, 7, 1e9], [1, 1, 7, 1e9 + 0.1]])
    values = values.astype(float)
    for chosen in ((0, 1), (0, 1, 2)):
        second = np.isin(np.arange(5), chosen)
        ways = [np.isin(np.arange(5), way) for way in combinations(range(5), len(chosen))]
        seen = np.abs(slow_welch(values[:, :3], second))
        far = np.mean([np.abs(slow_welch(values[:, :3], way)) >= seen - 1e-9 for way in ways], 0)
        found = person_shuffle_p(values, second)
        np.testing.assert_allclose(found[:3], far)
        assert np.isnan(found[3])  # nothing but rounding beside what it is of
    none = person_shuffle_p(np.zeros((0, 2)), np.zeros(0, bool))
    assert none.shape == (2,) and np.isnan(none).all()
    assert np.isfinite(person_shuffle_p(values[:4, :3], np.arange(4) < 2)).all()
    assert np.isnan(person_shuffle_p(values[:4], np.arange(4) < 1)).all()


def test_drawn_signs_are_flipped_one_by_one_from_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(7)
    differences = np.column_stack([draw.normal(0.5, 1, (16, 2)), draw.integers(-1, 2, (16, 1)), np.zeros(16)])
    dice = np.random.default_rng(5)
    seen = np.abs(differences.sum(0))
    flips = dice.integers(2, size=(80, 16))
    as_far = sum(np.abs((np.where(row, -1, 1)[:, None] * differences).sum(0)) >= seen - 1e-9 for row in flips)
    expected = np.where(np.arange(4) < 3, (1 + as_far) / 81, np.nan)
    for chunk in (2**21, 48, 3):  # all, three and one at a time
        monkeypatch.setattr(signs, "CHUNK", chunk)
        np.testing.assert_allclose(sign_flip_p(differences, 80, 5), expected)
    monkeypatch.undo()
    np.testing.assert_array_equal(sign_flip_p(differences), sign_flip_p(differences, 9_999, 0))
    # a sign for each of seven in any unit, more cells than persons
    for unit, chunk in ((1e-12, 2**21), (1e12, 21)):
        monkeypatch.setattr(signs, "CHUNK", chunk)
        few = differences[:7] * unit
        ways = np.array([*product((1, -1), repeat=7)]) @ differences[:7]
        far = (np.abs(ways) >= np.abs(differences[:7].sum(0)) - 1e-9).mean(0)
        np.testing.assert_allclose(sign_flip_p(few)[:3], far[:3])
    assert np.isnan(sign_flip_p(np.zeros((0, 2)))).all() and sign_flip_p(np.ones((1, 1))) == [1]


def test_resampled_persons_are_drawn_with_replacement_and_the_ends_are_students() -> None:
    values = np.random.default_rng(2).normal(size=(6, 3))
    times = np.random.default_rng(3).multinomial(6, [1 / 6] * 6, 40)
    expected = [
        [sum(t * v for t, v in zip(row, column, strict=True)) / 6 for column in values.T] for row in times
    ]
    np.testing.assert_allclose(resampled_means(values, 40, 3), expected)
    np.testing.assert_array_equal(resampled_means(values), resampled_means(values, 2000, 0))
    for persons in (2, 6, 30):
        beyond = stats.norm.cdf(-np.sqrt(persons / (persons - 1)) * stats.t.ppf(0.975, persons - 1))
        ends = widened_percentiles(np.array(expected), persons)
        np.testing.assert_allclose(ends, np.percentile(expected, [100 * beyond, 100 - 100 * beyond], axis=0))
    none = widened_percentiles(np.array(expected), 1)
    assert none.shape == (2, 3) and np.isnan(none).all()
    two = hedges_g(values[:2], values[2:4]), paired_hedges_g(values[:2], values[2:4])
    assert np.isfinite(two).all()
    assert hedges_g(values[:1], values).shape == paired_hedges_g(values[:1], values[:1]).shape == (3,)
