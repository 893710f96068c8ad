"""Intervals of proportions, against scipy, and what they cover."""

import numpy as np
import pytest
from scipy import stats

from emocam.functional.statistics.wilson import wilson


@pytest.mark.parametrize(
    ("count", "of"), [(0, 1), (1, 1), (0, 7), (1, 20), (10, 20), (19, 20), (20, 20), (310, 1000)]
)
def test_equal_scipys(count: int, of: int) -> None:
    theirs = stats.binomtest(count, of).proportion_ci(method="wilson")
    low, high = wilson(np.array([count]), np.array([of]))
    assert (low[0], high[0]) == pytest.approx((theirs.low, theirs.high))


def test_nothing_to_count_has_no_interval() -> None:
    assert np.isnan(wilson(np.array([0]), np.array([0]))).all()


def test_a_rare_share_is_covered_nine_times_of_ten() -> None:
    counts = np.random.default_rng(0).binomial(20, 0.05, 4000)
    low, high = wilson(counts, np.full(4000, 20))
    assert 0.9 < ((low <= 0.05) & (high >= 0.05)).mean() < 0.95
