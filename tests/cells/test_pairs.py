"""Tables of what objects do together, from trials of a network whose rule is written here."""

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from emocam.cells.joint_scores import JointScores, read_joint_scores
from emocam.cells.kept_sets import kept_by_none, set_table
from emocam.cells.moved_objects import moved_table, nested_table
from emocam.cells.pair_words import pair_notes, pair_sentences, set_sentences
from emocam.cells.pairs import pair_table
from emocam.results.parquet_file import write_parquet

Rule = Callable[[set[str]], float]
NOISE = 0.2
IMAGES = 30


def both(there: set[str]) -> float:
    return 6.0 * ({"Cat", "Hat"} <= there) - 3


def either(there: set[str]) -> float:
    return 6.0 * bool({"Cat", "Hat"} & there) - 3


def unless(there: set[str]) -> float:
    """The cat counts where there is no hat."""
    return 6.0 * ("Cat" in there and "Hat" not in there) - 3


def unless_turned(there: set[str]) -> float:
    """The hat counts where there is no cat."""
    return 6.0 * ("Hat" in there and "Cat" not in there) - 3


def sum_of_both(there: set[str]) -> float:
    return 3.0 * ("Cat" in there) + 3.0 * ("Hat" in there)


def needs_hat(there: set[str]) -> float:
    """The hat counts by itself, the cat beside a hat alone."""
    return 2.0 * ("Hat" in there) + 4.0 * ({"Cat", "Hat"} <= there)


def trials(
    folder: Path, rule: Rule, images: int = IMAGES, joint: int = 20, artefact: float = 0.0
) -> JointScores:
    """Trials of cat, hat and tree; any change at all costs an `artefact`, of objects and of controls alike."""
    dice = np.random.default_rng(5)
    rows = []
    everything = {"Cat", "Hat", "Tree"}
    for number in range(images):
        tried = [("out", set(names)) for size in (1, 2) for names in combinations(sorted(everything), size)]
        tried += [("control", names) for _, names in tried]
        tried += [
            ("keep", set(names)) for size in (0, 1, 2) for names in combinations(sorted(everything), size)
        ]
        for kind, names in [("none", set()), *tried]:
            there = {"out": everything - names, "keep": names}.get(kind, everything)
            score = rule(there) - artefact * (kind != "none") + dice.normal(0, NOISE)
            a, b = (*sorted(names), "", "")[:2]
            rows.append((f"{number}.png", "Joy", kind, a, b, "blur", rule(there) > 0, [score, -score]))
    names = ["image", "label", "kind", "a", "b", "fill", "kept", "scores"]
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    told = {
        "labels": ["Joy", "Fear"],
        "joint": joint,
        "inside": [],
        "pairs": [["Cat", "Hat", images, images]],
        "never": 2,
        "seldom": 1,
        "left_out": 0,
        "same": [],
        "sets": {"Joy": [images, images, images + 4]},
    }
    file = folder / "pair_trials.parquet"
    write_parquet(table.replace_schema_metadata({b"emocam": json.dumps(told).encode()}), file)
    return read_joint_scores(file, None)


