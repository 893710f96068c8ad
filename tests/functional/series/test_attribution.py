"""Shapley values of a linear decoder by their definition, LIME by its own steps, and patterns where signal is."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from emocam.functional.series.attribution import activation_pattern, lime_matrix
from emocam.functional.series.decoder import Fold


def test_shares_are_shapley_values_by_their_definition() -> None:
    dice = np.random.default_rng(0)
    background, x, weights = dice.normal(size=(40, 5)), dice.normal(size=5), dice.normal(size=5)
    fold = Fold(weights, background.mean(0), 0.3, 1.0)

    def worth(coalition: tuple[int, ...]) -> float:
        """The mean answer with the coalition as it is, and the others as in each row of the training."""
        mixed = background.copy()
        mixed[:, list(coalition)] = x[list(coalition)]
        return float(np.mean(mixed @ weights))

    for region in range(5):
        others = [other for other in range(5) if other != region]
        value = 0.0
        for size in range(5):
            for coalition in combinations(others, size):
                weight = factorial(size) * factorial(4 - size) / factorial(5)
                value += weight * (worth((*coalition, region)) - worth(coalition))
        assert fold.shares(x)[region] == pytest.approx(value, abs=1e-10)
    assert fold.shares(x).sum() + 0.3 == pytest.approx(fold.log_odds(x[None])[0], abs=1e-12)


def test_lime_is_a_weighted_ridge_of_answers_with_regions_left_out() -> None:
    shares = np.random.default_rng(1).normal(size=8)
    kept = np.random.default_rng(0).integers(0, 2, (5_000, 8)).astype(float)
    kept[0] = 1
    kernel = np.exp(-((1 - np.sqrt(kept.mean(1))) ** 2) / 0.25**2)  # LIME's own width, and its ridge of 1
    slowly = Ridge(alpha=1).fit(kept, kept @ shares, sample_weight=kernel).coef_
    assert lime_matrix(8) @ shares == pytest.approx(slowly, abs=1e-10)
    assert np.corrcoef(slowly, shares)[0, 1] > 0.999


def test_a_pattern_is_where_signal_is_and_a_suppressor_has_none() -> None:
    dice = np.random.default_rng(2)
    signal, noise = dice.normal(size=(2, 5_000))
    series = np.stack([signal + noise, noise, dice.normal(size=5_000)], 1)
    weights = np.array([1.0, -1.0, 0.0])  # the second takes the noise out of the first
    pattern = activation_pattern(series, weights)
    assert pattern[0] == pytest.approx(1, abs=0.1) and np.abs(pattern[1:]).max() < 0.1


def test_a_pattern_is_the_covariance_over_the_answer_s_variance_whatever_is_added_to_a_region() -> None:
    dice = np.random.default_rng(3)
    series, weights = dice.normal(size=(200, 4)) @ dice.normal(size=(4, 4)), dice.normal(size=4)
    expected = np.cov(series.T) @ weights / np.var(series @ weights, ddof=1)
    assert activation_pattern(series, weights) == pytest.approx(expected)
    assert activation_pattern(series + np.array([5, 0, -3, 40]), weights) == pytest.approx(expected)
    assert (activation_pattern(np.ones((9, 4)), weights) == 0).all()
