"""The tail over strata, from the moments of each stratum's own distribution."""

import numpy as np
import pytest
from scipy import stats

from emocam.functional.statistics.strata_tail import strata_tail


def slow_tail(count: int, drawn: list[int], marked: list[int], of: list[int]) -> float:
    mean = variance = third = 0.0
    for n, m, total in zip(drawn, marked, of, strict=True):
        hits = np.arange(total + 1)
        mass = stats.hypergeom.pmf(hits, total, m, n) if total else np.ones(1)
        own = (mass * hits).sum()
        mean += own
        variance += (mass * (hits - own) ** 2).sum()
        third += (mass * (hits - own) ** 3).sum()
    if variance < 1e-12:
        return 1.0
    z, skew = (count - 0.5 - mean) / variance**0.5, third / variance**1.5
    return float(stats.pearson3.sf(z, skew) if skew > 1e-3 else stats.norm.sf(z))


@pytest.mark.filterwarnings("error")
def test_each_tail_has_the_moments_of_its_strata() -> None:
    dice = np.random.default_rng(0)
    of = dice.integers(0, 7, (4, 40))
    of[:, :8] = dice.integers(0, 3, (4, 8))  # hardly a picture
    drawn, marked = dice.integers(0, of + 1), dice.integers(0, of + 1)
    drawn[:, 8] = 0  # nothing can vary
    likely = (drawn * marked / np.maximum(of, 1)).sum(0)
    count = (likely + dice.integers(-1, 3, 40)).round().astype(int).clip(0)
    expected = [slow_tail(c, n, m, t) for c, n, m, t in zip(count, drawn.T, marked.T, of.T, strict=True)]
    assert len(set(np.round(expected, 6))) > 20
    assert strata_tail(count, drawn, marked, of) == pytest.approx(expected, abs=1e-9)


def test_one_stratum_has_the_exact_tail() -> None:
    count, drawn, marked, of = np.array([0, 2, 3, 5]), *(np.array([[n] * 4]) for n in (5, 6, 11))
    expected = stats.hypergeom.sf(count - 1, 11, 6, 5)
    assert strata_tail(count, drawn, marked, of) == pytest.approx(expected)
    twice = strata_tail(count, *(np.repeat(one, 2, 0) for one in (drawn, marked, of)))
    assert np.abs(twice - expected).max() > 0.1
