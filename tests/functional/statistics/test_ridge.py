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


def test_folds_are_dealt_the_largest_group_first_to_the_emptiest() -> None:
    draw = np.random.default_rng(4)
    group = draw.choice([3, 5, 8, 13, 21, 34], 40, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    names = sorted(set(group.tolist()))
    lots = np.random.default_rng(9).random(len(names))
    sizes = [int((group == name).sum()) for name in names]
    filled, fold_of = [0, 0, 0], {}
    for size, _, name in sorted(zip(sizes, lots, names, strict=True), key=lambda one: (-one[0], one[1])):
        fold_of[name] = filled.index(min(filled))
        filled[fold_of[name]] += size
    assert deal_folds(group, 3, 9).tolist() == [fold_of[name] for name in group.tolist()]
    singles = [tuple(deal_folds(np.arange(6), 3, seed)) for seed in range(20)]
    assert len(set(singles)) > 5 and all(sorted(one) == [0, 0, 1, 1, 2, 2] for one in singles)


@pytest.mark.parametrize("scale", [1.0, 1e-9])
@pytest.mark.parametrize("shape", [(9, 4), (4, 9), (6, 6)])
def test_a_decomposition_is_orthogonal_and_gives_the_products_again(shape, scale: float) -> None:
    x = np.random.default_rng(5).normal(size=shape)
    x -= x.mean(0)
    x[:, 1] = x[:, 0]
    x[:, 2] *= 1e-3
    x *= scale
    left, squares = decompose(x)
    assert len(squares) == left.shape[1] == np.linalg.matrix_rank(x / scale, tol=1e-6)
    assert left.T @ left == pytest.approx(np.eye(len(squares)), abs=1e-6)
    assert (left * squares) @ left.T / scale**2 == pytest.approx(x @ x.T / scale**2, abs=1e-8)
    assert decompose(np.zeros(shape))[0].shape == (shape[0], 0)


@pytest.mark.parametrize(
    ("pictures", "features", "folds"), [(40, 12, 5), (14, 30, 5), (6, 3, 3), (106, 2, 5)]
)
def test_each_response_has_the_penalty_whose_folds_left_out_are_foretold_best(
    pictures: int, features: int, folds: int
) -> None:
    x, y, group = example(pictures, features)
    x[:, -1] = 4  # says nothing
    fit = fit_ridge(x, y, group, 2)
    z = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1)
    fold_of = deal_folds(group, folds, 2)
    shares = [10.0 ** (power / 2) for power in range(-8, 9)]
    errors = np.zeros((17, 2))
    for place, share in enumerate(shares):
        for fold in range(folds):
            out = fold_of == fold
            model = Ridge(alpha=share * pictures).fit(z[~out], y[~out])
            errors[place] += ((model.predict(z[out]) - y[out]) ** 2).sum(0)
    for response in range(2):
        penalty = shares[int(errors[:, response].argmin())] * pictures
        assert fit.penalty[response] == pytest.approx(penalty)
        model = Ridge(alpha=penalty).fit(z, y[:, response])
        assert fit(x)[:, response] == pytest.approx(model.predict(z), rel=1e-6)
    assert fit.weight[:, -1] == pytest.approx(0, abs=1e-9)


def test_a_large_corpus_has_folds_of_five_hundred_pictures_at_most(monkeypatch) -> None:
    asked = []

    def dealt(group: np.ndarray, folds: int, seed: int) -> np.ndarray:
        asked.append(folds)
        return np.arange(len(group)) % folds

    monkeypatch.setattr("emocam.functional.statistics.ridge.deal_folds", dealt)
    monkeypatch.setattr("emocam.functional.statistics.ridge.left_out_errors", lambda *_: np.zeros((17, 1)))
    for pictures in (30, 500, 2500, 2501, 3001):
        fit_ridge(np.arange(pictures)[:, None] * 1.0, np.ones((pictures, 1)), np.arange(pictures) // 10, 0)
    assert asked == [3, 5, 5, 6, 7]
