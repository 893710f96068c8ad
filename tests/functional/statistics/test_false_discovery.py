"""Benjamini and Hochberg, against scipy."""

import numpy as np
from scipy import stats

from emocam.functional.statistics.false_discovery import false_discoveries


def test_equal_scipys_in_any_shape_and_with_ties() -> None:
    p = np.random.default_rng(0).uniform(size=(7, 5)).round(1)
    theirs = stats.false_discovery_control(p.ravel()).reshape(p.shape)
    assert np.allclose(false_discoveries(p), theirs)


def test_four_by_hand() -> None:
    assert np.allclose(false_discoveries(np.array([0.04, 0.01, 0.02, 0.9])), [0.16 / 3, 0.04, 0.04, 0.9])


def test_what_was_not_tested_does_not_count() -> None:
    q = false_discoveries(np.array([np.nan, 0.03, np.nan]))
    assert np.isnan(q).tolist() == [True, False, True] and q[1] == 0.03


def test_nothing_tested_gives_nothing() -> None:
    assert np.isnan(false_discoveries(np.array([np.nan]))).all()
