"""Parts of a corpus against the whole, and against sets and loops."""

import numpy as np
import pandas as pd
import pytest

from emocam.functional.statistics.stability import Agreement, _order, agreement, round_sizes


def corpus(images: int, objects: int = 9, labels: int = 3, seed: int = 0):
    draw = np.random.default_rng(seed)
    rate = draw.uniform(0.02, 0.6, (objects, labels))
    label = draw.integers(labels, size=images)
    image, object = np.nonzero(draw.random((images, objects)) < rate[:, label].T)
    return image, object, label, (objects, labels)


def slowly(image, object, label, shape, order, size):
    """The top five and the strongest of each label among the first images of an order."""
    part = set(order[:size].tolist())
    percent = np.full(shape, np.nan)
    for la in range(shape[1]):
        own = [i for i in part if label[i] == la]
        for o in range(shape[0]):
            if own:
                percent[o, la] = 100 * sum(((image == i) & (object == o)).any() for i in own) / len(own)
    table = pd.DataFrame(percent)
    means = table.mean(axis=1).sort_values(ascending=False, kind="stable")
    return set(means.index[:5]), table.idxmax().to_dict()


def test_overlap_is_that_of_sets_counted_one_by_one() -> None:
    image, object, label, shape = corpus(80)
    found = agreement(image, object, label, shape, draws=3, seed=4)
    generator = np.random.default_rng(4)
    top, strongest = slowly(image, object, label, shape, np.arange(80), 80)
    for draw in range(3):
        place = generator.permutation(80)
        for s, size in enumerate(found.sizes):
            some, best = slowly(image, object, label, shape, np.argsort(place), size)
            assert found.overlap[s, draw] == pytest.approx(len(top & some) / 5)
            assert found.strongest[s, draw] == pytest.approx(np.mean([best[k] == strongest[k] for k in best]))


def test_a_clear_ranking_is_stable_early_and_chance_never() -> None:
    draw = np.random.default_rng(1)
    label = np.zeros(2000, np.int64)
    clear = np.nonzero(draw.random((2000, 8)) < np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.05, 0.05, 0.05]))
    even = np.nonzero(draw.random((2000, 40)) < 0.1)
    assert 10 <= agreement(*clear, label, (8, 1)).stable_from <= 100
    assert agreement(*even, label, (40, 1)).stable_from is None


def test_all_pictures_agree_with_themselves_and_that_says_nothing() -> None:
    sizes = np.array([10, 20, 50, 100])
    overlap = np.array([[1.0], [0.8], [0.9], [1.0]])
    assert Agreement(sizes, 5, overlap, overlap).stable_from == 50
    overlap = np.array([[1.0], [1.0], [0.8], [1.0]])
    assert Agreement(sizes, 5, overlap, overlap).stable_from is None


def test_sizes_are_round_and_end_with_all() -> None:
    assert round_sizes(120).tolist() == [10, 15, 20, 30, 50, 70, 100, 120]
    assert round_sizes(10).tolist() == [10] and round_sizes(20).tolist() == [10, 15, 20]
    assert round_sizes(7).tolist() == [7] and round_sizes(0).tolist() == []


def test_objects_tied_at_the_end_of_the_top_are_as_good_as_each_other() -> None:
    image = np.repeat(np.arange(40), 7)
    object = np.tile(np.arange(7), 40)  # everything everywhere
    assert (agreement(image, object, np.zeros(40, np.int64), (7, 1)).overlap == 1).all()


def test_nothing_that_counts_has_no_top() -> None:
    none = np.zeros(0, np.int64)
    found = agreement(none, none, np.zeros(30, np.int64), (4, 1))
    assert found.top == 0 and found.stable_from is None


def test_pictures_of_one_group_are_drawn_one_after_the_other() -> None:
    group = np.array([3, 1, 1, 2, 3, 1, 2, 3])
    drawn = [group[np.argsort(_order(np.random.default_rng(seed), 8, group))] for seed in range(40)]
    assert all((np.diff(order) != 0).sum() == 2 for order in drawn)
    assert len({tuple(order) for order in drawn}) == 6
    alone = _order(np.random.default_rng(5), 8, None)
    assert alone.tolist() == np.random.default_rng(5).permutation(8).tolist()


def test_copies_of_a_picture_are_drawn_together_and_settle_nothing() -> None:
    """Each picture ten times: as many as one group of pictures says how much of the top is known, not ten."""
    image, object, label, shape = corpus(40, objects=30)
    copies = np.arange(400) // 10
    pair = np.isin(copies[:, None], image).nonzero()[0]
    pairs = [(i, o) for i in pair.tolist() for o in object[image == copies[i]].tolist()]
    many = np.array([i for i, _ in pairs]), np.array([o for _, o in pairs]), label[copies]
    alone = agreement(image, object, label, shape, draws=40)
    together = agreement(*many, shape, draws=40, unit=copies)
    apart = agreement(*many, shape, draws=40)
    once, ten, split = (
        found.overlap.mean(1)[found.sizes.tolist().index(size)]
        for found, size in ((alone, 20), (together, 200), (apart, 200))
    )
    assert ten == pytest.approx(once, abs=0.06)
    assert split > once + 0.1


def test_an_object_in_less_than_one_picture_of_a_hundred_is_the_same_in_the_whole() -> None:
    rare = np.arange(3)  # three of a thousand pictures
    found = agreement(rare, np.zeros(3, np.int64), np.zeros(1000, np.int64), (4, 1), draws=20)
    assert found.top == 1
    assert (found.overlap[-1] == 1).all() and (found.strongest[-1] == 1).all()
    assert found.overlap[0].mean() < 0.5  # ten pictures hardly have it