def relations(table: pd.DataFrame) -> set[tuple[str, str, str, str]]:
    rows = table[table["relation"] != ""]
    return set(rows[["label", "a", "relation", "b"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (both, {("Joy", "Cat", "only with", "Hat")}),
        (needs_hat, {("Joy", "Cat", "only with", "Hat")}),
        (either, {("Joy", "Cat", "either", "Hat")}),
        (unless, {("Joy", "Cat", "unless", "Hat")}),
        (unless_turned, {("Joy", "Hat", "unless", "Cat")}),
        (sum_of_both, set()),
        (lambda there: 0.0, set()),
    ],
)
def test_a_rule_is_found_and_nothing_beside_it(
    tmp_path: Path, rule: Rule, found: set[tuple[str, str, str, str]]
) -> None:
    """Also under the other label, whose log-odds are the same with the other sign."""
    assert relations(pair_table(trials(tmp_path, rule), 0.5)) == found


def test_what_any_change_costs_is_the_control_s_too(tmp_path: Path) -> None:
    """It costs 3 as often as once: without a control, each object would seem to need the other."""
    table = pair_table(trials(tmp_path, lambda there: 0.0, artefact=3.0), 0.5)
    assert (table["interaction"].abs() > 2.5).all()
    assert relations(table) == set()


def test_numbers_are_those_of_a_loop_over_pictures(tmp_path: Path) -> None:
    scores = trials(tmp_path, both)
    table = pair_table(scores, 0.5).set_index(["a", "b", "label"]).loc[("Cat", "Hat", "Joy")]
    raw = pd.read_parquet(tmp_path / "pair_trials.parquet")
    beyond, alone = [], []
    for _, of_one in raw.groupby("image"):
        value = {(r.kind, r.a, r.b): r.scores[0] for r in of_one.itertuples()}
        base = value["none", "", ""]

        def cost(kind: str, a: str, b: str = "") -> float:
            return base - value[kind, a, b]  # noqa: B023

        two = [cost(k, "Cat", "Hat") - cost(k, "Cat") - cost(k, "Hat") for k in ("out", "control")]
        beyond.append(two[0] - two[1])
        alone.append(cost("out", "Cat"))
    assert table["alone_a"] == pytest.approx(np.mean(alone))
    assert (table["low"] + table["high"]) / 2 == pytest.approx(np.mean(beyond))
    assert table["images"] == IMAGES


def test_copies_of_one_picture_are_one(tmp_path: Path) -> None:
    trials(tmp_path, both)
    one = dict.fromkeys((f"{number}.png" for number in range(IMAGES)), 0)
    table = pair_table(read_joint_scores(tmp_path / "pair_trials.parquet", one), 0.5)
    assert table["p"].isna().all()
    assert relations(table) == set()


def test_pairs_of_too_few_pictures_have_no_p_and_are_told(tmp_path: Path) -> None:
    scores = trials(tmp_path, both, images=12, joint=15)
    table = pair_table(scores, 0.5)
    assert table["p"].isna().all()
    notes = pair_notes({**scores.told, "pairs": []}, table)
    assert notes[0].startswith("no two objects stand together in 15 pictures")
    assert "12 of 16 pictures of Joy" in notes[-1]


@pytest.mark.parametrize(
    ("rule", "sets"), [(both, {"Cat + Hat"}), (either, {"Cat", "Hat"}), (unless, {"Cat"})]
)
def test_the_smallest_sets_are_what_the_rule_asks_for(tmp_path: Path, rule: Rule, sets: set[str]) -> None:
    scores = trials(tmp_path, rule)
    table = set_table(scores, False)
    assert set(table["objects"]) == sets
    assert (table["coverage"] == 1).all()
    assert kept_by_none(scores) == {"Joy": 0.0}
    (sentence,) = set_sentences(table, kept_by_none(scores))
    assert sentence.startswith("Joy is kept by Cat") and "30 pictures" in sentence


def test_a_sentence_says_what_costs_what(tmp_path: Path) -> None:
    (sentence,) = pair_sentences(pair_table(trials(tmp_path, either), 0.5))
    assert sentence.startswith("Joy: Cat or Hat suffices (taking Cat away costs")
    assert "both 6." in sentence or "both 5.9" in sentence


def moved(folder: Path, cost: float) -> JointScores:
    """Taking the cat away costs 4 log-odds, moving it `cost`."""
    dice = np.random.default_rng(7)
    rows = []
    for number in range(IMAGES):
        for kind, drop in (("none", 0.0), ("out", 4.0), ("moved", cost), ("whole", 5.0)):
            name = "" if kind == "none" else "Cat"
            score = 1 - drop + dice.normal(0, NOISE)
            rows.append((f"{number}.png", "Joy", kind, name, "", "blur", True, [score, -score]))
        rows.append((f"{number}.png", "Joy", "out", "Hat", "", "blur", True, [0.0, 0.0]))
    names = ["image", "label", "kind", "a", "b", "fill", "kept", "scores"]
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    told = {"labels": ["Joy", "Fear"], "joint": 20, "inside": [["Cat", "Hat", 0.9, IMAGES]]}
    file = folder / "pair_trials.parquet"
    write_parquet(table.replace_schema_metadata({b"emocam": json.dumps(told).encode()}), file)
    return read_joint_scores(file, None)


@pytest.mark.parametrize(("cost", "relation"), [(0.1, "anywhere"), (3.9, "only here"), (2.0, "")])
def test_an_object_that_is_moved_says_whether_its_place_matters(
    tmp_path: Path, cost: float, relation: str
) -> None:
    (row,) = moved_table(moved(tmp_path, cost), 0.5).to_dict("records")
    assert (row["object"], row["label"], row["relation"]) == ("Cat", "Joy", relation)
    assert row["away"] == pytest.approx(4, abs=0.2)


def test_a_whole_stands_beside_its_own_pixels_and_its_part(tmp_path: Path) -> None:
    table = nested_table(moved(tmp_path, 1.0))
    row = table[table["label"] == "Joy"].iloc[0]
    assert (row["whole"], row["part"], row["images"]) == ("Cat", "Hat", IMAGES)
    assert row[["effect_whole", "effect_own", "effect_part"]].tolist() == pytest.approx([5, 4, 1], abs=0.3)
    assert row["whole_low"] < row["effect_whole"] < row["whole_high"]
