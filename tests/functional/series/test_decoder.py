"""A ridge that leaves runs out, refitted to moved labels: against scikit-learn, one refit at a time."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from emocam.functional.series.decoder import PENALTIES, RunSeries, calibrate, choose_penalty, decode_label
from emocam.functional.series.filtering import without_drift
from emocam.functional.series.shifted_labels import draw_shifts, shifted_auc, shifted_products

LENGTHS = [60, 71, 64]
REGIONS = 5


@pytest.fixture(scope="module")
def runs() -> RunSeries:
    dice = np.random.default_rng(0)
    return RunSeries([without_drift(dice.normal(size=(length, REGIONS)), 2.0) for length in LENGTHS])


@pytest.fixture(scope="module")
def on(runs: RunSeries) -> list[NDArray[np.bool_]]:
    dice = np.random.default_rng(1)
    return [x[:, 0] - x[:, 1] + dice.normal(size=len(x)) > 0.7 for x in runs.series]


def test_moved_products_are_those_of_labels_that_were_moved(runs: RunSeries, on: list) -> None:
    shifts = np.array([0, 15, 31, -4])
    found = shifted_products(runs.series[0], on[0], shifts)
    slowly = np.stack([np.roll(on[0], shift) @ runs.series[0] for shift in shifts])
    assert np.abs(found - slowly).max() < 1e-12


def test_moved_auc_is_scikit_learn_s(runs: RunSeries, on: list) -> None:
    answers = np.random.default_rng(2).normal(size=(LENGTHS[0], 6)).round(1)  # with equal ones
    shifts = np.array([0, 15, 20, 25, 30, 40])
    slowly = [roc_auc_score(np.roll(on[0], s), answers[:, place]) for place, s in enumerate(shifts)]
    assert np.abs(shifted_auc(answers, on[0], shifts) - slowly).max() < 1e-12
    assert np.isnan(shifted_auc(answers, np.zeros(LENGTHS[0], bool), shifts)).all()


def test_every_refit_is_a_ridge_of_its_own(runs: RunSeries, on: list) -> None:
    shifts = draw_shifts(LENGTHS, 4, 0)
    found = decode_label(runs, on, shifts)
    some = decode_label(runs, on, shifts, 2)
    assert np.array_equal(some.auc, found.auc[:2]) and np.array_equal(some.parts, found.parts)
    volumes = sum(each.sum() for each in on)
    for number, shift in enumerate(shifts):
        moved = [np.roll(each, one) for each, one in zip(on, shift, strict=True)]
        parts = np.zeros(REGIONS)
        for left_out in range(3):
            training = [run for run in range(3) if run != left_out]
            x = np.concatenate([runs.series[run] for run in training])
            y = np.concatenate([moved[run] for run in training]).astype(float)
            fold = found.folds[left_out]
            ridge = Ridge(alpha=fold.penalty).fit(x, y)
            own = runs.series[left_out]
            auc = roc_auc_score(moved[left_out], ridge.predict(own))
            assert found.auc[number, left_out] == pytest.approx(auc, abs=1e-9)
            plain = Ridge(alpha=fold.penalty).fit(
                x, np.concatenate([on[run] for run in training]).astype(float)
            )
            slope = fold.weights[0] / plain.coef_[0]
            parts += slope * (ridge.coef_ * (own - x.mean(0)))[moved[left_out]].sum(0)
        assert found.parts[number] == pytest.approx(parts / volumes, abs=1e-9)


def test_log_odds_of_a_run_that_was_left_out_are_those_of_its_answers(runs: RunSeries, on: list) -> None:
    found = decode_label(runs, on, np.zeros((1, 3), np.int64))
    products = [x.T @ each for x, each in zip(runs.series, on, strict=True)]
    for left_out, fold in enumerate(found.folds):
        training = [run for run in range(3) if run != left_out]
        x = np.concatenate([runs.series[run] for run in training])
        y = np.concatenate([on[run] for run in training]).astype(float)
        coefficients = Ridge(alpha=fold.penalty).fit(x, y).coef_
        slope, middle = calibrate(
            choose_penalty(runs, on, left_out, products)[1], [on[run] for run in training]
        )
        assert abs(slope - 1) > 0.1
        own = runs.series[left_out]
        assert fold.log_odds(own) == pytest.approx(slope * (own @ coefficients - middle), abs=1e-9)
        assert fold.centre == pytest.approx(x.mean(0), abs=1e-12)


def test_the_penalty_is_the_one_that_inner_runs_like_best(runs: RunSeries, on: list) -> None:
    products = [x.T @ each for x, each in zip(runs.series, on, strict=True)]
    penalty, answers = choose_penalty(runs, on, 0, products)
    scale = sum(np.trace(runs.series[run].T @ runs.series[run]) for run in (1, 2)) / REGIONS
    means = []
    for part in PENALTIES:
        aucs = []
        for asked, taught in ((1, 2), (2, 1)):
            ridge = Ridge(alpha=part * scale).fit(runs.series[taught], on[taught].astype(float))
            aucs.append(roc_auc_score(on[asked], ridge.predict(runs.series[asked])))
        means.append(np.mean(aucs))
    best = max(zip(means, PENALTIES, strict=True))[1]
    assert penalty == pytest.approx(best * scale)
    assert [len(answer) for answer in answers] == LENGTHS[1:]


def test_moves_are_never_by_fewer_than_fifteen_volumes() -> None:
    shifts = draw_shifts([100, 40], 500, 3)
    assert (shifts[0] == 0).all()
    assert shifts[1:, 0].min() >= 15 and (100 - shifts[1:, 0]).min() >= 15
    assert shifts[1:, 1].min() >= 10 and (40 - shifts[1:, 1]).min() >= 10


def test_answers_become_log_odds_of_two_normal_classes() -> None:
    dice = np.random.default_rng(4)
    label = dice.random(40_000) < 0.3
    answer = dice.normal(size=40_000) * 2 + 3 * label  # log-odds are 3 / 4 (answer - 1.5)
    slope, middle = calibrate([answer], [label])
    assert slope == pytest.approx(0.75, abs=0.03) and middle == pytest.approx(1.5, abs=0.05)
    assert calibrate([-answer], [label])[0] == 1e-3  # inner runs that say the contrary are not believed
