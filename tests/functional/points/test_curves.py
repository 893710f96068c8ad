"""Figures of curves over fewer points, from sums by person."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from emocam.functional.points.curves import (
    area_under,
    balanced_accuracy,
    resample_people,
    resampled_accuracy,
    right_by_person,
    smallest_within,
    stability_of_choice,
)

DICE = np.random.default_rng(0)
LABEL, PERSON = DICE.integers(0, 3, 60), DICE.integers(0, 7, 60)
SCORES = DICE.normal(size=(60, 3)) + (LABEL[:, None] == np.arange(3))


def test_balanced_accuracy_of_each_label_is_scikit_learn_s() -> None:
    sums = right_by_person(SCORES, LABEL, PERSON, list(range(7)))
    for label in range(3):
        expected = balanced_accuracy_score(label == LABEL, SCORES[:, label] > 0)
        assert balanced_accuracy(sums.sum(0))[label] == pytest.approx(expected)


def test_people_drawn_anew_are_counted_as_if_their_sequences_stood_there_again() -> None:
    sums, times = right_by_person(SCORES, LABEL, PERSON, list(range(7))), resample_people(7, 0, 3)
    drawn = resampled_accuracy(sums, times)
    for row, counts in zip(drawn, times.astype(int), strict=True):
        rows = np.concatenate(
            [np.flatnonzero(person == PERSON) for person in np.repeat(np.arange(7), counts)]
        )
        expected = [
            balanced_accuracy_score(LABEL[rows] == label, SCORES[rows, label] > 0) for label in range(3)
        ]
        assert row == pytest.approx([*expected, np.mean(expected)])


def test_the_smallest_size_within_one_standard_error_is_chosen() -> None:
    assert smallest_within([4, 8, 12, 24], [0.80, 0.88, 0.90, 0.89], [0.02, 0.02, 0.02, 0.02]) == 8
    assert smallest_within([4, 8, 12, 24], [0.80, 0.88, 0.90, 0.89], [0.02, 0.02, 0.001, 0.02]) == 12


def test_the_area_is_the_mean_along_the_logarithm() -> None:
    assert area_under([4, 16, 8], [0.6, 0.8, 0.7]) == pytest.approx(0.7)
    assert area_under([4], [0.6]) == 0.6


def test_stability_is_one_for_the_same_choice_and_none_by_lot() -> None:
    same = np.zeros((4, 68), bool)
    same[:, :8] = True
    assert stability_of_choice(same) == pytest.approx(1)
    lots = np.zeros((400, 68), bool)
    for row in lots:
        row[DICE.permutation(68)[:8]] = True
    assert abs(stability_of_choice(lots)) < 0.02
    assert stability_of_choice(np.array([[1, 0], [0, 1]], bool)) == pytest.approx(-1)
    with np.errstate(all="raise"):  # nothing is divided by none
        for chosen in (np.ones((3, 5), bool), np.zeros((3, 5), bool), same[:1]):
            assert np.isnan(stability_of_choice(chosen))
