"""Groups of people, cell by cell, held against plain loops over persons."""

import numpy as np
import pytest

from emocam.cells import slices
from emocam.cells.slices import (
    EVERY_FLIP,
    EVERY_SHUFFLE,
    SHUFFLED,
    TOO_FEW_PEOPLE,
    UNKNOWN_PEOPLE,
    Named,
    PeopleSample,
    people_in_both,
    recall_differences,
    recall_table,
    slice_differences,
)

OBJECTS, LABELS = ["eyes", "mouth"], ["joy", "fear"]
NAMED = Named(OBJECTS, LABELS, "importance", "all")


def drawn(persons: int, first: int, apart: float = 0.0, seed: int = 0, faces: int = 6) -> PeopleSample:
    """Faces of some persons, both objects in each; the mouth under joy is `apart`."""
    draw = np.random.default_rng(seed)
    person = np.repeat(np.arange(first, first + persons), faces)
    label = np.arange(len(person)) % 2
    image = np.repeat(np.arange(len(person)), 2)
    object = np.tile([0, 1], len(person))
    own = draw.normal(1, 0.1, persons)[person[image] - first]
    value = own + draw.normal(0, 0.1, len(image)) + apart * ((object == 1) & (label[image] == 0))
    return PeopleSample(label, person, image, object, value)


def slow_means(sample: PeopleSample, label: int, object: int) -> list[float]:
    """The mean of each person's faces, one face after the other."""
    assert sample.person is not None
    found: dict[int, list[float]] = {}
    for image, of, value in zip(sample.image, sample.object, sample.value, strict=True):
        if of == object and sample.label[image] == label:
            found.setdefault(int(sample.person[image]), []).append(float(value))
    return [sum(values) / len(values) for _, values in sorted(found.items())]


def test_a_cell_differs_by_the_means_of_persons_and_only_the_planted_one_does() -> None:
    a, b = drawn(8, 0, seed=1), drawn(9, 20, apart=0.4, seed=2)
    table = slice_differences({"a": a, "b": b}, NAMED)
    assert len(table) == 4 and table["units_a"].tolist() == [8] * 4 and table["units_b"].tolist() == [9] * 4
    for row in table.to_dict("records"):
        label, object = LABELS.index(row["label"]), OBJECTS.index(row["object"])
        one, other = (slow_means(sample, label, object) for sample in (a, b))
        assert row["difference"] == pytest.approx(np.mean(other) - np.mean(one))
        assert row["low"] < row["difference"] < row["high"]
    assert set(table["p_rule"]) == {SHUFFLED}  # 24,310 ways are more than are gone through
    sure = table[table["q"] < 0.05]
    assert list(zip(sure["object"], sure["label"], strict=True)) == [("mouth", "joy")]
    assert sure["hedges_g"].iloc[0] > 1
    assert set(slice_differences({"a": a, "b": drawn(5, 20)}, NAMED)["p_rule"]) == {EVERY_SHUFFLE}


def test_a_person_with_many_faces_counts_once() -> None:
    a, b = drawn(6, 0, seed=1), drawn(6, 10, seed=2)
    many = PeopleSample(
        np.tile(b.label, 50), np.tile(b.person, 50),  # type: ignore[arg-type]
        np.concatenate([b.image + i * len(b.label) for i in range(50)]),
        np.tile(b.object, 50), np.tile(b.value, 50),
    )  # fmt: skip
    once, often = (slice_differences({"a": a, "b": of}, NAMED) for of in (b, many))
    np.testing.assert_allclose(once[["difference", "p"]], often[["difference", "p"]], atol=1e-12)


