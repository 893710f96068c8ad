"""Every column of cells whose pictures are not independent, from counts made picture by picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, false_discovery_control

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
    worth_of_labels,
)
from emocam.cells.occurrences import LEFT_OUT, Occurrences
from emocam.functional.statistics.bootstrap import group_lift_intervals
from emocam.functional.statistics.group_association import Grouped, group_association_p
from emocam.functional.statistics.group_intervals import GroupSums, group_wilson
from emocam.functional.statistics.shifts import shift_p

ENDS = ("present", "percent", "use")


@dataclass
class Corpus:
    """Labels, groups and times of pictures, and the objects that are shown and that count, as tables of truth."""

    label: np.ndarray
    group: np.ndarray
    time: np.ndarray | None
    shown: np.ndarray
    kept: np.ndarray
    labels: int

    @property
    def occurrences(self) -> Occurrences:
        image, object = np.nonzero(self.shown)
        return Occurrences(self.label, image, object, self.kept[image, object], self.shown.shape[1])

    @property
    def dependence(self) -> Dependence:
        return Dependence(self.group, self.time)


def corpus(pictures: int, groups: int, labels: int, seed: int) -> Corpus:
    """Groups of unequal size; one object is never shown, one always, one in one picture, one label never."""
    draw = np.random.default_rng(seed)
    group = draw.integers(groups, size=pictures) * 7 + 3
    label = draw.integers(labels, size=pictures)
    label[::11] = LEFT_OUT
    shown = draw.random((pictures, 6)) < [0.1, 0.4, 0.7, 1.0, 0, 0]
    shown[np.flatnonzero(label == 1)[0], 5] = True
    return Corpus(label, group, None, shown, shown & (draw.random(shown.shape) < 0.6), labels + 1)


def film(frames: int, films: int, seed: int) -> Corpus:
    """Labels and objects that last for some seconds each, in films whose frames come in no order."""
    draw = np.random.default_rng(seed)
    group = np.repeat(np.arange(films), frames)
    time = np.tile(np.arange(frames) * 2.0, films)
    label = np.repeat(draw.integers(3, size=films * frames // 20), 20)
    label[:90] = 3  # once, for long
    label[::13] = LEFT_OUT
    shown = np.repeat(draw.random((films * frames // 10, 4)) < [0.3, 0.6, 0.02, 0], 10, 0)
    shown[:, 0] |= (label == 1) & (draw.random(len(label)) < 0.8)
    kept = shown & (draw.random(shown.shape) < 0.7)
    order = draw.permutation(len(label))
    return Corpus(label[order], group[order], time[order], shown[order], kept[order], 4)


def counted(unit: np.ndarray, own: np.ndarray, shown: np.ndarray, kept: np.ndarray) -> dict[str, GroupSums]:
    """Sums over the units of one cell: of the label's pictures and, for its use, of those with the object."""
    of = {name: [] for name in ENDS}
    for one in np.unique(unit[own]):
        mine = own & (unit == one)
        images, there, there_kept = int(mine.sum()), int(shown[mine].sum()), int(kept[mine].sum())
        of["present"].append((there, images))
        of["percent"].append((there_kept, images))
        if there:
            of["use"].append((there_kept, there))
    return {
        name: GroupSums(
            *(
                np.array([float(value)])
                for value in (
                    len(pairs),
                    sum(a for a, _ in pairs),
                    sum(b for _, b in pairs),
                    sum(a * a for a, _ in pairs),
                    sum(a * b for a, b in pairs),
                    sum(b * b for _, b in pairs),
                )
            )
        )
        for name, pairs in of.items()
    }


def ends_are(found: dict[str, np.ndarray], cell: tuple[int, ...], sums: dict[str, GroupSums]) -> None:
    for name in ENDS:
        unit = 1 if name == "use" else 100
        for end, value in zip(("low", "high"), group_wilson(sums[name]), strict=True):
            assert found[f"{name}_{end}"][cell] == pytest.approx(unit * value[0], nan_ok=True), (name, cell)


