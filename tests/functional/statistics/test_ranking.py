import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from emocam.functional.statistics.ranking import highest, rank

NAN = float("nan")


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_areas_are_scikit_learn_s(pairs) -> None:
    score, used = np.array([s for s, _ in pairs], float), np.array([u for _, u in pairs])
    found = rank(score, used)
    if used.any() and not used.all():
        assert found.auc == pytest.approx(roc_auc_score(used, score))
        assert found.average_precision == pytest.approx(average_precision_score(used, score))
    assert found.right[-1] == used.sum() and found.false[-1] == (~used).sum()


def test_a_ranking_that_a_reader_can_count() -> None:
    found = rank(np.array([9, 8, 8, 7, 1.0]), np.array([True, True, False, False, True]))
    assert found.threshold.tolist() == [9, 8, 7, 1]
    assert found.right.tolist() == [1, 2, 2, 3] and found.false.tolist() == [0, 1, 2, 2]
    assert found.recall.tolist() == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1])
    assert found.auc == pytest.approx((2 + 1.5 + 0) / 6)


def test_what_has_no_score_comes_last() -> None:
    assert rank(np.array([NAN, -3, NAN]), np.array([False, True, False])).auc == 1


def test_without_used_ones_there_is_no_area() -> None:
    with np.errstate(all="raise"):  # nothing is divided by none
        found = rank(np.array([1.0, 2]), np.array([False, False]))
        assert np.isnan(found.auc) and np.isnan(found.average_precision)
        assert np.isnan(rank(np.array([1.0, 2]), np.array([True, True])).auc)
        assert found.recall.tolist() == [0, 0]
    assert rank(np.array([1.0, 2]), np.array([True, False])).recall.tolist() == [0, 1]


def test_a_score_that_is_hardly_above_none_counts_and_none_does_not() -> None:
    score = np.array([[1e-9, 0.5], [0.0, -1.0], [-1.0, NAN]])
    assert highest(score, np.array([3, 3])).tolist() == [[True, True], [False, False], [False, False]]


def test_the_highest_of_each_label() -> None:
    score = np.array([[5, 0.0, 1], [7, 0, NAN], [6, 0, 2]])
    chosen = highest(score, np.array([2, 1, 2]))
    assert chosen.tolist() == [[False, False, True], [True, False, False], [True, False, True]]


@given(st.integers(1, 7), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_the_highest_are_those_of_each_column_sorted_by_itself(objects, labels, seed) -> None:
    dice = np.random.default_rng(seed)
    score = dice.integers(-2, 6, (objects, labels)).astype(float)
    score[dice.random(score.shape) < 0.2] = NAN
    count = dice.integers(0, objects + 1, labels)
    expected = np.zeros(score.shape, bool)
    for label in range(labels):
        known = [o for o in range(objects) if not np.isnan(score[o, label])]
        first = sorted(known, key=lambda o: -score[o, label])[
            : count[label]
        ]  # sorted keeps the order of equals
        expected[[o for o in first if score[o, label] > 0], label] = True
    assert (highest(score, count) == expected).all()


@given(st.lists(st.tuples(st.sampled_from([1.0, 2, 3, NAN]), st.booleans()), min_size=1, max_size=12))
def test_every_threshold_counts_what_scores_at_least_it(pairs) -> None:
    score, used = np.array([s for s, _ in pairs]), np.array([u for _, u in pairs])
    found = rank(score, used)
    known = np.where(np.isnan(score), -np.inf, score)
    levels = sorted(set(known.tolist()), reverse=True)
    right = [int((used & (known >= level)).sum()) for level in levels]
    false = [int((~used & (known >= level)).sum()) for level in levels]
    assert found.threshold.tolist() == levels
    assert (found.right.tolist(), found.false.tolist()) == (right, false)
    assert found.precision.tolist() == pytest.approx([r / (r + f) for r, f in zip(right, false, strict=True)])
    assert found.recall.tolist() == pytest.approx([r / max(right[-1], 1) for r in right])
    if used.any() and not used.all():
        wins = [(a > b) + (a == b) / 2 for a in known[used] for b in known[~used]]
        assert found.auc == pytest.approx(np.mean(wins))
