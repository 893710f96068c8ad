"""Groups of pictures in tables, and whose pictures they are."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from emocam.cells.dependence import Dependence
from emocam.cells.group_tables import (
    PictureGroup,
    TrueAnswers,
    few_people,
    group_tables,
    measured,
    ordered_truths,
    people_of_both,
    read_truths,
    true_answers,
    without_right_answer,
)
from emocam.cells.occurrences import LEFT_OUT, Occurrences
from emocam.cells.people import People, read_people
from emocam.cells.slices import Named, PeopleSample, recall_differences, recall_table, slice_differences
from emocam.records.thresholds import Thresholds
from emocam.results.parquet_file import write_frame

NAMED = Named(["eyes", "mouth"], ["joy", "fear"], "importance", "")


def sample(first: int, persons: int, seed: int) -> PeopleSample:
    draw = np.random.default_rng(seed)
    person = np.repeat(np.arange(first, first + persons), 6)
    image = np.repeat(np.arange(len(person)), 2)
    return PeopleSample(
        draw.integers(0, 2, len(person)), person, image, np.tile([0, 1], len(person)), draw.random(len(image))
    )


def group(first: int, persons: int, seed: int, *, truth: bool = True) -> PictureGroup:
    of = sample(first, persons, seed)
    right = np.random.default_rng(seed + 50).random(len(of.label)) < 0.6
    recall = TrueAnswers(["joy", "fear"], of.label, right).sample(of.person)
    return PictureGroup(of, right, recall) if truth else PictureGroup(of)


@pytest.mark.parametrize("seed", [(), (3,)])
def test_groups_are_compared_on_all_and_on_right_answers_and_in_recall(seed: tuple[int, ...]) -> None:
    groups = {"a": group(0, 7, 1), "b": group(20, 8, 2)}
    found = group_tables(groups, NAMED, ["joy", "fear"], *seed)
    assert set(found) == {"differences", "slices_recall", "differences_recall"}
    every = {name: of.measured for name, of in groups.items()}
    right = {
        name: PeopleSample(
            np.where(of.right, of.measured.label, LEFT_OUT),
            *(of.measured.person, of.measured.image, of.measured.object, of.measured.value),
        )
        for name, of in groups.items()
    }
    parts = [
        slice_differences(of, Named(NAMED.objects, NAMED.labels, "importance", answers), *seed)
        for answers, of in (("all", every), ("right", right))
    ]
    wanted = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(found["differences"], wanted)
    recall: dict[str, Any] = {name: of.recall for name, of in groups.items()}
    pd.testing.assert_frame_equal(found["slices_recall"], recall_table(recall, ["joy", "fear"], *seed))
    differences = recall_differences(recall, ["joy", "fear"], *seed)
    pd.testing.assert_frame_equal(found["differences_recall"], differences)


def test_where_one_group_knows_no_truth_all_answers_alone_are_compared() -> None:
    found = group_tables({"a": group(0, 7, 1), "b": group(20, 8, 2, truth=False)}, NAMED)
    assert set(found) == {"differences"} and set(found["differences"]["answers"]) == {"all"}
    alone = group_tables({"a": group(0, 7, 1, truth=False)}, NAMED)
    assert len(alone["differences"]) == 0 and "p" in alone["differences"]


def test_right_answers_are_the_only_object_under_true_labels() -> None:
    answers = TrueAnswers(["joy"], np.array([0, LEFT_OUT, 0]), np.array([True, False, True]))
    of = answers.sample(np.array([4, 5, 6]))
    assert (of.image.tolist(), of.object.tolist(), of.value.tolist()) == ([0, 2], [0, 0], [1, 1])
    assert of.label is answers.truth and of.person is not None and of.person.tolist() == [4, 5, 6]


def test_a_region_s_importance_is_the_highest_of_its_kind_in_the_picture() -> None:
    draw = np.random.default_rng(0)
    blocks, wanted, first = [], {}, 0
    for pictures, regions in ((3, 14), (4, 20)):
        image, object = np.sort(draw.integers(0, pictures, regions)), draw.integers(0, 3, regions)
        score, importance = draw.random(regions), draw.random(regions)
        confidence = draw.random(pictures)
        for i, o, s, value in zip(image, object, score, importance, strict=True):
            if s >= 0.4:
                key = (first + int(i), int(o))
                wanted[key] = max(wanted.get(key, 0.0), float(np.float32(value)))
        columns = {"score": score, "importance": importance, "confidence": confidence}
        blocks.append(
            {name: torch.from_numpy(column).float() for name, column in columns.items()}
            | {"image": torch.from_numpy(image), "object": torch.from_numpy(object)}
            | {"label": torch.zeros(pictures, dtype=torch.int64)}
        )
        first += pictures
    run: Any = SimpleNamespace(tensors=lambda: iter(blocks))
    label = np.arange(7)
    found = Occurrences(label, np.array([0, 2, 5]), np.array([1, 1, 2]), np.array([True, False, True]), 3)
    person = np.arange(7) + 9
    of = measured(run, Thresholds(0.4, 0.3, 0.0), found, True, person)
    pairs = zip(of.image.tolist(), of.object.tolist(), strict=True)
    assert dict(zip(pairs, of.value.tolist(), strict=True)) == pytest.approx(wanted)
    assert of.label is label and of.person is person
    percent = measured(run, Thresholds(0.4, 0.3, 0.0), found, False, None)
    assert (percent.image.tolist(), percent.object.tolist()) == ([0, 5], [1, 2])
    assert percent.value.tolist() == [100, 100] and percent.person is None and percent.label is label


def test_answers_are_right_where_the_label_is_the_true_one() -> None:
    none = np.zeros(0, int)
    found = Occurrences(np.array([0, 1, 1, LEFT_OUT, 0]), none, none, none > 0, 0)
    truth = pd.Series(["joy", "fear", "joy", "joy", ""])
    answers = true_answers(truth, ["fear", "joy"], found, ["joy", "fear", "awe"])
    assert answers is not None and answers.labels == ["fear", "joy"]
    assert answers.truth.tolist() == [1, 0, 1, LEFT_OUT, LEFT_OUT]
    assert answers.right.tolist() == [True, True, False, False, False]
    assert true_answers(None, ["joy"], found, ["joy"]) is None
    assert true_answers(truth, [], found, ["joy"]) is None
    assert true_answers(truth, ["fear", "joy"], found, ["joy"]) is None


def test_truths_are_texts_and_come_in_the_order_that_is_listed(tmp_path: Path) -> None:
    run: Any = SimpleNamespace(file=lambda name: tmp_path / f"{name}.parquet")
    write_frame(pd.DataFrame({"image": ["a"]}), tmp_path / "predictions.parquet")
    assert read_truths(run) is None
    write_frame(pd.DataFrame({"truth": ["joy", None, "awe", "fear"]}), tmp_path / "predictions.parquet")
    truth = read_truths(run)
    assert truth is not None and truth.tolist() == ["joy", "", "awe", "fear"]
    assert ordered_truths(truth, ["joy", "rage"]) == ["joy", "rage", "awe", "fear"]


def test_what_groups_lack_is_said() -> None:
    assert few_people("a", 5) == []
    end = "and fewer than 5 say nothing of others: its differences have neither interval nor p"
    assert few_people("a", 4) == [f"a has 4 people, {end}"]
    assert few_people("a", 1) == [f"a has 1 person, {end}"]
    samples = {"a": sample(0, 8, 1), "b": sample(1, 8, 2), "c": sample(8, 9, 3), "d": sample(15, 9, 4)}
    assert people_of_both(samples) == [
        "7 people are in a and in b: these are compared within persons",
        "1 person is in b and in c, and left out where these are compared",
        "2 people are in c and in d, and left out where these are compared",
    ]
    none = PictureGroup(sample(0, 5, 1), np.zeros(30, bool))
    unlabelled = sample(0, 5, 1)
    unlabelled.label[:] = LEFT_OUT
    groups = {"a": group(0, 5, 1), "b": none, "c": group(0, 5, 1, truth=False)}
    groups["d"] = PictureGroup(unlabelled, np.ones(30, bool))
    assert without_right_answer(groups) == [
        f"{name} has no right answer, so nothing is compared on right answers there" for name in "bd"
    ]


def people(folder: Path, asked: str | None, dependence: Dependence, **columns: object) -> People:
    frame = pd.DataFrame({"image": list("abcd"), **columns})
    write_frame(frame, folder / "predictions.parquet")
    run: Any = SimpleNamespace(
        names={"grouped": [asked, None]} if asked else {},
        columns=lambda name: list(frame),
        file=lambda name: folder / f"{name}.parquet",
    )
    return read_people(run, dependence, np.zeros(4, int))


def test_persons_are_those_of_the_column_that_was_asked_for(tmp_path: Path) -> None:
    alone = Dependence(np.arange(4))
    found = people(tmp_path, "person", alone, group=["x", "", None, "y"])
    assert found.name is not None and found.name.tolist() == ["x", None, None, "y"]
    assert found.codes is not None and found.codes.tolist() == [0, -1, -1, 1] and found.shared
    assert found.unknown == ""
    copies = people(tmp_path, "auto", alone, group=["x", "x", "y", "y"])
    assert not copies.shared and copies.unknown.startswith("units are groups of near-duplicates")
    for asked, columns in (("person", {"group": ["x", "x", "", None]}), (None, {"group": list("wxyz")})):
        one = people(tmp_path, asked, alone, **columns)
        assert one.name is None and one.codes is None and not one.shared
        assert "data.group=COLUMN, the column that says whose picture it is, counts each" in one.unknown
    known = people(tmp_path, None, alone, subject=list("wxyz"), patient=list("wxyz"))
    assert "not independent; data.group=subject counts each person once" in known.unknown


def test_of_a_film_blocks_of_time_are_taken_for_persons(tmp_path: Path) -> None:
    film = Dependence(np.zeros(4, int), np.array([0.0, 30, 60, 120]))
    found = people(tmp_path, None, film)
    assert found.codes is not None and found.codes.tolist() == [0, 0, 1, 2] and not found.shared
    assert found.unknown == "units are blocks of time, not persons"
    usual = People(None)
    assert (usual.unknown, usual.shared) == ("", False)
