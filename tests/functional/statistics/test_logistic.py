"""The logistic head against scikit-learn, fitted once for each fold and penalty."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from emocam.functional.statistics.logistic import fit_logistic, solve_logistic
from emocam.functional.statistics.ridge import deal_folds


def theirs(x: np.ndarray, label: np.ndarray, share: float) -> LogisticRegression:
    return LogisticRegression(C=1 / (share * len(x)), tol=1e-9, max_iter=5000).fit(x, label)


@pytest.mark.parametrize(("seed", "signal"), [(0, 3.0), (1, 0.6), (2, 0.0)])
def test_the_penalty_is_the_one_that_foretells_folds_left_out_best(seed: int, signal: float) -> None:
    draw = np.random.default_rng(seed)
    label = draw.integers(0, 3, 48)
    x = draw.normal(size=(48, 4)) + signal * np.eye(3)[label] @ draw.normal(size=(3, 4))
    x = x * [0.01, 1, 5, 100] + [3, -1, 0, 50]
    x[:, 1] = 7  # says nothing
    group = np.arange(48) // 2
    fit = fit_logistic(x, label, 3, group, seed)
    z = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1)
    losses = []
    folds = deal_folds(group, 3, seed)
    for share in (10.0, 1.0, 0.1, 0.01, 0.001):
        told = [
            theirs(z[folds != fold], label[folds != fold], share).predict_log_proba(z[folds == fold])[
                np.arange((folds == fold).sum()), label[folds == fold]
            ]
            for fold in range(3)
        ]
        losses.append(-np.concatenate(told).sum())
    best = (10.0, 1.0, 0.1, 0.01, 0.001)[int(np.argmin(losses))]
    assert fit.penalty == pytest.approx([best * 48] * 3)
    model = theirs(z, label, best)
    shown = fit(x)
    shares = np.exp(shown) / np.exp(shown).sum(1, keepdims=True)
    assert shares == pytest.approx(model.predict_proba(z), abs=2e-3)
    assert (fit.weight[:, 1] == 0).all()


def test_two_groups_have_two_folds_and_the_start_does_not_matter() -> None:
    draw = np.random.default_rng(3)
    x, label = draw.normal(size=(20, 2)), np.arange(20) // 2 % 2
    assert np.isfinite(fit_logistic(x, label, 2, np.arange(20) % 2, 0).weight).all()
    one = solve_logistic(x, label, 0.1, np.zeros((2, 3)))
    other = solve_logistic(x, label, 0.1, draw.normal(size=(2, 3)))
    assert one[:, 1:] == pytest.approx(other[:, 1:], abs=1e-3)