def runs_of(on: np.ndarray, group: np.ndarray, time: np.ndarray) -> int:
    """How often something begins: the next picture in a group's time, or one within 30 s, goes on with it."""
    found = 0
    for one in np.unique(group):
        mine = np.flatnonzero(group == one)
        last, since = -9, -99.0
        for place, picture in enumerate(mine[np.argsort(time[mine])].tolist()):
            if on[picture]:
                found += place != last + 1 and time[picture] - since >= 30
                last, since = place, time[picture]
    return found


def checked(data: Corpus, unit: np.ndarray, chance: np.ndarray, seed: Sequence[int] = (4,)) -> None:
    """Hold every column of a corpus against loops over cells, its units given."""
    found = dependent_columns(data.occurrences, data.labels, data.dependence, chance, 30, *seed)
    sure = data.label != LEFT_OUT
    label, group, unit = data.label[sure], data.group[sure], unit[sure]
    time = None if data.time is None else data.time[sure]
    shown, kept = data.shown[sure], data.kept[sure]
    shape = objects, labels = data.shown.shape[1], data.labels
    rule = data.dependence.rule
    assert set(found) == {
        *(f"{name}_{end}" for name in (*ENDS, "lift") for end in ("low", "high")),
        *("use_p", "p", "q", "present_q", "groups", "episodes", "p_rule"),
    }
    assert all(column.shape == shape for column in found.values())
    assert set(found["p_rule"].ravel()) == {rule}
    for object, of in np.ndindex(shape):
        own, there = label == of, shown[:, object]
        sums = counted(unit, own, there, kept[:, object])
        ends_are(found, (object, of), sums)
        use, p = sums["use"], np.nan
        if use.b[0] and not (rule == GROUPS and len(set(group)) < 12):
            worth = use.b[0] ** 2 / use.bb[0]
            # the binomial's tail by the beta distribution, which knows parts of pictures as well
            hits = use.a[0] / use.b[0] * worth
            p = beta.cdf(chance[object, of], hits, worth - hits + 1) if hits else 1.0 + 0 * chance[object, of]
        assert found["use_p"][object, of] == pytest.approx(p, nan_ok=True)
        assert found["groups"][object, of] == len(set(group[own & there]))
        episodes = np.nan if rule != TIME else runs_of(own & there, group, time)
        assert found["episodes"][object, of] == pytest.approx(episodes, nan_ok=True)
    number = np.unique(unit, return_inverse=True)[1]
    image, object = np.nonzero(kept)
    low, high = group_lift_intervals(
        object * labels + label[image], number[image], label, number, shape, 30, *seed
    )
    np.testing.assert_allclose(found["lift_low"], low)
    np.testing.assert_allclose(found["lift_high"], high)
    for counts, name in ((kept, "q"), (shown, "present_q")):
        image, object = np.nonzero(counts)
        p = group_association_p(Grouped(number, label, image, object, shape))
        for o, k in np.ndindex(shape):  # what is tested is known before labels fall
            if np.isnan(p[o, k]) and len(set(unit)) >= 12 and shown[:, o].any() and (label == k).any():
                p[o, k] = 1.0
        if rule == TIME:
            asked = np.array(
                [
                    [
                        min(runs_of(shown[:, o], group, time), runs_of(label == k, group, time)) >= 8
                        for k in range(labels)
                    ]
                    for o in range(objects)
                ]
            )
            code = np.unique(group, return_inverse=True)[1]
            moved = shift_p(
                Grouped(code, label, image, object, shape), time, asked, seed=seed[0] if seed else 0
            )
            assert asked.any() and not asked.all()
            p = np.where(asked, np.fmax(moved, p), np.nan)
        if name == "q":
            np.testing.assert_allclose(found["p"], p)
        q = np.full(shape, np.nan)
        if not np.isnan(p).all():
            q[~np.isnan(p)] = false_discovery_control(p[~np.isnan(p)])
        np.testing.assert_allclose(found[name], q)


