"""Upper tails, against scipy and by listing all that can happen."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from emocam.functional.statistics.tail_probability import (
    NORMAL_95,
    binomial_tail,
    hypergeometric_tail,
    skewed_tail,
)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(1, 60))
def test_the_hypergeometric_tail_is_scipys(count: int, drawn: int, marked: int, of: int) -> None:
    drawn, marked = min(drawn, of), min(marked, of)
    ours = hypergeometric_tail(*(np.array([x]) for x in (count, drawn, marked, of)))
    assert ours[0] == pytest.approx(stats.hypergeom.sf(count - 1, of, marked, drawn), rel=1e-8, abs=1e-13)


def test_three_of_ten_by_listing_all_hands() -> None:
    """4 of 10 are marked and 3 are drawn."""
    hands = [sum(card < 4 for card in hand) for hand in combinations(range(10), 3)]
    for count in range(5):
        found = hypergeometric_tail(np.array(count), np.array(3), np.array(4), np.array(10))
        assert found == pytest.approx(np.mean([hand >= count for hand in hands]))


def test_tails_far_out_are_small_but_not_lost() -> None:
    count, drawn, marked, of = 900, 1300, 3000, 26_000
    found = hypergeometric_tail(*(np.array([x]) for x in (count, drawn, marked, of)))[0]
    assert 0 < found < 1e-300 or found == pytest.approx(stats.hypergeom.sf(count - 1, of, marked, drawn))


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1))
def test_the_binomial_tail_is_scipys(count: int, of: int, share: float) -> None:
    ours = binomial_tail(np.array([count]), np.array([of]), np.array([share]))[0]
    assert ours == pytest.approx(stats.binom.sf(count - 1, of, share), rel=1e-8, abs=1e-300)


def test_an_unknown_share_has_no_tail() -> None:
    assert np.isnan(binomial_tail(np.array([0, 3]), np.array([5, 5]), np.array([np.nan, np.nan]))).all()


def test_hits_of_unequal_chance_are_no_more_likely_than_the_binomial_says() -> None:
    """Hoeffding 1956: above the mean plus one."""
    draw = np.random.default_rng(0)
    share = draw.beta(0.5, 1, 30)
    hits = (draw.uniform(size=(100_000, 30)) < share).sum(1)
    for count in range(int(share.sum()) + 2, 31):
        bound = binomial_tail(np.array([count]), np.array([30]), np.array([share.mean()]))[0]
        assert (hits >= count).mean() <= bound + 0.003


def test_between_whole_numbers_the_tail_lies_between_theirs() -> None:
    counts = np.arange(3, 12, 0.25)
    found = hypergeometric_tail(counts, np.array(30.0), np.array(40.0), np.array(200.0))
    assert (np.diff(found) < 0).all()
    # no step leads past the last one that there is, where factors change their sign
    assert (
        0 < hypergeometric_tail(np.array([2.5]), np.array([3.2]), np.array([4.7]), np.array([20.3]))[0] < 0.2
    )


def test_every_hand_of_a_small_pack_has_scipys_tail() -> None:
    of, drawn, marked, count = (axis.ravel() for axis in np.indices((14, 14, 14, 16)))
    real = (drawn <= of) & (marked <= of) & (of > 0)
    of, drawn, marked, count = of[real], drawn[real], marked[real], count[real]
    expected = stats.hypergeom.sf(count - 1, of, marked, drawn)
    np.testing.assert_allclose(hypergeometric_tail(count, drawn, marked, of), expected, atol=1e-12)


@pytest.mark.parametrize("skew", [0.0015, 0.5, 2.0])
def test_a_skewed_tail_is_scipys_and_without_a_skew_the_normal_one(skew: float) -> None:
    z = np.linspace(-3, 4, 29)
    expected = stats.pearson3.sf(z, skew)
    np.testing.assert_allclose(skewed_tail(z, np.full(29, skew)), expected, atol=1e-6)
    for none in (-skew, 0.0, 0.0009):
        np.testing.assert_allclose(skewed_tail(z, np.full(29, none)), stats.norm.sf(z), atol=1e-9)


def test_a_skew_of_a_thousandth_is_none_and_a_little_more_is_one() -> None:
    z = np.linspace(-2, 3, 11)
    assert skewed_tail(z, np.full(11, 1e-3)) == pytest.approx(stats.norm.sf(z), abs=1e-12)
    assert skewed_tail(z, np.full(11, 1.01e-3)) == pytest.approx(stats.pearson3.sf(z, 1.01e-3), abs=1e-6)
    assert np.abs(skewed_tail(z, np.full(11, 1.01e-3)) - stats.norm.sf(z)).max() > 1e-5
    assert skewed_tail(np.array([-9.0, 0, 40]), np.full(3, 1.0))[[0, 2]].tolist() == pytest.approx(
        [1, 0], abs=1e-12
    )
    assert stats.norm.ppf(0.975) == pytest.approx(NORMAL_95)


def test_a_count_that_nothing_can_reach_or_miss_is_impossible_or_certain() -> None:
    count = np.array([0, 3, 5, 6, 4, -1])
    found = hypergeometric_tail(count, np.array(8), np.array(5), np.array(10))  # of ten three to five are hit
    assert found.tolist() == pytest.approx(
        [1, 1, stats.hypergeom.pmf(5, 10, 5, 8), 0, stats.hypergeom.sf(3, 10, 5, 8), 1]
    )
    assert hypergeometric_tail(*(np.array(n) for n in (0, 0, 0, 0))) == 1


def test_a_tail_is_summed_until_nothing_is_added_and_each_of_many_by_itself() -> None:
    of, marked, drawn = 3000, 1400, 900
    count = np.array([360, 400, 419, 420, 421, 440, 480, 600])
    found = hypergeometric_tail(count, np.array(drawn), np.array(marked), np.array(of))
    assert found == pytest.approx(stats.hypergeom.sf(count - 1, of, marked, drawn), rel=1e-9)


def test_shares_of_hits_beyond_one_are_one() -> None:
    found = binomial_tail(np.array([3, 0, 2]), np.array([3, 4, 5]), np.array([1 + 1e-12, -1e-12, -1e-12]))
    assert found.tolist() == pytest.approx([1, 1, 0])
