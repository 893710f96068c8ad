"""What could have been found, by scipy's noncentral t and by trying it."""

import numpy as np
import pytest
from scipy import stats

from emocam.functional.statistics.power import level, visible_mean


@pytest.mark.parametrize(("of", "p"), [(2, 0.02), (3, 0.02), (10, 0.02), (40, 6e-4), (200, 1e-5)])
def test_visible_mean_is_found_with_a_chance_of_eight_in_ten(of: int, p: float) -> None:
    found = float(visible_mean(np.array([2.0]), np.array([of]), p)[0])
    critical = stats.t.isf(p, of - 1)
    assert stats.nct.sf(critical, of - 1, found / 2 * np.sqrt(of)) == pytest.approx(0.8, abs=1e-4)


def test_visible_mean_by_trying_it() -> None:
    draw = np.random.default_rng(0)
    found = float(visible_mean(np.array([1.0]), np.array([20]), 0.01, above=0.5)[0])
    tried = found + draw.normal(size=(4000, 20))
    t = stats.ttest_1samp(tried, 0, axis=1, alternative="greater")
    low = stats.ttest_1samp(tried, 0, axis=1).confidence_interval(0.95).low
    assert np.mean((t.pvalue < 0.01) & (low > 0) & (tried.mean(1) > 0.5)) == pytest.approx(0.8, abs=0.03)


def test_one_picture_shows_nothing() -> None:
    assert np.isnan(visible_mean(np.array([1.0, 1.0]), np.array([1, 0]), 0.05)).all()


def test_level_is_that_of_one_more_discovery() -> None:
    q = np.array([0.01, 0.02, 0.4, 0.9, np.nan])
    assert level(q, 0.05) == pytest.approx(3 * 0.05 / 4)
    assert level(np.array([0.5, 0.6]), 0.05) == pytest.approx(0.025)
    assert np.isnan(level(np.array([np.nan]), 0.05))


@pytest.mark.parametrize(("chance", "p", "above"), [(0.8, 0.3, 0.0), (0.5, 0.01, 0.4), (0.95, 1e-3, 3.0)])
def test_what_is_visible_is_the_larger_of_what_the_test_and_the_bound_ask_for(
    chance: float, p: float, above: float
) -> None:
    deviation, of = np.array([2.0, 1.0, 3.0, 0.0]), np.array([2, 9, 400, 5])
    found = visible_mean(deviation, of, p, above, chance)
    for value, spread, count in zip(found, deviation, of, strict=True):
        error = spread / np.sqrt(count)
        bound = above + stats.norm.ppf(chance) * error
        if error == 0:
            assert value == bound
            continue
        # a p beyond a fortieth is none: the interval of 95 % must be above 0 as well
        critical = stats.t.isf(min(p, 0.025), count - 1)
        power = stats.nct.sf(critical, count - 1, value / error)
        assert value >= bound - 1e-12
        assert power == pytest.approx(chance, abs=1e-4) if value > bound + 1e-9 else power >= chance - 1e-4
    assert visible_mean(deviation, of, p).tolist() == visible_mean(deviation, of, p, 0.0, 0.8).tolist()


def test_level_counts_what_was_found_and_never_more_than_there_are_tests() -> None:
    assert level(np.array([0.1, 0.2, np.nan]), 0.3) == pytest.approx(0.3)
    assert level(np.array([0.1, 0.3, 0.5]), 0.3) == pytest.approx(0.3 * 2 / 3)  # what equals it is not found
    assert level(np.array([[0.1, 0.2], [0.5, np.nan]]), 0.15) == pytest.approx(0.1)
