"""Resampling the counts is resampling the images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emocam.functional.statistics.bootstrap import group_lift_intervals, lift_intervals, resampled_counts
from emocam.functional.statistics.lift import lift, lifts


def slowly(label: np.ndarray, shown: np.ndarray, labels: int, draws: np.ndarray) -> np.ndarray:
    """Lifts (R, O, L) of the images drawn (R, N), one after the other."""
    found = []
    for drawn in draws:
        hot = np.eye(labels, dtype=int)[label[drawn]]
        found.append(lifts(shown[drawn].T.astype(int) @ hot, hot.sum(0)))
    return np.stack(found)


@pytest.fixture
def corpus() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    label = draw.integers(3, size=90)
    shown = draw.uniform(size=(90, 4)) < np.array([[0.5, 0.2, 0.1, 0.9]])
    shown[:, 0] |= label == 1
    return label, shown


def test_intervals_of_lifts_are_those_of_images_drawn_one_by_one(corpus) -> None:
    label, shown = corpus
    hot = np.eye(3, dtype=int)[label]
    counts, images = shown.T.astype(int) @ hot, hot.sum(0)
    draws = np.random.default_rng(1).integers(90, size=(4000, 90))
    theirs = np.nanquantile(slowly(label, shown, 3, draws), (0.025, 0.975), axis=0)
    for ours, expected in zip(lift_intervals(counts, images, 4000), theirs, strict=True):
        assert np.allclose(np.log(ours), np.log(expected), atol=0.12)


def test_intervals_over_groups_are_those_of_groups_drawn_one_by_one(corpus) -> None:
    label, shown = corpus
    shown[:, 2] &= label == 1  # an object of one label alone, which has no interval
    group = np.repeat(np.arange(30), 3)
    image, object = shown.nonzero()
    found = group_lift_intervals(object * 3 + label[image], group[image], label, group, (4, 3), 4000)
    drawn = np.random.default_rng(1).integers(30, size=(4000, 30))
    draws = (3 * drawn[..., None] + np.arange(3)).reshape(4000, 90)
    theirs = np.nanquantile(slowly(label, shown, 3, draws), (0.025, 0.975), axis=0)
    assert np.isnan(found[0][2]).all() and np.isnan(found[1][2]).all()
    for ours, expected in zip(found, theirs, strict=True):
        rows = [0, 1, 3]
        assert np.allclose(np.log(ours[rows]), np.log(expected[rows]), atol=0.12)


def test_what_was_never_seen_cannot_be_resampled() -> None:
    low, high = lift_intervals(np.array([[3, 0], [2, 4], [0, 0]]), np.array([5, 6]), 200)
    assert np.isnan(low[[0, 2]]).all() and np.isnan(high[[0, 2]]).all()
    assert (low[1] <= high[1]).all()


def test_parts_of_the_labels_rows_make_little_difference(corpus, monkeypatch) -> None:
    label, shown = corpus
    hot = np.eye(3, dtype=int)[label]
    counts, images = shown.T.astype(int) @ hot, hot.sum(0)
    whole = lift_intervals(counts, images, 2000)
    monkeypatch.setattr("emocam.functional.statistics.bootstrap.CHUNK", 2000)
    for ours, theirs in zip(lift_intervals(counts, images, 2000), whole, strict=True):
        assert np.allclose(np.log(ours), np.log(theirs), atol=0.15)


def test_of_many_cells_those_with_equal_counts_have_one_interval_and_hardly_another(monkeypatch) -> None:
    counts = np.random.default_rng(4).integers(0, 4, size=(40, 6)) * 5
    counts[:, :3] = np.sort(counts[:, :3], axis=1)
    images = np.array([60, 60, 60, 90, 90, 0])
    counts[:, 5] = 0
    each = lift_intervals(counts, images, 4000)
    monkeypatch.setattr("emocam.functional.statistics.bootstrap.MANY_CELLS", 0)
    once = lift_intervals(counts, images, 4000)
    kinds: dict[tuple[int, ...], set[tuple[float, float]]] = {}
    for row, label in zip(*np.nonzero(np.isfinite(each[0])), strict=True):
        told = (images[label], counts[row, label], counts[row].sum())
        kinds.setdefault(told, set()).add((once[0][row, label], once[1][row, label]))
    assert len(kinds) < np.isfinite(each[0]).sum() / 2 and all(len(ends) == 1 for ends in kinds.values())
    for ours, theirs in zip(once, each, strict=True):
        assert (np.isnan(ours) == np.isnan(theirs)).all()
        known = np.isfinite(ours)
        assert np.abs(np.log(ours[known]) - np.log(theirs[known])).mean() < 0.06


def test_counts_of_resamples_are_recounted_images(monkeypatch) -> None:
    """Two methods that keep the same: their columns must be the same in every resample."""
    monkeypatch.setattr("emocam.functional.statistics.bootstrap.CHUNK", 40)
    image, cell = np.array([0, 0, 1, 3, 0, 0, 1, 3]), np.array([0, 1, 1, 2, 3, 4, 4, 5])
    parts = list(resampled_counts(cell, image, 5, 6, 21, seed=3))
    counts = np.concatenate(parts)
    assert len(parts) > 1 and counts.shape == (21, 6)
    assert (counts[:, :3] == counts[:, 3:]).all()
    draws = np.random.default_rng(3).integers(5, size=(21, 5))
    expected = [[(d == 0).sum(), (d == 0).sum() + (d == 1).sum(), (d == 3).sum()] for d in draws]
    assert counts[:, :3].tolist() == expected


def test_the_cake_by_hand() -> None:
    """In 6 of 10 pictures of joy and 2 of 10 others: three times as often."""
    assert lift(np.array(6), np.array(10), np.array(2), np.array(10)) == pytest.approx(3)


def test_nothing_elsewhere_counts_half_an_image_more() -> None:
    assert lift(np.array(6), np.array(10), np.array(0), np.array(10)) == pytest.approx(
        (6.5 / 11) / (0.5 / 11)
    )


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_a_lift_is_positive_or_unknown(count: int, without: int, elsewhere: int, other: int) -> None:
    found = lift(np.array(count), np.array(count + without), np.array(elsewhere), np.array(elsewhere + other))
    known = count + elsewhere > 0 and count + without > 0 and elsewhere + other > 0
    assert (found > 0) == known and np.isfinite(found) == known
