"""Paired differences of cells."""

import numpy as np
import pandas as pd
import pytest

from emocam.cells.occurrences import Occurrences
from emocam.compare.paired_cells import paired
from emocam.compare.resampling import resample
from emocam.functional.statistics.false_discovery import false_discoveries


def occurrences(label, kept) -> Occurrences:
    """Of images with objects everywhere, where kept (I, O) says which count."""
    image, object = np.indices(kept.shape).reshape(2, -1)
    return Occurrences(np.asarray(label), image, object, kept.ravel().astype(bool), kept.shape[1])


def tell(*found, labels=2) -> pd.DataFrame:
    objects = found[0].objects
    names = [f"run{i}" for i in range(len(found))]
    resampled = resample(list(found), (objects, labels))
    return paired(list(found), resampled, names, list("abc")[:objects], ["Joy", "Awe"][:labels])


@pytest.fixture
def pair() -> tuple[Occurrences, Occurrences]:
    """The same labels; object a counts by chance in both, b in 20 % and 60 % of the first label's images."""
    draw = np.random.default_rng(0)
    label = np.repeat([0, 1], 150)
    first, second = draw.random((2, 300, 2)) < 0.3
    first[:150, 1], second[:150, 1] = np.arange(150) % 5 == 0, np.arange(150) % 5 < 3
    return occurrences(label, first), occurrences(label, second)


def test_a_true_difference_is_found_and_its_interval_is_right(pair) -> None:
    table = tell(*pair).set_index(["object", "label"])
    row = table.loc[("b", "Joy")]
    assert row[["percent_a", "percent_b", "difference"]].tolist() == pytest.approx([20, 60, 40])
    assert row["differing"] == 60 and row["q"] < 1e-6
    # 2 of 5 images differ, always in one direction: the share of them has a binomial's spread
    half = 1.96 * 100 * np.sqrt(0.4 * 0.6 / 150)
    assert [row["low"], row["high"]] == pytest.approx([40 - half, 40 + half], abs=1.5)
    assert (table.drop(("b", "Joy"))["q"] > 0.01).all()


def test_under_no_difference_p_is_rarely_small() -> None:
    draw = np.random.default_rng(1)
    p = []
    for _ in range(40):
        label = draw.integers(2, size=200)
        p += tell(*(occurrences(label, draw.random((200, 3)) < 0.25) for _ in range(2)))["p"].tolist()
    assert 0.02 < (np.array(p) < 0.05).mean() < 0.09


def test_classifiers_that_call_pictures_differently_have_percentages_of_their_own() -> None:
    kept = np.ones((40, 1), bool)
    kept[:10] = False
    one, other = occurrences(np.repeat([0, 1], 20), kept), occurrences(np.repeat([0, 1], [10, 30]), kept)
    table = tell(one, other).set_index("label")
    assert table.loc["Joy", ["percent_a", "percent_b"]].tolist() == [50, 0]
    assert table.loc["Awe", ["percent_a", "percent_b"]].tolist() == [100, 100]
    assert table.loc["Awe", "p"] == 1 and table.loc["Joy", "differing"] == 10


def test_a_few_pictures_are_no_difference() -> None:
    kept = np.zeros((100, 1), bool)
    other = kept.copy()
    other[:5] = True
    assert tell(occurrences(np.zeros(100, int), kept), occurrences(np.zeros(100, int), other))[
        "p"
    ].tolist() == [1]


def test_many_runs_are_held_against_the_first(pair) -> None:
    table = tell(*pair, *pair, *pair)
    assert table[["run_a", "run_b"]].drop_duplicates().values.tolist() == [
        ["run0", f"run{i}"] for i in range(1, 6)
    ]
    same = table[table["run_b"] == "run2"]
    assert (same["difference"] == 0).all() and (same["p"] == 1).all()


def test_q_corrects_over_the_cells_of_all_pairs(pair) -> None:
    table = tell(*pair, pair[0])
    assert table["run_a"].nunique() == 2 and len(table) == 12
    assert table["q"].tolist() == false_discoveries(table["p"].to_numpy()).tolist()


def test_copies_of_pictures_that_know_nothing_of_each_other_do_not_differ() -> None:
    """Each picture twenty times: by picture nearly every cell differs, by group hardly one."""
    draw, unit = np.random.default_rng(3), np.repeat(np.arange(30), 20)
    alone, grouped = [], []
    for _ in range(15):
        label = np.repeat(draw.integers(2, size=30), 20)
        found = [occurrences(label, np.repeat(draw.random((30, 3)) < 0.3, 20, 0)) for _ in range(2)]
        for resampled, of, p in (
            (resample(found, (3, 2)), None, alone),
            (resample(found, (3, 2), unit=unit), unit, grouped),
        ):
            p += paired(found, resampled, ["a", "b"], list("xyz"), ["Joy", "Awe"], of)["p"].tolist()
    assert (np.array(alone) < 0.05).mean() > 0.4
    assert (np.array(grouped) < 0.05).mean() < 0.12


def test_a_group_that_is_half_of_all_pictures_makes_no_difference_by_itself() -> None:
    draw, unit = np.random.default_rng(4), np.r_[np.zeros(60, int), np.arange(1, 61)]
    p = []
    for _ in range(20):
        label = np.r_[np.full(60, draw.integers(2)), draw.integers(2, size=60)]
        shown = [np.r_[np.repeat(draw.random((1, 3)) < 0.3, 60, 0), draw.random((60, 3)) < 0.3] for _ in "ab"]
        found = [occurrences(label, objects) for objects in shown]
        resampled = resample(found, (3, 2), unit=unit)
        p += paired(found, resampled, ["a", "b"], list("xyz"), ["Joy", "Awe"], unit)["p"].tolist()
    assert (np.array(p) < 0.05).mean() < 0.06