@pytest.mark.parametrize(("groups", "seed"), [(40, (4,)), (13, ()), (12, (2,)), (11, (1,))])
def test_columns_by_group_are_those_of_loops(groups: int, seed: tuple[int, ...]) -> None:
    data = corpus(150, groups, 3, groups)
    data.group[:groups] = np.arange(groups) * 7 + 3  # each occurs
    data.label[:groups] = np.arange(groups) % 3
    chance = np.random.default_rng(1).random((6, 4))
    chance[2, 1] = np.nan
    checked(data, data.group, chance, seed)


def slim(data: Corpus, objects: int, labels: int) -> Corpus:
    """The first objects and labels alone; pictures of other labels have none."""
    label = np.where(data.label < labels, data.label, LEFT_OUT)
    return Corpus(label, data.group, data.time, data.shown[:, :objects], data.kept[:, :objects], labels)


@pytest.mark.parametrize(("objects", "labels"), [(1, 1), (1, 3), (2, 1)])
def test_columns_of_one_object_and_of_one_label_are_those_of_loops(objects: int, labels: int) -> None:
    data = slim(corpus(150, 20, 3, 7), objects, labels)
    checked(data, data.group, np.full((objects, labels), 0.4))
    once = once_each(data.occurrences, data.group)
    assert once.object.max() == objects - 1 and len(once.label) == len(
        {(g, k) for g, k in zip(data.group, data.label, strict=True) if k != LEFT_OUT}
    )
    pictures = {
        (g, k): place for place, (g, k) in enumerate(
            sorted({(g, k) for g, k in zip(data.group, data.label, strict=True) if k != LEFT_OUT})
        )
    }  # fmt: skip
    image, object = np.nonzero(data.shown & (data.label != LEFT_OUT)[:, None])
    wanted = {(pictures[data.group[i], data.label[i]], int(o)) for i, o in zip(image, object, strict=True)}
    assert set(zip(once.image.tolist(), once.object.tolist(), strict=True)) == wanted
    cell = object * labels + data.label[image]
    of_label = np.tile(np.arange(labels), objects)
    found = unit_intervals(data.group, data.label, (image, cell, data.kept[image, object]), of_label)
    for place, label in enumerate(of_label):
        number = place // labels
        own = data.label == label
        ends_are(found, (place,), counted(data.group, own, data.shown[:, number], data.kept[:, number]))


def test_columns_along_time_are_those_of_loops() -> None:
    data = film(400, 2, 5)
    units = data.dependence.units(data.label)
    assert len(set(units)) > 12
    checked(data, units, np.full((4, 4), 0.4))


