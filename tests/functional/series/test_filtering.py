"""Series without drift: what is slow is gone, what is fast stays, and all regions are in one measure."""

import numpy as np
import pytest

from emocam.functional.series.filtering import drift_basis, without_drift

STEP, LENGTH = 2.0, 300
TIME = STEP * np.arange(LENGTH)


def test_slow_waves_are_taken_out_and_fast_ones_are_kept() -> None:
    slow, fast = np.cos(np.pi * TIME / 400), np.cos(2 * np.pi * TIME / 40)
    found = without_drift(np.stack([fast, fast + 5 * slow + 0.01 * TIME], 1), STEP)
    assert np.corrcoef(found.T)[0, 1] > 0.99
    assert found.mean(0) == pytest.approx(0, abs=1e-12) and found.std(0) == pytest.approx(1)


def test_the_basis_is_made_of_cosines_slower_than_the_period() -> None:
    basis = drift_basis(LENGTH, STEP)
    assert basis.shape[1] == 1 + int(2 * LENGTH * STEP / 128)
    assert basis.T @ basis == pytest.approx(np.eye(basis.shape[1]), abs=1e-12)
    crossings = (np.diff(np.sign(basis[:, -1])) != 0).sum()
    assert 2 * LENGTH * STEP / crossings >= 128


def test_what_is_no_number_counts_as_the_mean_and_what_never_changes_is_none() -> None:
    series = np.random.default_rng(0).normal(5, 2, (LENGTH, 2))
    series[:, 1] = 7.0
    gap = series.copy()
    gap[17, 0] = np.nan
    filled = gap.copy()
    filled[17, 0] = np.nanmean(gap[:, 0])
    assert without_drift(gap, STEP) == pytest.approx(without_drift(filled, STEP))
    assert (without_drift(series, STEP)[:, 1] == 0).all()
