"""Every number of groups of people, from loops over pictures and persons."""

from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from emocam.cells.occurrences import LEFT_OUT
from emocam.cells.slices import (
    DIFFERENCE_COLUMNS,
    EVERY_FLIP,
    EVERY_SHUFFLE,
    FEWEST_PEOPLE,
    FLIPPED,
    SHUFFLED,
    TOO_FEW_PEOPLE,
    UNKNOWN_PEOPLE,
    Named,
    PeopleSample,
    compare_people,
    mean_rows,
    people_in_both,
    recall_differences,
    recall_interval,
    recall_table,
    slice_differences,
)
from emocam.functional.statistics.person_effects import (
    hedges_g,
    paired_hedges_g,
    resampled_means,
    widened_percentiles,
)
from emocam.functional.statistics.person_shuffles import person_shuffle_p
from emocam.functional.statistics.signs import sign_flip_p
from emocam.functional.statistics.wilson import wilson

OBJECTS, LABELS = ["eyes", "mouth", "chin", "hat"], ["joy", "fear", "awe"]
NAMED = Named(OBJECTS, LABELS, "importance", "right")
NAN = np.nan


def sample(
    persons: list[int], seed: int, *, known: bool = True, lift: float = 0.0, faces: int = 9
) -> PeopleSample:
    """Faces in any order; some have no label or no person, hardly any a chin, none a hat."""
    draw = np.random.default_rng(seed)
    person = draw.permutation(np.repeat(persons, faces))
    label = draw.integers(0, 2, len(person))  # awe is nobody's
    label[::10] = LEFT_OUT
    person = np.where(draw.random(len(person)) < 0.05, LEFT_OUT, person)
    shown = draw.random((len(person), 4)) < [1.0, 0.8, 0.02, 0]
    image, object = np.nonzero(shown)
    order = draw.permutation(len(image))
    image, object = image[order], object[order]
    value = draw.gamma(2, 0.5, len(image)) + lift * (object == 1)
    return PeopleSample(label, person if known else None, image, object, value)


def person_means(of: PeopleSample, label: int) -> dict[int, list[float]]:
    """Each person's mean of each object: the sum over their pictures by how many these are."""
    found: dict[int, list[float]] = {}
    pictures: dict[int, list[int]] = {}
    for image, own in enumerate(of.label):
        person = 0 if of.person is None else int(of.person[image])
        if own == label and person != LEFT_OUT:
            pictures.setdefault(person, []).append(image)
    for person, images in sorted(pictures.items()):
        sums = [0.0] * len(OBJECTS)
        for image, object, value in zip(of.image, of.object, of.value, strict=True):
            if image in images:
                sums[object] += float(value)
        found[person] = [total / len(images) for total in sums]
    return found


def persons_of(of: PeopleSample) -> set[int]:
    assert of.person is not None
    return {int(p) for p, own in zip(of.person, of.label, strict=True) if own != LEFT_OUT and p != LEFT_OUT}


def rows_by_hand(a: PeopleSample, b: PeopleSample, seed: int) -> list[dict[str, Any]]:
    """The rows of two groups: within persons where half of them or more are in both, else without these."""
    known = a.person is not None
    both = persons_of(a) & persons_of(b) if known else set()
    paired = known and len(both) >= max(5, len(persons_of(a) | persons_of(b)) / 2)
    rows: list[dict[str, Any]] = []
    for number, label in enumerate(LABELS):
        one, other = person_means(a, number), person_means(b, number)
        if paired:
            one, other = ({p: m for p, m in x.items() if p in one and p in other} for x in (one, other))
        elif known:
            one, other = ({p: m for p, m in x.items() if p not in both} for x in (one, other))
        if not one or not other:
            continue
        first, second = np.array(list(one.values())), np.array(list(other.values()))
        asked = [o for o in range(4) if first[:, o].any() or second[:, o].any()]
        first, second = first[:, asked], second[:, asked]
        enough = known and min(len(first), len(second)) >= 5
        if enough and paired:
            p = sign_flip_p(second - first, seed=seed)
            drawn = resampled_means(second - first, seed=seed)
            g, rule = paired_hedges_g(first, second), EVERY_FLIP if 2 ** len(first) <= 10_000 else FLIPPED
        elif enough:
            everybody = np.concatenate([first, second])
            p = person_shuffle_p(everybody, np.arange(len(everybody)) >= len(first), seed=seed)
            drawn = resampled_means(second, seed=seed + 1) - resampled_means(first, seed=seed)
            g = hedges_g(first, second)
            rule = EVERY_SHUFFLE if comb(len(everybody), len(second)) <= 10_000 else SHUFFLED
        for place, object in enumerate(asked):
            row: dict[str, Any] = {"object": OBJECTS[object], "label": label}
            row |= {"mean_a": first[:, place].mean(), "mean_b": second[:, place].mean()}
            row["difference"] = second[:, place].mean() - first[:, place].mean()
            row |= {"units_a": len(first), "units_b": len(second)} if known else {}
            row |= dict.fromkeys(("low", "high", "hedges_g", "p"), NAN)
            row["p_rule"] = TOO_FEW_PEOPLE if known else UNKNOWN_PEOPLE
            if enough:
                low, high = widened_percentiles(drawn, min(len(first), len(second)))
                if drawn[:, place].max() - drawn[:, place].min() > 1e-9:
                    row |= {"low": low[place], "high": high[place]}
                row["hedges_g"] = g[place]
                if paired:
                    having = sum(bool(x or y) for x, y in zip(first[:, place], second[:, place], strict=True))
                else:
                    having = int((first[:, place] != 0).sum() + (second[:, place] != 0).sum())
                if having >= 5:
                    row |= {"p": p[place], "p_rule": rule}
            rows.append(row)
    return rows


