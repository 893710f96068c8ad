"""What objects do together, every number of it from loops over pictures, and every sentence as a whole."""

import json
import math
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import false_discovery_control, t, ttest_1samp

from emocam.cells.joint_scores import JointScores, own_scores, read_joint_scores
from emocam.cells.kept_sets import SET_COLUMNS, kept_by_none, set_table
from emocam.cells.moved_objects import MOVED_COLUMNS, NESTED_COLUMNS, moved_table, nested_table
from emocam.cells.pair_words import (
    pair_notes,
    pair_sentence,
    pair_sentences,
    place_sentences,
    set_sentences,
    whole_sentences,
)
from emocam.cells.pairs import PAIR_COLUMNS, _matters, pair_table, with_relations
from emocam.functional.statistics.wilson import wilson
from emocam.results.parquet_file import write_parquet

LABELS = ["Joy", "Awe", "Fear"]
OBJECTS = ["Cat", "Hat", "Sun", "Tree"]
NAMES = ["image", "label", "kind", "a", "b", "fill", "kept", "scores"]
NAN = math.nan


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def trials(pictures: int, seed: int, joint: int = 8) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Trials of all kinds in pictures of two to four objects; here and there one is missing."""
    draw, rows = np.random.default_rng(seed), []
    for picture in range(pictures):
        objects = OBJECTS[: 2 + picture % 3]
        tried: list[tuple[str, tuple[str, ...]]] = [("none", ())] if picture % 9 else []
        for kind in ("out", "control"):
            tried += [(kind, (name,)) for name in objects] + [(kind, two) for two in combinations(objects, 2)]
        tried += [("keep", names) for size in range(3) for names in combinations(objects, size)]
        tried += [("moved", (name,)) for name in objects[:2]] + [("whole", ("Cat",))]
        for kind, names in tried:
            if kind != "none" and draw.random() < 0.06:
                continue
            worth = {"Cat": 2.0, "Hat": 1.2, "Sun": 0.4, "Tree": 0.1}
            gone = sum(worth[name] for name in names) + (1.5 if len(names) == 2 and kind == "out" else 0)
            lost = {
                "out": gone,
                "whole": gone + 1,
                "moved": (0.7 if names == ("Hat",) else 0.2) * gone,
                "control": 0.1,
                "none": 0,
            }.get(kind, 0.5)
            score = 1.5 - lost + draw.normal(0, 0.3)
            scores = [score, -score + draw.normal(0, 0.2), draw.normal(-2, 0.2)]
            a, b = (*names, "", "")[:2]
            kept = bool(draw.random() < 0.1 + 0.3 * len(names))
            row = (f"{picture}.png", LABELS[picture % 2], kind, a, b, "blur", kept, scores)
            rows.append(dict(zip(NAMES, row, strict=True)))
    order = draw.permutation(len(rows)).tolist()
    # the very first row is a part's, of which much is asked
    first = next(
        place
        for place, row in enumerate(rows)
        if (row["image"], row["kind"], row["a"], row["b"]) == ("1.png", "out", "Hat", "")
    )
    order = [first, *(place for place in order if place != first)]
    told = {"labels": LABELS, "joint": joint, "inside": [["Cat", "Hat", 0.9, 5], ["Cat", "Tree", 0.5, 5]]}
    return [rows[place] for place in order], told


def read(
    folder: Path, rows: list[dict[str, Any]], told: dict[str, Any], unit: dict[str, int] | None
) -> JointScores:
    table = pa.Table.from_pylist(rows)
    write_parquet(table.replace_schema_metadata({b"emocam": json.dumps(told).encode()}), folder / "t.parquet")
    return read_joint_scores(folder / "t.parquet", unit)


Costs = dict[tuple[str, str, str, str], dict[str, list[float]]]


def costs_of(rows: list[dict[str, Any]]) -> Costs:
    """What each trial costs each label: in scores, in probability, and of its own beside the others' mean."""
    base = {row["image"]: row["scores"] for row in rows if row["kind"] == "none"}

    def own(scores: list[float]) -> list[float]:
        logs = [-math.log1p(math.exp(-score)) for score in scores]
        return [
            logs[k] - sum(logs[j] for j in range(len(logs)) if j != k) / (len(logs) - 1)
            for k in range(len(logs))
        ]

    found = {}
    for row in rows:
        if row["image"] in base:
            before, after = base[row["image"]], row["scores"]
            found[row["image"], row["kind"], row["a"], row["b"]] = {
                "drop": [x - y for x, y in zip(before, after, strict=True)],
                "lost": [sigmoid(x) - sigmoid(y) for x, y in zip(before, after, strict=True)],
                "own": [x - y for x, y in zip(own(before), own(after), strict=True)],
            }
    return found


