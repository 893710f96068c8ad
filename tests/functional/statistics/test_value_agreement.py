import numpy as np
import pytest
from scipy import stats

from emocam.functional.statistics.value_agreement import r_intervals, value_agreement


@pytest.fixture(scope="module")
def rated() -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    truth = draws.standard_normal((120, 3))
    answer = truth * [1, 0.5, 0] + 0.7 * draws.standard_normal((120, 3)) + [0, 2, 0]
    truth[::2, 1] = np.nan
    return answer, truth


def test_measures_are_scipys_over_the_pictures_that_have_a_rating(rated):
    answer, truth = rated
    found = value_agreement(answer, truth, np.arange(120))
    for value in range(3):
        own = ~np.isnan(truth[:, value])
        a, t = answer[own, value], truth[own, value]
        assert found.images[value] == own.sum()
        assert found.r[value] == pytest.approx(stats.pearsonr(a, t)[0])
        assert found.rho[value] == pytest.approx(stats.spearmanr(a, t)[0])
        assert found.bias[value] == pytest.approx((a - t).mean())
        assert found.rmse[value] == pytest.approx(np.sqrt(((a - t) ** 2).mean()))
        assert found.low[value] < found.r[value] < found.high[value]


def test_intervals_by_weighted_moments_are_those_of_resampled_pictures(rated):
    answer, truth = rated
    low, high = r_intervals(answer, truth, np.arange(120), 3, 50)
    draws = np.random.default_rng(3)
    slow = []
    for times in draws.multinomial(120, np.full(120, 1 / 120), 50):
        rows = np.repeat(np.arange(120), times)
        pairs = [(answer[rows, v], truth[rows, v]) for v in range(3)]
        slow.append([np.corrcoef(a[~np.isnan(t)], t[~np.isnan(t)])[0, 1] for a, t in pairs])
    np.testing.assert_allclose((low, high), np.percentile(slow, [2.5, 97.5], axis=0), atol=1e-9)


def test_groups_are_drawn_whole_and_widen_the_interval(rated):
    answer, truth = (np.repeat(table[:, :1], 10, 0) for table in rated)
    alone, whole = (
        np.ptp(r_intervals(answer, truth, unit, 0, 200), axis=0)
        for unit in (np.arange(1200), np.repeat(np.arange(120), 10))
    )
    assert whole > 2 * alone


def test_a_constant_value_and_one_without_ratings_have_no_r(rated):
    answer, truth = (table.copy() for table in rated)
    answer[:, 0], truth[:, 1] = 4, np.nan
    found = value_agreement(answer, truth, np.arange(120))
    assert np.isnan(found.r[:2]).all() and np.isnan(found.low[:2]).all() and np.isfinite(found.r[2])
    assert found.images.tolist() == [120, 0, 120] and np.isnan(found.rmse[1]) and np.isfinite(found.rmse[0])


def test_an_offset_that_is_large_beside_the_spread_costs_no_digit(rated):
    answer, truth = rated
    near = r_intervals(answer, truth, np.arange(120), 3, 50)
    far = r_intervals(answer + 1e8, truth - 1e8, np.arange(120), 3, 50)
    np.testing.assert_allclose(far, near, atol=1e-5)


def test_draws_of_one_picture_alone_have_no_r_and_leave_the_interval_finite() -> None:
    # three pictures: every ninth draw is of one of them alone, and rounding would make an infinite r of it
    answer, truth = np.array([[0.1], [0.7], [1.3]]), np.array([[0.3], [0.2], [1.9]])
    for shift in (0.0, 1e3):
        low, high = r_intervals(answer + shift, truth / 3 + shift, np.arange(3), 0, 500)
        assert np.isfinite([low, high]).all() and -1 <= low[0] <= high[0] <= 1 + 1e-9


def test_measures_of_two_pictures_are_errors_alone_and_of_three_all() -> None:
    answer, truth = np.array([[1.0, 2], [2, 4], [4, 5]]), np.array([[1.5, 1], [2.5, 2], [np.nan, 9]])
    found = value_agreement(answer, truth, np.arange(3))
    assert found.images.tolist() == [2, 3]
    assert found.bias.tolist() == pytest.approx([-0.5, -1 / 3])
    assert found.rmse.tolist() == pytest.approx([0.5, np.sqrt((1 + 4 + 16) / 3)])
    assert np.isnan([found.r[0], found.rho[0], found.low[0], found.high[0]]).all()
    assert found.r[1] == pytest.approx(stats.pearsonr(answer[:, 1], truth[:, 1])[0])
    assert found.rho[1] == pytest.approx(1)
    assert np.isfinite([found.low[1], found.high[1]]).all()


@pytest.mark.parametrize("resamples", [99, 100, 230])
def test_intervals_over_groups_are_those_of_groups_drawn_in_parts(rated, resamples: int) -> None:
    answer, truth = (table[:40] for table in rated)
    truth = truth.copy()
    truth[5:9] = np.nan  # a group of which nothing is rated, and
    unit = 3 * (np.arange(40) ** 2 % 11)
    kinds = sorted(set(unit.tolist()))
    draws, slow = np.random.default_rng(4), []
    for start in range(0, resamples, 100):
        many = min(100, resamples - start)
        for times in draws.multinomial(len(kinds), [1 / len(kinds)] * len(kinds), many):
            rows = [
                i for kind, n in zip(kinds, times, strict=True) for i in [*np.flatnonzero(unit == kind)] * n
            ]
            pairs = [(answer[rows, v], truth[rows, v]) for v in range(3)]
            slow.append([np.corrcoef(a[~np.isnan(t)], t[~np.isnan(t)])[0, 1] for a, t in pairs])
    found = r_intervals(answer, truth, unit, 4, resamples)
    np.testing.assert_allclose(found, np.nanpercentile(slow, [2.5, 97.5], axis=0), atol=1e-9)


def test_a_thousand_resamples_of_the_same_seed_are_drawn_where_nobody_says_otherwise(rated) -> None:
    found, said = value_agreement(*rated, np.arange(120)), value_agreement(*rated, np.arange(120), 0, 1000)
    assert (found.low.tolist(), found.high.tolist()) == (said.low.tolist(), said.high.tolist())


def test_draws_whose_answers_are_all_the_same_say_nothing_and_rounding_is_no_spread() -> None:
    answer, truth = np.array([[0.1, 5], [0.1, 5], [0.1 + 1e-9, 5]]), np.array([[1.0, 1], [2, 2], [3, 4]])
    low, high = r_intervals(answer, truth, np.arange(3), 0, 60)
    assert np.isfinite([low[0], high[0]]).all() and np.isnan([low[1], high[1]]).all()
    slow = []
    for times in np.random.default_rng(0).multinomial(3, [1 / 3] * 3, 60):
        rows = np.repeat(np.arange(3), times)
        if len(set(answer[rows, 0].tolist())) > 1 and len(set(rows.tolist())) > 1:
            slow.append(np.corrcoef((answer[rows, 0] - 0.1) * 1e9, truth[rows, 0])[0, 1])
    assert (low[0], high[0]) == pytest.approx(np.percentile(slow, [2.5, 97.5]), abs=1e-6)