def units_by_hand(data: Corpus) -> np.ndarray:
    """Blocks of time from each film's begin, twice as long as half the harmonic mean of on and off."""
    assert data.time is not None
    steps = []
    for one in np.unique(data.group):
        steps += np.diff(np.sort(data.time[data.group == one])).tolist()
    step, longest = float(np.median(steps)) if steps else 0.0, 60.0
    for of in range(int(data.label.max()) + 1):
        on = data.label == of
        episodes = runs_of(on, data.group, data.time)
        if episodes >= 8:
            lasting = 2 * step * on.sum() / episodes * (1 - on.sum() / len(data.label))
            longest = max(longest, lasting)
    length = min(longest, max(60.0, step * len(data.label) / 12))
    begin = {one: data.time[data.group == one].min() for one in np.unique(data.group)}
    keys = [(g, int((t - begin[g]) // length)) for g, t in zip(data.group, data.time, strict=True)]
    place = {key: number for number, key in enumerate(sorted(set(keys)))}
    return np.array([place[key] for key in keys])


@pytest.mark.parametrize("lasting", [5, 45, 90])
def test_blocks_of_time_are_those_of_a_loop(lasting: int) -> None:
    draw = np.random.default_rng(lasting)
    for films, step in ((1, 1.5), (3, 2.0)):
        frames = 900
        label = np.repeat(draw.integers(3, size=films * frames // lasting), lasting)[: films * frames]
        label[::17] = LEFT_OUT
        group, time = np.repeat(np.arange(films), frames), np.tile(np.arange(frames) * step + 9, films)
        order = draw.permutation(len(label))
        none = np.zeros((len(label), 1), bool)
        data = Corpus(label[order], group[order], time[order], none, none, 3)
        assert np.array_equal(data.dependence.units(data.label), units_by_hand(data))


def test_a_few_pictures_of_a_film_have_blocks_of_a_minute() -> None:
    for label in ([0, 0, 1], [LEFT_OUT] * 3):
        units = Dependence(np.zeros(3, int), np.array([0.0, 59.0, 60.0])).units(np.array(label))
        assert units.tolist() == [0, 0, 1]
    apart = Dependence(np.array([0, 0, 1]), np.array([0.0, 1.0, 0.0]))
    assert apart.units(np.zeros(3, int)).tolist() == [0, 0, 1]


def test_groups_are_numbered_as_they_come_and_pictures_without_one_are_alone() -> None:
    seconds = pd.Series([0.0, 1, 2, 3, 4])
    named = pd.Series(["b", None, "a", "b", None])
    found = Dependence.of(named, seconds, 5)
    assert found.group.tolist() == [0, 2, 1, 0, 3] and found.group.dtype == np.int64
    assert found.time is not None and found.time.tolist() == seconds.tolist()
    assert Dependence.of(pd.Series([None, None]), None, 2).group.tolist() == [0, 1]
    assert Dependence.of(None, None, 3).group.tolist() == [0, 1, 2]
    assert Dependence.of(None, seconds, 5).group.tolist() == [0] * 5
    assert Dependence.of(named, None, 5).time is None


def test_pictures_that_are_independent_say_so() -> None:
    present = np.array([[3, 0], [1, 2]])
    found = independent_columns(present)
    assert found["groups"] is present and set(found) == {"groups", "episodes", "p_rule"}
    assert found["episodes"].shape == found["p_rule"].shape == (2, 2)
    assert np.isnan(found["episodes"]).all() and (found["p_rule"] == PICTURES).all()
    assert (PICTURES, GROUPS, TIME, EPISODES) == ("pictures", "groups", "time", 8)


@pytest.mark.parametrize("seed", range(4))
def test_intervals_of_any_cells_are_those_of_loops(seed: int) -> None:
    data = corpus(90, 17, 3, seed)
    image, object = np.nonzero(data.shown)
    of = data.label[image]
    cell = np.where(of == LEFT_OUT, LEFT_OUT, object * 3 + of)
    of_label = np.tile(np.arange(3), 6)
    if seed % 2:  # of the last label no cell is asked
        cell, of_label = (
            np.where(of == 2, LEFT_OUT, np.where(cell < 0, cell, object * 2 + of)),
            np.tile([0, 1], 6),
        )
    found = unit_intervals(data.group, data.label, (image, cell, data.kept[image, object]), of_label)
    assert set(found) == {f"{name}_{end}" for name in ENDS for end in ("low", "high")}
    per = len(of_label) // 6
    for place, label in enumerate(of_label):
        number = place // per
        own = data.label == label
        ends_are(found, (place,), counted(data.group, own, data.shown[:, number], data.kept[:, number]))


def test_no_cells_have_no_intervals_and_no_pairs_only_those_of_nothing() -> None:
    none = np.zeros(0, int)
    empty = unit_intervals(np.arange(3), np.zeros(3, int), (none, none, none.astype(bool)), none)
    assert all(len(column) == 0 for column in empty.values()) and len(empty) == 6
    found = unit_intervals(np.arange(3), np.zeros(3, int), (none, none, none.astype(bool)), np.array([0, 1]))
    nothing = np.zeros(3, bool)
    ends_are(found, (0,), counted(np.arange(3), ~nothing, nothing, nothing))
    assert np.isnan(found["use_low"]).all() and np.isnan(found["percent_low"][1])


@pytest.mark.parametrize("seed", range(4))
def test_each_unit_is_one_picture_of_each_of_its_labels(seed: int) -> None:
    data = corpus(80, 15, 3, seed)
    if seed % 2:  # numbers as near to each other as labels are
        data.group = (data.group - 3) // 7
    once = once_each(data.occurrences, data.group)
    wanted = []
    for one in np.unique(data.group):
        for of in range(3):
            own = (data.group == one) & (data.label == of)
            if own.any():
                share = [data.kept[own, o].sum() / max(1, data.shown[own, o].sum()) for o in range(6)]
                wanted.append((of, [(o, share[o] >= 0.5) for o in range(6) if data.shown[own, o].any()]))
    assert once.label.tolist() == [of for of, _ in wanted]
    assert once.image.tolist() == [place for place, (_, pairs) in enumerate(wanted) for _ in pairs]
    assert once.object.tolist() == [o for _, pairs in wanted for o, _ in pairs]
    assert once.kept.tolist() == [kept for _, pairs in wanted for _, kept in pairs]
    assert once.objects == 6


def test_of_no_picture_with_a_label_there_is_none_once() -> None:
    none = np.zeros(0, int)
    once = once_each(Occurrences(np.array([LEFT_OUT]), none, none, none > 0, 0), np.array([0]))
    assert (len(once.label), len(once.image), len(once.object), len(once.kept)) == (0, 0, 0, 0)
    empty = once_each(Occurrences(none, none, none, none > 0, 2), none)
    assert (len(empty.label), empty.objects) == (0, 2)


def test_a_label_s_pictures_are_worth_one_a_unit() -> None:
    """The share is pictures by the sum of the squares of the units' pictures."""
    data = corpus(70, 12, 3, 2)
    found = worth_of_labels(data.group, data.label, 5)
    for of in range(5):
        many = [int((data.label[data.group == one] == of).sum()) for one in np.unique(data.group)]
        wanted = sum(many) / sum(n * n for n in many) if any(many) else 1.0
        assert found[of] == pytest.approx(wanted)
    assert worth_of_labels(np.arange(9), np.zeros(9, int), 1).tolist() == [1.0]
    assert worth_of_labels(np.zeros(0, int), np.zeros(0, int), 2).tolist() == [1, 1]


def test_a_unit_s_trials_are_one_of_their_means_and_of_the_first_of_the_rest() -> None:
    draw = np.random.default_rng(0)
    rows = pd.DataFrame(
        [
            (object, label, fill, f"{picture}.png", *draw.normal(size=2), picture % 3 == 0, picture % 2 == 0, picture)
            for object in ("cup", "cat")
            for label in ("joy", "awe")
            for fill in ("blur", "grey")
            for picture in range(6)
        ],
        columns=[
            *("object", "label", "fill", "image", "effect", "effect_control", "flipped", "flipped_control"),
            "control",
        ],
    )  # fmt: skip
    unit = {f"{picture}.png": picture // 4 for picture in range(6)}
    found = trials_by_unit(rows, unit)
    assert trials_by_unit(rows, None) is rows and len(found) == 16
    for row in found.itertuples():
        own = rows[(rows["object"] == row.object) & (rows["label"] == row.label) & (rows["fill"] == row.fill)]
        own = own[own["image"].map(unit).astype(str) == row.image]
        assert row.effect == pytest.approx(own["effect"].mean())
        assert row.effect_control == pytest.approx(own["effect_control"].mean())
        assert row.flipped == pytest.approx(own["flipped"].mean())
        assert row.flipped_control == pytest.approx(own["flipped_control"].mean())
        assert row.control == own["control"].iloc[0]
