"""Cells of pictures that are not independent: sums by slow loops, answers of worlds without relation."""

import numpy as np
import pandas as pd
import pytest

from emocam.cells.dependence import (
    EPISODES,
    GROUPS,
    PICTURES,
    TIME,
    Dependence,
    dependent_columns,
    independent_columns,
    once_each,
    trials_by_unit,
    unit_intervals,
)
from emocam.cells.effects import effect_columns
from emocam.cells.occurrences import LEFT_OUT, Occurrences
from emocam.cells.table import Tally, cell_columns
from emocam.functional.statistics.group_intervals import GroupSums, group_wilson


def occurrences(shown: np.ndarray, label: np.ndarray, kept: np.ndarray) -> Occurrences:
    image, object = np.nonzero(shown)
    return Occurrences(label, image, object, kept[image, object], shown.shape[1])


@pytest.fixture
def corpus() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of 240 pictures in 40 groups of unequal size the objects, labels, what counts, and the group."""
    draw = np.random.default_rng(0)
    group = np.sort(draw.integers(40, size=240))
    label = draw.integers(3, size=240)
    label[::17] = LEFT_OUT
    shown = draw.uniform(size=(240, 5)) < [0.05, 0.2, 0.5, 0.9, 0]
    return shown, label, shown & (draw.uniform(size=shown.shape) < 0.6), group


def test_groups_are_those_in_which_an_object_is_present_under_a_label(corpus) -> None:
    shown, label, kept, group = corpus
    found = dependent_columns(occurrences(shown, label, kept), 3, Dependence(group), np.full((5, 3), 0.3), 50)
    slow = [[len({*group[shown[:, o] & (label == k)]}) for k in range(3)] for o in range(5)]
    assert found["groups"].tolist() == slow
    assert np.isnan(found["episodes"]).all()
    assert set(found["p_rule"].ravel()) == {GROUPS}


def test_intervals_hold_the_shares_and_are_wider_than_those_of_as_many_pictures_alone(corpus) -> None:
    shown, label, kept, _ = corpus
    copies = [np.repeat(part, 4, 0) for part in (shown, label, kept)]
    burst = np.repeat(np.arange(240), 4)
    found = occurrences(*copies)
    ours = dependent_columns(found, 3, Dependence(burst), np.full((5, 3), 0.3), 400)
    counted = found.count(found.label, 3)
    alone = cell_columns(Tally(counted.images, counted.present, counted.kept, np.full((5, 3), 0.3)), 400)
    for name, share in (("percent", "percent"), ("present", "present_percent"), ("use", "use")):
        low, high = ours[f"{name}_low"], ours[f"{name}_high"]
        known = ~np.isnan(alone[share])
        assert ((low <= alone[share] + 1e-9) & (alone[share] <= high + 1e-9))[known].all()
        assert (high - low >= alone[f"{name}_high"] - alone[f"{name}_low"] - 1e-9)[known].all()
    width = np.log(ours["lift_high"] / ours["lift_low"]) / np.log(alone["lift_high"] / alone["lift_low"])
    assert np.nanmedian(width) == pytest.approx(2, abs=0.3)


def test_lift_intervals_are_those_of_groups_drawn_one_by_one(corpus) -> None:
    shown, label, kept, group = corpus
    draw = np.random.default_rng(1)
    sure = label != LEFT_OUT
    shown, label, kept, group = shown[sure], label[sure], kept[sure], group[sure]
    found = dependent_columns(
        occurrences(shown, label, kept), 3, Dependence(group), np.full((5, 3), 0.3), 2000
    )
    lifts = []
    for _ in range(2000):
        rows = np.concatenate(
            [np.flatnonzero(group == g) for g in draw.choice(np.unique(group), len(set(group)))]
        )
        of, here = label[rows] == 0, kept[rows, 2]
        lifts.append((here & of).sum() / of.sum() / ((here & ~of).sum() / (~of).sum()))
    low, high = np.quantile(lifts, [0.025, 0.975])
    assert np.log(found["lift_low"][2, 0]) == pytest.approx(np.log(low), abs=0.06)
    assert np.log(found["lift_high"][2, 0]) == pytest.approx(np.log(high), abs=0.06)


def test_copies_of_a_corpus_say_no_more_than_the_corpus(corpus) -> None:
    shown, label, kept, _ = corpus
    label = np.where(label == LEFT_OUT, 0, label)
    kept[:, 1] = shown[:, 1] & (label == 1)
    alone = dependent_columns(
        occurrences(shown, label, kept), 3, Dependence(np.r_[0, np.arange(239)]), np.full((5, 3), 0.3), 20
    )
    copies = dependent_columns(
        occurrences(*(np.repeat(part, 5, 0) for part in (shown, label, kept))),
        3,
        Dependence(np.repeat(np.r_[0, np.arange(239)], 5)),
        np.full((5, 3), 0.3),
        20,
    )
    for name in ("p", "use_p"):
        known = ~np.isnan(alone[name])
        assert np.abs(np.log10(copies[name][known] / alone[name][known])).max() < 0.3, name
    assert copies["q"][1, 1] < 1e-3


def test_fewer_than_twelve_groups_have_no_p_at_all(corpus) -> None:
    shown, label, kept, group = corpus
    found = dependent_columns(
        occurrences(shown, label, kept), 3, Dependence(group % 11), np.full((5, 3), 0.3), 20
    )
    for name in ("p", "q", "present_q", "use_p"):
        assert np.isnan(found[name]).all(), name


def test_a_film_goes_by_time_and_an_object_of_few_episodes_has_no_p() -> None:
    frames = np.arange(900)
    label = frames // 45 % 2
    shown = np.stack([frames % 90 < 45, frames % 300 < 60, frames < 450], 1)
    found = dependent_columns(
        occurrences(shown, label, shown),
        2,
        Dependence(np.zeros(900, int), frames * 2.0),
        np.full((3, 2), 0.3),
        20,
    )
    assert set(found["p_rule"].ravel()) == {TIME}
    assert found["episodes"].tolist() == [[10, 0], [3, 3], [5, 5]]
    assert not np.isnan(found["p"][0]).any()
    assert EPISODES > 3
    assert np.isnan(found["p"][1:]).all()
    assert found["p"][0, 0] <= 12 / 900


def test_columns_of_predictions_say_which_rule_holds() -> None:
    seconds = pd.Series(np.arange(4.0))
    assert Dependence.of(None, None, 4).rule == PICTURES
    assert Dependence.of(pd.Series(["a", "b", None, None]), None, 4).rule == PICTURES
    assert Dependence.of(pd.Series(["a", "b", None, "a"]), None, 4).group.tolist() == [0, 1, 2, 0]
    assert Dependence.of(pd.Series(["a", "b", "b", "a"]), None, 4).rule == GROUPS
    assert Dependence.of(pd.Series(["a", "b", "b", "a"]), seconds, 4).rule == TIME
    assert Dependence.of(None, seconds, 4).rule == TIME
    some = pd.Series([0.0, np.nan, 2.0, 3.0])  # without an order of all there is none
    assert Dependence.of(pd.Series(["a", "b", "b", "a"]), some, 4).rule == GROUPS
    assert independent_columns(np.array([[3]]))["p_rule"].tolist() == [[PICTURES]]


def test_blocks_of_time_are_as_long_as_a_label_lasts() -> None:
    frames = np.arange(3600)
    film = Dependence(np.zeros(3600, int), frames * 1.0)
    brief, long = frames // 10 % 2, frames // 200 % 2
    assert len(set(film.units(brief))) == 60
    assert len(set(film.units(long))) == pytest.approx(3600 / 200, abs=2)


def test_films_without_relation_have_hardly_a_discovery() -> None:
    corpora = []
    for seed in range(12):
        draw = np.random.default_rng(seed)
        label = np.repeat(draw.integers(4, size=60), 30)
        shown = np.repeat(draw.uniform(size=(90, 12)) < 0.3, 20, 0)
        group = np.arange(1800) // 600
        found = dependent_columns(
            occurrences(shown, label, shown),
            4,
            Dependence(group, np.arange(1800.0)),
            np.full((12, 4), 0.3),
            5,
        )
        corpora.append((found["q"] < 0.05).any())
    assert sum(corpora) <= 2


def test_each_group_is_one_picture_of_each_of_its_labels(corpus) -> None:
    shown, label, kept, group = corpus
    once = once_each(occurrences(shown, label, kept), group)
    counted = once.count(once.label, 3)
    present, counts, images = np.zeros((5, 3), int), np.zeros((5, 3), int), np.zeros(3, int)
    for g in np.unique(group):
        for k in range(3):
            own = (group == g) & (label == k)
            images[k] += own.any()
            for o in range(5):
                there = shown[own, o].sum()
                present[o, k] += there > 0
                counts[o, k] += there > 0 and 2 * kept[own, o].sum() >= there
    assert np.array_equal(counted.images, images)
    assert np.array_equal(counted.present, present) and np.array_equal(counted.kept, counts)


def test_trials_of_a_group_are_one_trial_of_their_mean() -> None:
    draw = np.random.default_rng(5)
    rows = pd.DataFrame(
        [
            {"object": "cup", "label": "joy", "image": f"{i}.png", "fill": fill, "effect": draw.normal()}
            | {"effect_control": draw.normal(), "flipped": bool(i % 2), "flipped_control": False}
            for i in range(12)
            for fill in ("blur", "grey")
        ]
    )
    assert trials_by_unit(rows, None) is rows
    merged = trials_by_unit(rows, {f"{i}.png": i // 4 for i in range(12)})
    assert len(merged) == 6
    own = rows[(rows["fill"] == "grey") & rows["image"].isin(["4.png", "5.png", "6.png", "7.png"])]
    found = merged[(merged["fill"] == "grey") & (merged["image"] == "1")].iloc[0]
    assert found["effect"] == pytest.approx(own["effect"].mean()) and found["flipped"] == 0.5


def test_the_t_test_of_group_means_holds_where_that_of_copies_does_not() -> None:
    """Objects without effect, each picture five times: how often the effect's p is below .05."""
    draw, small = np.random.default_rng(6), np.zeros(2)
    for _ in range(60):
        effect = np.repeat(draw.normal(size=20), 5) + 0.1 * draw.normal(size=100)
        rows = pd.DataFrame(
            {"object": "cup", "label": "joy", "image": [f"{i}" for i in range(100)], "fill": "grey"}
        )
        rows = rows.assign(effect=effect, effect_control=0.0, flipped=False, flipped_control=False)
        for place, unit in enumerate((None, {f"{i}": i // 5 for i in range(100)})):
            small[place] += effect_columns(trials_by_unit(rows, unit))["effect_p"].iloc[0] < 0.05
    assert small[0] >= 9 and small[1] <= 8


def film(blocks: int, frames: int = 45) -> tuple[Occurrences, Dependence]:
    """Two labels by turns, each as often as half the blocks, and an object in all pictures of the first."""
    number = np.arange(blocks * frames)
    label = number // frames % 2
    shown = (label == 0)[:, None]
    return occurrences(shown, label, shown), Dependence(np.zeros(len(number), int), number * 2.0)


def test_eight_episodes_have_a_p_and_seven_have_none() -> None:
    # of 15 blocks the second label has 7, of 14 both and the object
    for blocks, known in ((16, [True, True]), (15, [True, False]), (14, [False, False])):
        found, dependence = film(blocks)
        p = dependent_columns(found, 2, dependence, np.full((1, 2), 0.3), 20)["p"]
        assert (~np.isnan(p[0])).tolist() == known
    assert EPISODES == 8


def test_blocks_of_time_are_as_long_as_the_label_that_lasts_longest() -> None:
    number = np.arange(4000)
    within = number % 500  # 8 episodes of 200 seconds, and many short ones of two other labels
    label = np.where(within < 200, 1, (within - 200) // 35 % 2 * 2)
    units = Dependence(np.zeros(4000, int), number * 1.0).units(label)
    lasting = 2 * 1 * 1600 / 8 * (1 - 0.4)
    assert np.array_equal(units, number // lasting)
    seven = label[:3500]  # too few to say how long it lasts
    units = Dependence(np.zeros(3500, int), number[:3500] * 1.0).units(seven)
    assert len(set(units)) == np.ceil(3500 / 60)


def test_intervals_of_cells_and_of_all_cells_are_the_same(corpus) -> None:
    shown, label, kept, group = corpus
    found = occurrences(shown, label, kept)
    whole = dependent_columns(found, 3, Dependence(group), np.full((5, 3), 0.3), 20)
    cell = np.where(label[found.image] >= 0, found.object * 3 + label[found.image], -1)
    of_label = np.arange(15) % 3
    cells = unit_intervals(group, label, (found.image, cell, found.kept), of_label)
    for name in cells:
        assert np.allclose(cells[name], whole[name].ravel(), equal_nan=True), name
    assert {name[-4:] for name in cells} == {"_low", "high"} and len(cells) == 6


def test_use_by_group_holds_the_share_of_pictures_by_hand() -> None:
    # of two groups under one label: 2 of 3 and 1 of 1 pictures with the object count
    label, group = np.zeros(4, int), np.array([0, 0, 0, 1])
    shown, kept = np.ones((4, 1), bool), np.array([[True], [True], [False], [True]])
    cells = unit_intervals(group, label, (np.arange(4), np.zeros(4, int), kept[:, 0]), np.zeros(1, int))
    sums = GroupSums(*(np.array([value]) for value in (2.0, 3, 4, 5, 7, 10)))
    low, high = group_wilson(sums)
    assert cells["use_low"] == pytest.approx(low) and cells["use_high"] == pytest.approx(high)
    assert cells["percent_low"] == pytest.approx(100 * low) and cells["percent_high"] == pytest.approx(
        100 * high
    )
    whole = group_wilson(GroupSums(*(np.array([value]) for value in (2.0, 4, 4, 10, 10, 10))))
    assert (cells["present_low"], cells["present_high"]) == (
        pytest.approx(100 * whole[0]),
        pytest.approx(100 * whole[1]),
    )
    assert shown.all()


def test_an_object_that_counts_in_its_only_picture_has_the_level_of_chance_as_p() -> None:
    group = np.repeat(np.arange(20), 2)
    label, shown = np.zeros(40, int), np.zeros((40, 1), bool)
    shown[3] = True
    found = dependent_columns(
        occurrences(shown, label, shown), 1, Dependence(group), np.full((1, 1), 0.3), 20
    )
    assert found["use_p"][0, 0] == pytest.approx(0.3)
