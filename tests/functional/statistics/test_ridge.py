"""Linear heads in closed form, held against scikit-learn fitted again and again."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from emocam.functional.statistics.logistic import fit_logistic, solve_logistic
from emocam.functional.statistics.ridge import (
    PENALTIES,
    deal_folds,
    decompose,
    fit_ridge,
    left_out_errors,
)


def example(pictures: int = 40, features: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(pictures, features)) * draw.uniform(0.1, 5, features) + 3
    y = x[:, :2] + draw.normal(size=(pictures, 2)) * np.array([0.1, 5]) + 50
    return x, y, np.arange(pictures) // 2


@pytest.mark.parametrize("features", [12, 60])
def test_errors_of_left_out_folds_are_those_of_fitting_again(features: int) -> None:
    x, y, group = example(40, features)
    x = (x - x.mean(0)) / x.std(0)
    folds = deal_folds(group, 5, 0)
    found = left_out_errors(*decompose(x), y - y.mean(0), folds)
    for place in (0, 7, 16):
        expected = np.zeros(2)
        for fold in range(5):
            out = folds == fold
            model = Ridge(alpha=PENALTIES[place] * len(x)).fit(x[~out], y[~out])
            expected += ((model.predict(x[out]) - y[out]) ** 2).sum(0)
        assert found[place] == pytest.approx(expected, rel=1e-6)


def test_the_head_is_scikit_learn_s_with_a_penalty_of_its_own_for_each_response() -> None:
    x, y, group = example()
    fit = fit_ridge(x, y, group, 0)
    assert fit.penalty[0] < fit.penalty[1]  # the second is nearly noise
    spread = x.std(0)
    for place in range(2):
        model = Ridge(alpha=fit.penalty[place]).fit((x - x.mean(0)) / spread, y[:, place])
        assert fit(x)[:, place] == pytest.approx(model.predict((x - x.mean(0)) / spread), rel=1e-8)


def test_a_missing_rating_leaves_its_picture_out_for_that_response_alone() -> None:
    x, y, group = example()
    y[::3, 1] = np.nan
    fit, given = fit_ridge(x, y, group, 0), np.isfinite(y[:, 1])
    alone = fit_ridge(x[given], y[given, 1:], group[given], 0)
    assert fit.weight[1] == pytest.approx(alone.weight[0]) and fit.bias[1] == pytest.approx(alone.bias[0])
    assert fit.weight[0] == pytest.approx(fit_ridge(x, y[:, :1], group, 0).weight[0])


def test_folds_are_whole_groups_and_about_as_large() -> None:
    group = np.repeat(np.arange(20), np.arange(1, 21))
    folds = deal_folds(group, 4, 3)
    assert all(len(set(folds[group == g])) == 1 for g in range(20))
    sizes = np.bincount(folds)
    assert len(sizes) == 4 and sizes.max() - sizes.min() <= 4


def test_logistic_regression_is_scikit_learn_s() -> None:
    x, _, group = example()
    label = np.digitize(x[:, 0] / x[:, 0].std(), np.quantile(x[:, 0] / x[:, 0].std(), [0.3, 0.6]))
    z = (x - x.mean(0)) / x.std(0)
    found = solve_logistic(z, label, 0.1, np.zeros((3, 13)))
    model = LogisticRegression(C=1 / (0.1 * len(z)), tol=1e-10, max_iter=5000).fit(z, label)
    assert found[:, 1:] == pytest.approx(model.coef_, abs=1e-3)
    fit = fit_logistic(x, label, 3, group, 0)
    assert (fit(x).argmax(1) == label).mean() > 0.9 and (fit.penalty > 0).all()