def test_four_people_and_unknown_people_have_a_difference_and_nothing_else() -> None:
    a, b = drawn(8, 0), drawn(4, 20)
    few = slice_differences({"a": a, "b": b}, NAMED)
    assert set(few["p_rule"]) == {TOO_FEW_PEOPLE} and few["difference"].notna().all()
    assert few[["low", "high", "hedges_g", "p", "q"]].isna().all(axis=None)
    alone = {
        name: PeopleSample(s.label, None, s.image, s.object, s.value) for name, s in {"a": a, "b": b}.items()
    }
    table = slice_differences(alone, NAMED)
    assert set(table["p_rule"]) == {UNKNOWN_PEOPLE} and table["units_a"].isna().all()
    assert table[["low", "high", "p"]].isna().all(axis=None)
    first = a.value[(a.object == 0) & (a.label[a.image] == 0)].mean()
    assert table["mean_a"].iloc[0] == pytest.approx(first)


def test_people_in_both_groups_are_compared_within_themselves_or_left_out() -> None:
    a, b = drawn(8, 0, seed=1), drawn(8, 0, apart=0.2, seed=1)
    assert people_in_both(a, b) == (set(range(8)), True)
    table = slice_differences({"a": a, "b": b}, NAMED)
    assert set(table["p_rule"]) == {EVERY_FLIP}
    mouth = table[(table["object"] == "mouth") & (table["label"] == "joy")].iloc[0]
    assert mouth["p"] == 2 / 2**8 and mouth["difference"] == pytest.approx(0.2)
    assert np.isnan(mouth["low"])  # all persons differ by the same
    c = drawn(8, 6, seed=3)
    assert people_in_both(a, c) == ({6, 7}, False)
    table = slice_differences({"a": a, "c": c}, NAMED)
    assert set(table["units_a"]) == {6} and set(table["units_b"]) == {6}
    assert table["mean_a"].iloc[0] == pytest.approx(np.mean(slow_means(a, 0, 0)[:6]))


def test_recall_is_the_mean_of_persons_and_comes_over_all_labels_first() -> None:
    person = np.repeat(np.arange(6), 4)
    truth = np.tile([0, 0, 1, 1], 6)
    right = np.flatnonzero((person != 0) | (truth == 0))  # person 0 is wrong under fear alone
    sample = PeopleSample(truth, person, right, np.zeros_like(right), np.ones(len(right)))
    other = PeopleSample(truth, person + 6, np.arange(24), np.zeros(24, int), np.ones(24))
    table = recall_table({"a": sample, "b": other}, LABELS)
    assert table["label"].tolist() == ["", "joy", "fear"] * 2
    assert table["recall"].tolist() == pytest.approx([11 / 12, 1, 5 / 6, 1, 1, 1])
    assert table["right"].tolist() == [22, 12, 10, 24, 12, 12]
    # all persons alike: Wilson's interval of 6 persons, and no certainty
    assert table["low"].iloc[1] == pytest.approx(6 / (6 + 1.959964**2)) and table["high"].iloc[1] == 1
    apart = recall_differences({"a": sample, "b": other}, LABELS)
    assert apart["label"].tolist() == ["", "joy", "fear"]
    assert apart["difference"].tolist() == pytest.approx([1 / 12, 0, 1 / 6])
    assert np.isnan(apart["p"].iloc[1]) and apart["p"].iloc[2] == 1.0


def test_an_object_that_few_people_have_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = drawn(8, 0), drawn(8, 20)
    value = np.where((a.object == 0) & (a.person[a.image] > 2), 0, a.value)  # type: ignore[index]
    none = np.where(b.object == 0, 0, b.value)
    table = slice_differences(
        {
            "a": PeopleSample(a.label, a.person, a.image, a.object, value),
            "b": PeopleSample(b.label, b.person, b.image, b.object, none),
        },
        NAMED,
    )
    eyes = table["object"] == "eyes"
    assert table.loc[eyes, "p"].isna().all() and set(table.loc[eyes, "p_rule"]) == {TOO_FEW_PEOPLE}
    assert table.loc[~eyes, "p"].notna().all()
    assert slices.FEWEST_PEOPLE == 5