GROUPS = {
    "apart": ([*range(7)], [*range(20, 28)]),
    "few shared": ([*range(9)], [*range(6, 15)]),
    "within": ([*range(8)], [*range(1, 9)]),
    "half": ([*range(7)], [*range(2, 10)]),
    "four": ([*range(4)], [*range(20, 28)]),
    "five": ([*range(5)], [*range(20, 25)]),
    "four shared": ([*range(4)], [*range(4)]),
    "many": ([*range(15)], [*range(15)]),
    "many apart": ([*range(9)], [*range(20, 31)]),
}


@pytest.mark.parametrize("name", [*GROUPS, "unknown"])
def test_every_number_of_two_groups_is_that_of_loops(name: str) -> None:
    persons = GROUPS.get(name, GROUPS["apart"])
    a = sample(persons[0], 1, known=name != "unknown")
    b = sample(persons[1], 2, known=name != "unknown", lift=0.8)
    seed = (5,) if name == "half" else ()
    table = slice_differences({"one": a, "two": b}, NAMED, *seed)
    rows = rows_by_hand(a, b, *(seed or (0,)))
    assert list(table.columns) == DIFFERENCE_COLUMNS and len(table) == len(rows)
    assert len(rows) > 3 or name == "four shared"
    if not rows:
        return
    assert set(table["a"]) == {"one"} and set(table["b"]) == {"two"}
    assert set(table["measure"]) == {"importance"} and set(table["answers"]) == {"right"}
    p = np.array([row["p"] for row in rows], float)
    q = np.full(len(p), NAN)
    if not np.isnan(p).all():
        q[~np.isnan(p)] = false_discovery_control(p[~np.isnan(p)])
    for (_, found), wanted, one in zip(table.iterrows(), rows, q, strict=True):
        assert found["q"] == pytest.approx(one, nan_ok=True)
        for column, value in wanted.items():
            assert found[column] == (
                value if isinstance(value, str) else pytest.approx(value, nan_ok=True)
            ), (name, column, found["object"])
    if name == "unknown":
        assert table[["units_a", "units_b"]].isna().all(axis=None)


def test_each_pair_of_groups_is_compared_and_q_is_over_all() -> None:
    samples = {name: sample([*range(10 * i, 10 * i + 6)], i, lift=i) for i, name in enumerate("xyz")}
    table = slice_differences(samples, NAMED)
    assert table.index.tolist() == [*range(len(table))]
    pairs = list(dict.fromkeys(zip(table["a"], table["b"], strict=True)))
    assert pairs == list(combinations("xyz", 2))
    known = table["p"].notna()
    assert table.loc[known, "q"].tolist() == pytest.approx(
        false_discovery_control(table.loc[known, "p"]).tolist()
    )
    assert len(slice_differences({"x": samples["x"]}, NAMED)) == 0
    none = samples["y"].where(np.zeros(len(samples["y"].label), bool))
    empty = slice_differences({"x": samples["x"], "none": none}, NAMED)
    assert list(empty.columns) == DIFFERENCE_COLUMNS and len(empty) == 0


def test_pictures_that_are_not_chosen_lose_their_label_alone() -> None:
    whole = sample([1, 2], 0)
    chosen = np.arange(len(whole.label)) % 2 == 0
    part = whole.where(chosen)
    assert part.label[chosen].tolist() == whole.label[chosen].tolist() and (part.label[~chosen] == -1).all()
    assert part.person is whole.person and part.value is whole.value


