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


@pytest.mark.parametrize("labels", [1, 4])
def test_few_pictures_of_few_labels_agree_as_sets_counted_one_by_one(labels: int) -> None:
    """Objects that are rare, labels without a picture, fewer objects than a top has, and units of pictures."""
    dice = np.random.default_rng(labels)
    label = dice.integers(0, max(labels - 1, 1), 34)  # the last of several has no picture
    shown = dice.random((34, 6)) < [0.5, 0.4, 0.1, 0.03, 0, 0.2]
    shown[label == 0, 0] = labels == 1
    image, object = np.nonzero(shown)
    unit = dice.integers(0, 9, 34) * 5
    for of in (None, unit):
        found = agreement(image, object, label, (6, labels), 6, 2, of)
        generator = np.random.default_rng(2)
        assert found.sizes.tolist() == [10, 15, 20, 30, 34]
        for draw in range(6):
            place = generator.permutation(34)
            if of is not None:
                lots = generator.permutation(len(set(unit.tolist())))
                rank = {name: lots[k] for k, name in enumerate(sorted(set(unit.tolist())))}
                order = sorted(range(34), key=lambda i: (rank[unit[i]], place[i]))
            else:
                order = [int(i) for i in np.argsort(place)]
            for s, size in enumerate(found.sizes.tolist()):
                expected = shared(shown, label, labels, order[:size])
                assert (found.overlap[s, draw], found.strongest[s, draw]) == pytest.approx(expected)
    assert found.top == min(5, int((shown.any(0)).sum())) == 5
    fewer = agreement(image[object < 2], object[object < 2], label, (6, labels), 2)
    assert fewer.top == 2 - (not shown[:, :1].any())


def percentages(shown: np.ndarray, label: np.ndarray, labels: int, some: list[int]) -> list[dict[int, float]]:
    """Of each object, the percentage of each label that has pictures."""
    rows: list[dict[int, float]] = []
    for o in range(shown.shape[1]):
        own = {la: [shown[i, o] for i in some if label[i] == la] for la in range(labels)}
        rows.append({la: 100 * sum(values) / len(values) for la, values in own.items() if values})
    return rows


def shared(shown: np.ndarray, label: np.ndarray, labels: int, some: list[int]) -> tuple[float, float]:
    """The share of the top, and of the strongest of each label, that some pictures have in common with all."""
    whole = percentages(shown, label, labels, list(range(len(label))))
    part = percentages(shown, label, labels, some)
    means, ours = ([sum(row.values()) / max(len(row), 1) for row in rows] for rows in (whole, part))
    top = min(5, sum(mean > 0 for mean in means))
    least = sorted(means, reverse=True)[top - 1]
    first = sorted(range(len(ours)), key=lambda o: -ours[o])[:top]
    overlap = sum(means[o] >= least and ours[o] > 0 for o in first) / top
    same = []
    for la in range(labels):
        highest = max(row.get(la, 0) for row in whole)
        if highest > 0:
            values = [row.get(la, 0) for row in part]
            best = values.index(max(values))
            same.append(values[best] > 0 and whole[best].get(la, 0) == highest)
    return overlap, sum(same) / len(same)


def test_thirty_parts_of_the_same_seed_are_drawn_where_nobody_says_otherwise() -> None:
    image, object, label, shape = corpus(60)
    found, said = agreement(image, object, label, shape), agreement(image, object, label, shape, 30, 0)
    assert found.overlap.shape == (len(found.sizes), 30) and (found.overlap == said.overlap).all()
    assert Agreement(np.zeros(0, int), 5, np.zeros((0, 3)), np.zeros((0, 3))).stable_from is None


def test_a_corpus_is_stable_from_the_first_size_after_the_last_that_was_not() -> None:
    sizes = np.array([10, 15, 20, 30, 50, 100])
    for shares, expected in (
        ([0.9, 0.9, 0.9, 0.9, 0.9, 0], 10),  # what equals it is enough
        ([0.8, 0.9, 0.89, 1, 1, 1], 30),
        ([0.8, 0.9, 1, 1, 0.8, 1], None),  # parts beyond a half say nothing
        ([0, 0, 0, 0, 0.9, 1], 50),
    ):
        overlap = np.array(shares)[:, None]
        assert Agreement(sizes, 5, overlap, overlap).stable_from == expected
        assert Agreement(sizes, 0, overlap, overlap).stable_from is None


def test_sizes_go_on_in_the_same_steps_to_any_number() -> None:
    assert round_sizes(2_500).tolist()[-6:] == [500, 700, 1000, 1500, 2000, 2500]
    assert (
        round_sizes(1).tolist() == [1]
        and round_sizes(11).tolist() == [10, 11]
        and round_sizes(1).dtype == np.int64
    )
    assert round_sizes(10**9)[-2] == 7 * 10**8
