"""Resampling the counts is resampling the images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emocam.functional.statistics.bootstrap import group_lift_intervals, lift_intervals, resampled_counts
from emocam.functional.statistics.lift import lift, lifts


def slow_lift(count: float, images: float, elsewhere: float, others: float) -> float:
    if count + elsewhere == 0 or images == 0 or others == 0:
        return float("nan")
    half = 0.5 if count == 0 or elsewhere == 0 else 0.0
    return ((count + half) / (images + half + half)) / ((elsewhere + half) / (others + half + half))


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


def drawn_ends(
    dice: np.random.Generator, cells: list[tuple[int, ...]], times: np.ndarray
) -> list[np.ndarray]:
    """The ends of cells (count, everywhere, images, total) of one label, a resample at a time."""
    within = [dice.binomial(times, count / images) for count, _, images, _ in cells]
    rest = [
        dice.binomial(total - times, (everywhere - count) / (total - images))
        for count, everywhere, images, total in cells
    ]
    ends = []
    for (_, _, _, total), inside, outside in zip(cells, within, rest, strict=True):
        drawn = [slow_lift(a, n, b, total - n) for a, n, b in zip(inside, times, outside, strict=True)]
        ends.append(np.nanquantile(drawn, (0.025, 0.975)))
    return ends


COUNTS = np.array([[3, 1, 2, 0, 1], [9, 0, 4, 2, 1], [0, 0, 1, 0, 0], [2, 1, 2, 2, 0], [3, 1, 2, 0, 1]])
IMAGES = np.array([12, 1, 5, 5, 0])


def test_each_end_of_an_interval_is_that_of_its_own_draws() -> None:
    dice, total = np.random.default_rng(6), int(IMAGES.sum())
    counts = COUNTS[:, :4]
    times = dice.multinomial(total, IMAGES / total, 60)
    assert (times[:, 1] == 0).any()  # resamples without a label's only image
    expected = np.full((2, 5, 5), np.nan)
    for label in range(4):
        rows = [o for o in range(5) if 0 < counts[o, label] < counts[o].sum()]
        cells = [(counts[o, label], counts[o].sum(), IMAGES[label], total) for o in rows]
        for o, ends in zip(rows, drawn_ends(dice, cells, times[:, label]), strict=True):
            expected[:, o, label] = ends
    given = np.pad(counts, ((0, 0), (0, 1)))
    np.testing.assert_allclose(lift_intervals(given, IMAGES, 60, 6), expected, rtol=1e-12)
    alone = lift_intervals(np.array([[1], [3]]), np.array([4]), 60)
    assert np.isnan(alone).all()  # nothing is elsewhere
    with np.errstate(all="raise"):
        assert np.isnan(lift_intervals(np.zeros((2, 3), int), np.zeros(3, int), 60)).all()


def test_each_end_of_many_cells_is_that_of_the_draws_of_its_kind(monkeypatch) -> None:
    monkeypatch.setattr("emocam.functional.statistics.bootstrap.MANY_CELLS", COUNTS[:, :4].size)
    counts, images = COUNTS[:, :4], IMAGES[:4]
    each = lift_intervals(counts, images, 60, 6)
    monkeypatch.setattr("emocam.functional.statistics.bootstrap.MANY_CELLS", counts.size - 1)
    once = lift_intervals(counts, images, 60, 6)
    dice, total = np.random.default_rng(6), int(images.sum())
    times, known = dice.multinomial(total, images / total, 60), {}
    for n in sorted(set(images.tolist())):
        told = {
            (int(counts[o, k]), int(counts[o].sum()), n, total)
            for k in np.flatnonzero(images == n)
            for o in range(5)
            if 0 < counts[o, k] < counts[o].sum()
        }
        first = images.tolist().index(n)
        cells = sorted(told)
        known |= dict(zip(cells, drawn_ends(dice, cells, times[:, first]), strict=True))
    expected = np.full((2, 5, 4), np.nan)
    for o, k in np.ndindex(5, 4):
        expected[:, o, k] = known.get((counts[o, k], counts[o].sum(), images[k], total), np.nan)
    np.testing.assert_allclose(once, expected, rtol=1e-12)
    assert not np.array_equal(once, each, equal_nan=True)
    assert np.isnan(lift_intervals(np.full((30, 1), 2), np.array([4]), 60)).all()
    with np.errstate(all="raise"):
        assert np.isnan(lift_intervals(np.zeros((9, 3), int), np.zeros(3, int), 60)).all()


@pytest.mark.parametrize("size", [1, 3])
def test_each_end_over_groups_is_that_of_groups_drawn_one_by_one(corpus, size: int, monkeypatch) -> None:
    label, shown = corpus
    shown[:, 2] = False
    shown[4, 2] = True  # an object in one image
    group = np.r_[np.repeat(np.arange(28), size), np.arange(90 - 28 * size) % 7]
    image, object = shown.nonzero()
    given = object * 4 + label[image], group[image], label, group, (5, 4)
    drawn = np.random.default_rng(8).integers(28, size=(40, 28))
    lifts_drawn = np.full((40, 5, 4), np.nan)
    for r, groups in enumerate(drawn):
        rows = [i for g in groups for i in np.flatnonzero(group == g)]
        for o, k in np.ndindex(4, 3):
            own = label[rows] == k
            count, elsewhere = shown[rows, o][own].sum(), shown[rows, o][~own].sum()
            lifts_drawn[r, o, k] = slow_lift(count, own.sum(), elsewhere, (~own).sum())
    expected = np.full((2, 5, 4), np.nan)
    for o, k in np.ndindex(4, 3):
        if 0 < shown[label == k, o].sum() < shown[:, o].sum():
            expected[:, o, k] = np.nanquantile(lifts_drawn[:, o, k], (0.025, 0.975))
    np.testing.assert_allclose(group_lift_intervals(*given, 40, 8), expected, rtol=1e-5)
    monkeypatch.setattr("emocam.functional.statistics.bootstrap.CHUNK", 300)
    np.testing.assert_allclose(group_lift_intervals(*given, 40, 8), expected, rtol=1e-5)
    nothing = np.zeros(0, int)
    for none in (group_lift_intervals(*given, 0), group_lift_intervals(*[nothing] * 4, (5, 4))):
        assert none[0].shape == (5, 4) and np.isnan(none).all()


def test_a_part_of_the_resamples_holds_two_million_numbers_at_most() -> None:
    none = np.zeros(0, int)
    for images, cells in ((2**20, 3), (1, 2**20)):
        parts = [part.shape for part in resampled_counts(none, none, images, cells, 3)]
        assert parts == [(2, cells), (1, cells)]
    assert len(next(iter(resampled_counts(none, none, 2**22, 1)))) == 1


def test_resamples_are_two_thousand_of_the_same_seed_where_nobody_says_otherwise(corpus) -> None:
    label, shown = corpus
    image, object = shown.nonzero()
    cell = object * 3 + label[image]
    counts, images = np.bincount(cell, minlength=12).reshape(4, 3), np.bincount(label)
    for found, said in (
        (lift_intervals(counts, images), lift_intervals(counts, images, 2000, 0)),
        (
            group_lift_intervals(cell, image, label, np.arange(90), (4, 3)),
            group_lift_intervals(cell, image, label, np.arange(90), (4, 3), 2000, 0),
        ),
        (
            np.concatenate([*resampled_counts(cell, image, 90, 12)]),
            np.concatenate([*resampled_counts(cell, image, 90, 12, 2000, 0)]),
        ),
    ):
        np.testing.assert_array_equal(found, said)