@pytest.mark.parametrize("label", [0, 1, 2])
def test_persons_means_are_those_of_a_loop(label: int) -> None:
    for known in (True, False):
        of = sample([4, 2, 9], 3, known=known)
        persons, means = of.means(label, 4)
        wanted = person_means(of, label)
        assert persons.tolist() == list(wanted) and means.shape == (len(wanted), 4)
        assert means.tolist() == [pytest.approx(row) for row in wanted.values()]


def test_half_of_all_persons_and_five_must_be_in_both() -> None:
    for one, other, paired in (
        ([*range(5)], [*range(5)], True),
        ([*range(4)], [*range(4)], False),
        ([*range(5)], [*range(10)], True),
        ([*range(5)], [*range(11)], False),
        ([*range(8)], [*range(3, 12)], False),
    ):
        a, b = (sample(persons, 0, faces=40) for persons in (one, other))
        assert people_in_both(a, b) == (set(one) & set(other), paired)
    unknown = sample([1], 0, known=False)
    assert people_in_both(unknown, a) == people_in_both(a, unknown) == (set(), False)


def test_what_varies_by_rounding_alone_has_no_interval_and_what_varies_a_little_has_one() -> None:
    one = np.array([0.1, 0.2, 0.3, 0.5, 0.7, 1.1])[:, None] * [1, 1]
    other = one + [0.2, 0.2] + np.array([0, 0, 0, 0, 0, 1e-9])[:, None] * [0, 1]
    assert np.ptp(other[:, 0] - one[:, 0]) > 0
    found = compare_people(one, other, True)
    assert np.isnan(found["low"]).tolist() == [True, False]
    assert found["low"][1] == pytest.approx(0.2) and found["low"][1] < found["high"][1]
    low, high = recall_interval(np.array([[0.5]] * 5 + [[0.5 + 1e-9]]))
    assert high - low < 1e-8


def test_what_never_varies_has_no_interval_and_five_who_have_it_have_a_p() -> None:
    one, other = np.zeros((6, 3)), np.zeros((6, 3))
    one[:, 0], other[:, 0] = 1, 2  # all alike
    other[:4, 1] = [1, 2, 3, 4]
    other[:5, 2] = [1, 2, 3, 4, 5]
    for paired in (False, True):
        found = compare_people(one, other, paired)
        assert np.isnan(found["low"]).tolist() == np.isnan(found["high"]).tolist() == [True, False, False]
        assert np.isnan(found["p"]).tolist() == [False, True, False]
        rule = EVERY_FLIP if paired else EVERY_SHUFFLE
        assert found["p_rule"].tolist() == [rule, TOO_FEW_PEOPLE, rule]
        again = compare_people(one, other, paired, 0, True)
        assert all(np.array_equal(found[name], again[name], equal_nan=True) for name in ("low", "high", "p"))
    assert FEWEST_PEOPLE == 5


@pytest.mark.parametrize("known", [True, False])
def test_means_of_groups_are_those_of_a_loop(known: bool) -> None:
    samples = {"x": sample([*range(6)], 1, known=known), "y": sample([*range(4)], 2, known=known)}
    table = mean_rows(samples, OBJECTS, LABELS, 3)
    assert list(table.columns) == ["slice", "label", "object", "mean", "low", "high", "units"]
    assert len(table) == 2 * 2 * 4
    for (name, label), rows in table.groupby(["slice", "label"], sort=False):
        means = np.array(list(person_means(samples[str(name)], LABELS.index(str(label))).values()))
        assert rows["object"].tolist() == OBJECTS
        assert rows["mean"].tolist() == pytest.approx(means.mean(0).tolist())
        low = high = np.full(4, NAN)
        if known and len(means) >= 5:
            low, high = widened_percentiles(resampled_means(means, seed=3), len(means))
        np.testing.assert_allclose(rows["low"], low)
        np.testing.assert_allclose(rows["high"], high)
        assert rows["units"].isna().all() if not known else (rows["units"] == len(means)).all()
    assert table.index.tolist() == [*range(16)]
    usual = mean_rows(samples, OBJECTS, LABELS)
    pd.testing.assert_frame_equal(usual, mean_rows(samples, OBJECTS, LABELS, 0))
    five = {"x": sample([*range(5)], 1, faces=40)}
    assert mean_rows(five, OBJECTS, LABELS)["low"].notna().any()
    empty = mean_rows({}, OBJECTS, LABELS)
    assert len(empty) == 0 and list(empty.columns) == list(table.columns)