UNITS = [None, {f"{picture}.png": picture // 5 for picture in range(99)}]


def unit_of(image: str, unit: dict[str, int] | None) -> object:
    return image if unit is None else unit[image]


def over_units(values: list[tuple[object, float]]) -> np.ndarray:
    """The mean of each unit's values that are known, in the order in which units come."""
    found: dict[object, list[float]] = {}
    for unit, value in values:
        found.setdefault(unit, []).append(value)
    return np.array([np.nanmean(of) if not np.isnan(of).all() else NAN for of in found.values()])


def ends(values: np.ndarray) -> tuple[float, float, float]:
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return NAN, NAN, NAN
    reach = t.ppf(0.975, len(known) - 1) * known.std(ddof=1) / len(known) ** 0.5
    return known.mean() - reach, known.mean() + reach, ttest_1samp(known, 0).pvalue


def relation_of(row: dict[str, float], least: float) -> tuple[str, bool]:
    """What is said of a pair, and whether of b; a scalar rule after docs and docstrings."""

    def fades(left: float, full: float) -> bool:
        return full > 0.1 and left < 0.5 * full

    middle = (row["low"] + row["high"]) / 2
    own = (row["own_low"] + row["own_high"]) / 2
    if not (abs(row["interaction"]) > least and abs(middle) > least and row["q"] < 0.05):
        return "", False
    if np.sign(row["interaction"]) != np.sign(middle):
        return "", False
    if not (abs(own) > least and row["own_low"] * row["own_high"] > 0):
        return "", False
    if np.sign(row["own_low"]) != np.sign(middle):
        return "", False
    a, b = row["lost_a"], row["lost_b"]
    a_alone, b_alone = row["lost_both"] - b, row["lost_both"] - a
    if row["interaction"] < 0:
        if row["alone_a"] > least and row["alone_b"] > least and (fades(a_alone, a) or fades(b_alone, b)):
            return "only with", not fades(a_alone, a)
        return "", False
    if fades(a, a_alone) and fades(b, b_alone):
        return "either", False
    of_a = fades(a, a_alone) and fades(-b_alone, -b)
    of_b = fades(b, b_alone) and fades(-a_alone, -a)
    return ("unless", not of_a) if of_a or of_b else ("", False)


def test_a_relation_is_said_as_the_rule_says_at_every_border() -> None:
    draw, said = np.random.default_rng(0), set()
    rows = []
    for _ in range(6000):
        sign = draw.choice([-1, 1])
        low = sign * draw.choice([0.4, 0.5, 0.6, 1.0])
        own = sign * draw.choice([0.0, 0.4, 0.5, 0.6, 1.0]) * draw.choice([1, 1, 1, -1])
        rows.append(
            {
                **{"a": "x", "b": "y", "low": low, "high": low, "own_low": own},
                "own_high": own * draw.choice([1, 1, 0, 1.5]),
                "interaction": sign * draw.choice([0.5, 0.6, 2, -0.6], p=[0.1, 0.4, 0.4, 0.1]),
                "q": draw.choice([0.01, 0.049, 0.05]),
                "alone_a": draw.choice([0.5, 0.6, 2]),
                "alone_b": draw.choice([0.5, 0.7, 3]),
                "lost_a": draw.choice([0, 0.1, 0.11, 0.2, 0.4, -0.2, -0.4]),
                "lost_b": draw.choice([0, 0.1, 0.11, 0.2, 0.4, -0.2, -0.4]),
                "lost_both": draw.choice([0, 0.1, 0.2, 0.4, 0.5, 0.8]),
            }
        )
    table = with_relations(pd.DataFrame(rows), 0.5)
    for row, found in zip(rows, table.to_dict("records"), strict=True):
        word, turned = relation_of(row, 0.5)
        said.add((word, turned))
        assert found["relation"] == word, row
        names = ("y", "x") if turned else ("x", "y")
        assert (found["a"], found["b"]) == names
        alone = (row["alone_b"], row["alone_a"]) if turned else (row["alone_a"], row["alone_b"])
        assert (found["alone_a"], found["alone_b"]) == alone
    assert len(said) == 6


def test_what_holds_a_tenth_of_the_probability_matters() -> None:
    for a, b, both, matters in (
        *((0, 0, 0.1, True), (0, 0, 0.09, False), (0.2, 0, 0, True), (0.19, 0, 0, False)),
        *((0, 0.2, 0, True), (0, -0.21, 0, True), (0.5, 0.5, 0.0, False), (0, 0, -0.1, True)),
        *((0, 0.16, 0.05, True), (0.16, 0, 0.05, True), (0, 0.14, 0.05, False)),
    ):
        row = pd.DataFrame({"lost_a": [a], "lost_b": [b], "lost_both": [both]})
        assert _matters(row).tolist() == [matters], (a, b, both)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("values", [False, True])
def test_every_number_of_a_pair_is_that_of_loops(
    tmp_path: Path, unit: dict[str, int] | None, values: bool
) -> None:
    rows, told = trials(40, 1)
    scores = read(tmp_path, rows, told, unit)
    table = pair_table(scores, 0.5, values) if values else pair_table(scores, 0.5)
    costs = costs_of(rows)
    assert list(table.columns) == PAIR_COLUMNS

    def beyond(image: str, kind: str, a: str, b: str, of: str, k: int) -> float:
        parts = [costs.get((image, kind, *key)) for key in ((a, b), (a, ""), (b, ""))]
        if any(part is None for part in parts):
            return NAN
        both, one, other = (part[of][k] for part in parts if part)
        return both - one - other

    wanted: dict[tuple[str, str, str], dict[str, Any]] = {}
    pairs = {(row["a"], row["b"]) for row in rows if row["kind"] == "out" and row["b"]}
    for (a, b), (k, label) in product(sorted(pairs), enumerate(LABELS)):
        images = [
            row["image"]
            for row in rows
            if (row["kind"], row["a"], row["b"]) == ("out", a, b)
            and all((row["image"], "out", name, "") in costs for name in (a, b))
        ]
        if not images:
            continue

        def column(kind: str, names: tuple[str, str], of: str = "drop") -> list[tuple[object, float]]:
            return [
                (unit_of(image, unit), costs[image, kind, *names][of][k])  # noqa: B023
                for image in images  # noqa: B023
            ]

        row: dict[str, Any] = {"images": len(images)}
        lost = "drop" if values else "lost"
        for name, names in (("a", (a, "")), ("b", (b, "")), ("both", (a, b))):
            row[f"lost_{name}"] = over_units(column("out", names, lost)).mean()
        row["alone_a"] = over_units(column("out", (a, ""))).mean()
        row["alone_b"] = over_units(column("out", (b, ""))).mean()
        row["together"] = over_units(column("out", (a, b))).mean()
        many = {
            (kind, of): [(unit_of(image, unit), beyond(image, kind, a, b, of, k)) for image in images]
            for kind in ("out", "control")
            for of in ("drop", "own")
        }
        row["interaction"] = np.nanmean(over_units(many["out", "drop"]))
        row["interaction_control"] = np.nanmean(over_units(many["control", "drop"]))
        apart = {
            of: over_units(
                [(u, x - y) for (u, x), (_, y) in zip(many["out", of], many["control", of], strict=True)]
            )
            for of in ("drop", "own")
        }
        row["low"], row["high"], row["p"] = ends(apart["drop"])
        row["own_low"], row["own_high"], _ = ends(apart["drop" if values else "own"])
        row["p"] = row["p"] if len(images) >= 8 else NAN
        wanted[a, b, label] = row
    asked = {
        key: row["p"]
        for key, row in wanted.items()
        if bool(_matters(pd.DataFrame([row])).iloc[0]) and not np.isnan(row["p"])
    }
    assert len(asked) > 0 and (values or len(asked) < len(wanted))
    q = dict(zip(asked, false_discovery_control(list(asked.values())), strict=True))
    assert len(table) == len(wanted)
    for found in table.to_dict("records"):
        names = (found["a"], found["b"])
        turned = (*names, found["label"]) not in wanted
        key = (*(names[::-1] if turned else names), found["label"])
        row = wanted[key] | {"q": q.get(key, NAN)}
        assert relation_of(row, 0.5) == (found["relation"], turned) or not turned
        assert relation_of(row, 0.5)[0] == found["relation"]
        if turned:
            row["alone_a"], row["alone_b"] = row["alone_b"], row["alone_a"]
        for name in PAIR_COLUMNS[3:-1]:
            assert found[name] == pytest.approx(row[name], nan_ok=True), (key, name)
    order = [(row["relation"] == "", -abs(row["interaction"])) for row in table.to_dict("records")]
    assert order == sorted(order)
    assert (table["relation"] != "").any()


def test_of_no_pair_that_was_measured_there_is_no_row(tmp_path: Path) -> None:
    rows, told = trials(10, 1)
    alone = [row for row in rows if not (row["kind"] == "out" and row["b"] == "")]
    assert pair_table(read(tmp_path, alone, told, None), 0.5).columns.tolist() == PAIR_COLUMNS
    assert len(pair_table(read(tmp_path, alone, told, None), 0.5)) == 0


def test_scores_are_read_beside_those_of_the_whole_picture(tmp_path: Path) -> None:
    rows, told = trials(12, 2)
    scores, costs = read(tmp_path, rows, told, None), costs_of(rows)
    assert len(scores.rows) == len(costs) < len(rows)
    for place, row in enumerate(scores.rows.itertuples()):
        cost = costs[row.image, row.kind, row.a, row.b]
        for name in ("drop", "lost", "own"):
            assert getattr(scores, name)[place].tolist() == pytest.approx(cost[name])
    assert list(scores.rows) == ["image", "label", "kind", "a", "b", "kept"]
    images = scores.rows["image"]
    assert len(set(scores.unit)) == images.nunique()
    assert scores.labels == LABELS and scores.told == told
    one = images.iloc[[0, 1, 2]]
    places = scores.find("out", one, pd.Series(["Cat", "Nobody", "Hat"], one.index))
    for place, image, name in zip(places, one, ("Cat", "Nobody", "Hat"), strict=True):
        known = (image, "out", name, "") in costs
        assert (place >= 0) == known
        if known:
            assert scores.rows.iloc[place][["image", "kind", "a", "b"]].tolist() == [image, "out", name, ""]
    drops = scores.drops(np.array([-1, 0]), "lost")
    assert np.isnan(drops[0]).all() and drops[1].tolist() == scores.lost[0].tolist()
    assert (scores.find("nothing", one) == -1).all()
    none = read(tmp_path, [row for row in rows if row["kind"] != "none"], told, None)
    assert none.drops(np.array([-1, -1])).shape == (2, 3) and np.isnan(none.drops(np.array([-1]))).all()


def test_one_label_s_own_score_is_its_score() -> None:
    assert own_scores(np.array([[1.0], [-2.0]])).tolist() == [[1.0], [-2.0]]
    one, other = (-math.log1p(math.exp(-score)) for score in (1.0, -0.5))
    assert own_scores(np.array([[1.0, -0.5]]))[0].tolist() == pytest.approx([one - other, other - one])


@pytest.mark.parametrize("unit", UNITS)
def test_smallest_sets_are_counted_picture_by_picture(tmp_path: Path, unit: dict[str, int] | None) -> None:
    rows, told = trials(40, 3)
    scores = read(tmp_path, rows, told, unit)
    table, base = set_table(scores, unit is not None), {row["image"] for row in rows if row["kind"] == "none"}
    assert list(table.columns) == SET_COLUMNS
    tried: dict[str, list[str]] = {}
    keeping: dict[str, set[frozenset[str]]] = {}
    for row in rows:
        if row["kind"] == "keep" and row["image"] in base:
            images = tried.setdefault(row["label"], [])
            images += [row["image"]] if row["image"] not in images else []
            own = keeping.setdefault(row["image"], set())
            own |= {frozenset({row["a"], row["b"]} - {""})} if row["kept"] else set()
    smallest = {
        image: {s for s in own if not any(other < s for other in own)} for image, own in keeping.items()
    }
    none = kept_by_none(scores)
    for label, images in tried.items():
        part = table[table["label"] == label]
        sets = {s for image in images for s in smallest[image]}
        names = {" + ".join(sorted(s)) or "no object": s for s in sets}
        assert set(part["objects"]) == set(names) and (part["tried"] == len(images)).all()
        assert none[label] == pytest.approx(np.mean([not keeping[image] for image in images]))
        order = [(-row.images, row.size) for row in part.itertuples()]
        assert (
            part[["images", "size"]].assign(images=-part["images"]).to_numpy().tolist()
            == sorted(part[["images", "size"]].assign(images=-part["images"]).to_numpy().tolist())
            and order
        )
        reached: set[str] = set()
        for row in part.to_dict("records"):
            mine = [image for image in images if names[row["objects"]] in smallest[image]]
            assert (row["images"], row["size"]) == (len(mine), len(names[row["objects"]]))
            reached |= set(mine)
            assert row["cumulative"] == pytest.approx(len(reached) / len(images))
            if unit is None:
                low, high = wilson(np.array([len(mine)]), np.array([len(images)]))
                wanted = (len(mine) / len(images), low[0], high[0])
            else:
                shares = over_units([(unit[image], float(image in mine)) for image in images])
                low, high, _ = ends(shares)
                wanted = (shares.mean(), max(low, 0), min(high, 1))
            assert (row["coverage"], row["low"], row["high"]) == pytest.approx(wanted)
    dropped = [row for row in rows if row["kind"] != "keep"]
    empty = set_table(read(tmp_path, dropped, told, None), False)
    assert list(empty.columns) == SET_COLUMNS and len(empty) == 0
    never = [row | {"kept": False} for row in rows]
    nothing = set_table(read(tmp_path, never, told, None), False)
    assert list(nothing.columns) == SET_COLUMNS and len(nothing) == 0


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(("joint", "least"), [(8, 0.5), (21, 0.5), (8, 1.5)])
def test_what_moving_costs_is_that_of_loops(
    tmp_path: Path, unit: dict[str, int] | None, joint: int, least: float
) -> None:
    rows, told = trials(44, 4, joint)
    rows = [row | {"label": "Else"} if row["image"] == "40.png" else row for row in rows]
    table, costs = moved_table(read(tmp_path, rows, told, unit), least), costs_of(rows)
    assert list(table.columns) == MOVED_COLUMNS
    cells: dict[tuple[str, str], list[tuple[object, float, float]]] = {}
    for row in rows:
        key = row["image"], "out", row["a"], ""
        if row["kind"] == "moved" and key in costs and row["label"] in LABELS:
            k = LABELS.index(row["label"])
            drop = costs[row["image"], "moved", row["a"], ""]["drop"][k]
            cell = cells.setdefault((row["a"], row["label"]), [])
            cell.append((unit_of(row["image"], unit), costs[key]["drop"][k], drop))
    found = {(row["object"], row["label"]): row for row in table.to_dict("records")}
    assert set(found) == set(cells)
    p, middle = {}, {}
    for key, cell in cells.items():
        row = found[key]
        away, moved = (over_units([(one[0], one[side]) for one in cell]) for side in (1, 2))
        assert (row["images"], row["away"], row["moved"]) == (
            len(cell), pytest.approx(away.mean()), pytest.approx(moved.mean()),
        )  # fmt: skip
        assert (row["low"], row["high"]) == pytest.approx(ends(moved)[:2])
        half = over_units([(u, m - a / 2) for u, a, m in cell])
        middle[key] = half.mean()
        if away.mean() > least and ends(away)[0] > 0 and len(cell) >= joint:
            p[key] = ends(half)[2]
        assert row["p"] == pytest.approx(p.get(key, NAN), nan_ok=True)
    q = dict(zip(p, false_discovery_control(list(p.values())), strict=True)) if p else {}
    for key, row in found.items():
        assert row["q"] == pytest.approx(q.get(key, NAN), nan_ok=True)
        word = ("anywhere" if middle[key] < 0 else "only here") if q.get(key, 1) < 0.05 else ""
        assert row["relation"] == word
    assert table["away"].tolist() == sorted(table["away"], reverse=True)
    none = [row for row in rows if row["kind"] != "moved"]
    assert len(moved_table(read(tmp_path, none, told, unit), least)) == 0


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_whole_and_its_part_cost_is_that_of_loops(tmp_path: Path, unit: dict[str, int] | None) -> None:
    rows, told = trials(30, 5)
    table, costs = nested_table(read(tmp_path, rows, told, unit)), costs_of(rows)
    assert list(table.columns) == NESTED_COLUMNS
    seen = 0
    for part, share in (("Hat", 0.9), ("Tree", 0.5)):
        images = [
            image
            for image, kind, a, _ in costs
            if (kind, a) == ("whole", "Cat") and (image, "out", part, "") in costs
        ]
        for k, label in enumerate(LABELS):
            (row,) = table[(table["part"] == part) & (table["label"] == label)].to_dict("records")
            seen += 1
            assert (row["whole"], row["images"], row["inside"]) == ("Cat", len(images), share)
            for name, key in (("whole", ("whole", "Cat")), ("own", ("out", "Cat")), ("part", ("out", part))):
                values = over_units(
                    [
                        (unit_of(i, unit), costs.get((i, *key, ""), {"drop": [NAN] * 3})["drop"][k])
                        for i in images
                    ]
                )
                low, high, _ = ends(values)
                assert row[f"effect_{name}"] == pytest.approx(np.nanmean(values))
                assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx((low, high), nan_ok=True)
    assert seen == len(table) and table["effect_whole"].is_monotonic_decreasing
    for inside in ([], [["Sun", "Moon", 0.9, 4]]):
        empty = nested_table(read(tmp_path, rows, told | {"inside": inside}, unit))
        assert list(empty.columns) == NESTED_COLUMNS and len(empty) == 0


PAIR: dict[str, Any] = {
    **{"a": "Cat", "b": "Hat", "label": "Joy", "images": 1234, "alone_a": 2.04, "alone_b": 1.5},
    **{"together": 5.25, "q": 0.0009, "relation": "either"},
}


def test_a_pair_s_sentence_is_this() -> None:
    assert pair_sentence(PAIR) == (
        "Joy: Cat or Hat suffices (taking Cat away costs 2.0, Hat 1.5, both 5.2 log-odds; 1,234 pictures, q < .001)"
    )
    only = PAIR | {"relation": "only with", "q": 0.001, "images": 1, "alone_b": 5.26}
    assert pair_sentence(only) == (
        "Joy: Cat only with Hat (taking Cat away costs 2.0 log-odds where Hat is, 0.0 where Hat was taken away; "
        "1 picture, q .001)"
    )
    unless = PAIR | {"relation": "unless", "q": 0.0494, "images": 2, "alone_a": -0.01}
    assert pair_sentence(unless) == (
        "Joy: Cat unless Hat (taking Cat away costs 0.0 log-odds where Hat is, 3.8 where Hat was taken away; "
        "2 pictures, q .049)"
    )
    table = pd.DataFrame([PAIR, PAIR | {"relation": ""}, unless])
    assert pair_sentences(table) == [pair_sentence(PAIR), pair_sentence(unless)]


def test_a_place_s_sentence_is_this() -> None:
    row = {
        "label": "Joy",
        "object": "Cat",
        "away": 4.0,
        "moved": 0.26,
        "low": 0.1,
        "high": 0.44,
        "images": 30,
    }
    table = pd.DataFrame([row | {"relation": word} for word in ("anywhere", "", "only here")])
    end = "(taking it away costs 4.0 log-odds, moving it 0.3 (0.1 to 0.4); 30 pictures)"
    assert place_sentences(table) == [
        f"Joy: Cat wherever it stands {end}",
        f"Joy: Cat only in its place {end}",
    ]


def test_a_label_s_sets_are_told_while_they_add_a_twentieth() -> None:
    rows = [
        ("Joy", "no object", 0.5, 0.5, 40),
        ("Joy", "Cat", 0.4, 0.75, 40),
        ("Joy", "Hat", 0.3, 0.8125, 40),
        ("Joy", "Cat + Hat", 0.2, 0.8125 + 0.04, 40),
        ("Awe", "Sun", 0.04, 0.04, 1),
        ("Fear", "Sun", 0.0625, 0.0625, 2000),
    ]
    table = pd.DataFrame(rows, columns=["label", "objects", "coverage", "cumulative", "tried"])
    end = "(with all other objects taken away, {})"
    assert set_sentences(table, {"Joy": 0.05, "Awe": 0.04, "Rage": 1.0}) == [
        "Joy is kept by the emptied picture in 50 %, Cat in 40 %, Hat in 30 %, more than two objects in 5 % "
        + end.format("40 pictures"),
        "Awe is kept by nothing small " + end.format("1 picture"),
        "Fear is kept by Sun in 6 % " + end.format("2,000 pictures"),
        "Rage is kept by no set of one or two objects in any picture",
    ]
    exact = pd.DataFrame([("Joy", "Cat", 0.05, 0.05, 40)], columns=table.columns)
    assert set_sentences(exact, {})[0].startswith("Joy is kept by Cat in 5 % (")


def test_a_whole_with_an_effect_is_told_beside_its_part() -> None:
    row = {"label": "Joy", "whole": "Cat", "part": "Hat", "effect_whole": 0.51, "whole_low": 0.1}
    row |= {"effect_own": 0.4, "effect_part": 0.16, "images": 12}
    rows = [row, row | {"effect_whole": 0.5}, row | {"whole_low": 0.0}]
    assert whole_sentences(pd.DataFrame(rows), 0.5) == [
        "Joy: Cat costs 0.5 log-odds with all that lies in it, 0.4 without Hat, which costs 0.2 (12 pictures)"
    ]


TOLD: dict[str, Any] = {
    **{
        "pairs": [
            ["Cat", "Hat", 30, 30],
            ["Cat", "Sun", 20, 30],
            ["Hat", "Sun", 19, 30],
            ["Sun", "Sea", 25, 30],
        ]
    },
    **{"joint": 20, "never": 1234, "seldom": 0, "left_out": 0, "same": [], "sets": {"Joy": [0, 30, 30]}},
}


def test_what_was_not_tried_is_told() -> None:
    table = pd.DataFrame({"a": ["Hat", "Cat", "Hat"], "b": ["Cat", "Sun", "Sun"], "images": [20, 19, 3]})
    never = "pairs that are not tried: 1,234 never stand together, 0 in fewer than 20 pictures (effect.joint)"
    short = "2 pairs have no p, since in fewer than 20 pictures both objects have pixels of their own"
    assert pair_notes(TOLD, table) == [never, short]
    seldom = TOLD | {"never": 0, "seldom": 1, "pairs": TOLD["pairs"][:1]}
    assert pair_notes(seldom, table) == [never.replace("1,234", "0").replace("0 in", "1 in")]
    assert pair_notes(TOLD | {"never": 0, "pairs": TOLD["pairs"][:1]}, table) == []
    assert pair_notes(TOLD | {"pairs": []}, table) == [
        "no two objects stand together in 20 pictures (effect.joint), so what they do together cannot be told: 1,234 "
        "pairs never do, 0 in fewer pictures"
    ]
    more = TOLD | {
        "never": 0,
        "pairs": TOLD["pairs"][:1],
        "left_out": 2345,
        "same": [["Cup", "Mug"], ["A", "B"]],
    }
    more |= {"sets": {"Joy": [0, 29, 30], "Awe": [0, 9, 9], "Rage": [0, 1, 2000]}}
    assert pair_notes(more, table) == [
        "2,345 further pairs are left out, beyond effect.most_pairs",
        "two names of one thing, each within the other, so not tried against each other: Cup and Mug, A and B",
        "smallest sets are sought in pictures of three or more objects: 30 of 2,030 pictures of Joy, Rage",
    ]