def answers(persons: list[int], seed: int, known: bool = True) -> PeopleSample:
    """True labels, and a 1 for each right answer."""
    draw = np.random.default_rng(seed)
    person = np.repeat(persons, 7)
    truth = draw.integers(0, 2, len(person))
    truth[::8] = LEFT_OUT
    right = np.flatnonzero((draw.random(len(person)) < 0.7) & (truth != LEFT_OUT))
    return PeopleSample(truth, person if known else None, right, np.zeros_like(right), np.ones(len(right)))


@pytest.mark.parametrize("known", [True, False])
def test_recall_is_counted_person_by_person(known: bool) -> None:
    samples = {"x": answers([*range(6)], 1, known), "y": answers([*range(10, 14)], 2, known)}
    table = recall_table(samples, LABELS, 2)
    assert list(table.columns) == ["slice", "label", "images", "right", "recall", "low", "high", "units"]
    assert table[["slice", "label"]].to_numpy().tolist() == [
        [name, label] for name in "xy" for label in ("", "joy", "fear")
    ]
    for row in table.itertuples():
        of = samples[str(row.slice)]
        asked = [0, 1] if row.label == "" else [LABELS.index(str(row.label))]
        mine: dict[int, list[int]] = {}
        for image, truth in enumerate(of.label):
            if truth in asked:
                person = 0 if of.person is None else int(of.person[image])
                mine.setdefault(person, []).append(int(image in of.image))
        shares = np.array([[np.mean(hits)] for hits in mine.values()])
        assert row.images == sum(map(len, mine.values())) and row.right == sum(map(sum, mine.values()))
        assert row.recall == pytest.approx(shares.mean())
        ends = (NAN, NAN)
        if known and len(shares) >= 5:
            low, high = widened_percentiles(resampled_means(shares, seed=2), len(shares))
            ends = (low[0], high[0])
        assert (row.low, row.high) == pytest.approx(ends, nan_ok=True)
        assert pd.isna(row.units) if not known else row.units == len(shares)
    pd.testing.assert_frame_equal(recall_table(samples, LABELS), recall_table(samples, LABELS, 0))


def test_a_label_whose_pictures_are_of_nobody_known_has_no_recall() -> None:
    of = answers([*range(6)], 1)
    nobody = PeopleSample(
        of.label, np.where(of.label == 1, LEFT_OUT, of.person), of.image, of.object, of.value
    )
    assert recall_table({"x": nobody}, LABELS)["label"].tolist() == ["", "joy"]


def test_recall_s_interval_of_persons_who_are_all_alike_is_wilson_s() -> None:
    for share, hits in ((1.0, 6), (0.0, 0), (0.5, 3), (0.4, 2)):
        low, high = wilson(np.array([hits]), np.array([6]))
        assert recall_interval(np.full((6, 1), share)) == pytest.approx((low[0], high[0]))
    assert np.isnan(recall_interval(np.ones((4, 1)))).all()
    assert not np.isnan(recall_interval(np.ones((5, 1)))).any()
    drawn = np.array([[0.1], [0.2], [0.9], [0.4], [0.3]])
    low, high = widened_percentiles(resampled_means(drawn, seed=0), 5)
    assert recall_interval(drawn) == pytest.approx((low[0], high[0]))


@pytest.mark.parametrize("known", [True, False])
def test_recalls_differ_as_persons_do_over_all_labels_and_by_label(known: bool) -> None:
    a, b = answers([*range(6)], 1, known), answers([*range(10, 17)], 2, known)
    table = recall_differences({"a": a, "b": b}, LABELS, 4)
    assert list(table.columns) == [name for name in DIFFERENCE_COLUMNS if name != "object"]
    assert table["label"].tolist() == ["", "joy", "fear"]
    assert set(table["measure"]) == {"recall"} and set(table["answers"]) == {"all"}
    for row in table.itertuples():
        asked = [0, 1] if row.label == "" else [LABELS.index(str(row.label))]
        parts = []
        for of in (a, b):
            one = PeopleSample(
                np.where(np.isin(of.label, asked), 0, LEFT_OUT), of.person, of.image, of.object, of.value
            )
            parts.append(one.means(0, 1)[1])
        wanted = compare_people(*parts, False, 4, known)
        for name in ("difference", "mean_a", "mean_b", "low", "high", "hedges_g", "p"):
            assert getattr(row, name) == pytest.approx(float(wanted[name][0]), nan_ok=True)
    pd.testing.assert_frame_equal(
        recall_differences({"a": a, "b": b}, LABELS), recall_differences({"a": a, "b": b}, LABELS, 0)
    )
