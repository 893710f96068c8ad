"""What is to be believed, against loops over pictures and SciPy's own tests."""

import json
import math
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import false_discovery_control, spearmanr, ttest_1samp

from emocam.cells import trust
from emocam.cells.trust import (
    COLUMNS,
    best_of,
    chosen_thresholds,
    comparable_objects,
    faithfulness_columns,
    find_trust,
    no_trust,
    recommendation,
    shaken,
    too_few,
    truth_of,
    warning,
)
from emocam.functional.statistics.faithfulness import drawn_mean_intervals, order_agreement
from emocam.results.parquet_file import write_frame, write_parquet

THRESHOLDS = [0.2, 0.4, 0.6]
WAYS = [("lime", "b"), ("cam", "a"), ("cam", "b"), ("random", "a"), ("centre", "b")]
FILLS = ("blur", "grey", "composed", "exchanged")
NAN = math.nan


def effects_of(pictures: int, seed: int = 0) -> pd.DataFrame:
    """Trials of one to five objects a picture; some have no control, some were composed again."""
    draw, rows = np.random.default_rng(seed), []
    for picture in range(pictures):
        for number in range(1 + (picture + 2) % 5):
            bare = number == 4
            for fill in FILLS:
                if fill == "composed" and picture % 3 == 0 and number == 1:
                    continue
                effect = draw.normal() + number
                control = NAN if bare or (fill == "blur" and picture % 4 == 1) else 0.3 * draw.normal()
                rows.append((f"{picture}.png", f"o{number}", fill, effect, control))
    return pd.DataFrame(rows, columns=["image", "object", "fill", "effect", "effect_control"])


def weights_of(effects: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """What each way weighed: the cam as effects are, with noise, the controls by lot."""
    draw, rows = np.random.default_rng(seed), []
    objects = effects[["image", "object"]].drop_duplicates()
    for (method, layer), (image, object) in product(WAYS, objects.itertuples(index=False)):
        noise = {"cam": 0.15, "lime": 0.8}.get(method, 9.0)
        weight = 1 / (1 + np.exp(-(int(object[1:]) - 1.5 + 3 * noise * draw.normal())))
        stable, head, every = (float(part) for part in draw.random(3) * [1, 0.9, 0.4])
        chance = [float(part) for part in np.sort(draw.random(3))[::-1]]
        rows.append((image, object, method, layer, weight, chance, stable, head, every))
    names = ["image", "object", "method", "layer", "importance", "chance", "stable", "head", "all"]
    return pd.DataFrame(rows, columns=names)


def written(folder: Path, effects: pd.DataFrame, weights: pd.DataFrame) -> tuple[Path, Path]:
    words = {"thresholds": THRESHOLDS, "grids": {"a": [7, 9], "b": [14, 14]}, "notes": ["a note"]}
    table = pa.Table.from_pandas(weights, preserve_index=False)
    write_parquet(
        table.replace_schema_metadata({b"emocam": json.dumps(words).encode()}), folder / "trust.parquet"
    )
    write_frame(effects, folder / "effect.parquet")
    return folder / "trust.parquet", folder / "effect.parquet"


def differences(effects: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Effect less control of each picture and object, the mean of its fills, where a control was there."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in effects.itertuples():
        if row.fill in ("blur", "grey") and row.effect_control == row.effect_control:
            found.setdefault((row.image, row.object), []).append(row.effect - row.effect_control)
    return {key: sum(values) / len(values) for key, values in found.items()}


def kept_objects(effects: pd.DataFrame) -> dict[str, list[str]]:
    """The objects of each picture that has three or more whose difference is known."""
    of: dict[str, list[str]] = {}
    for image, object in differences(effects):
        of.setdefault(image, []).append(object)
    return {image: objects for image, objects in of.items() if len(objects) >= 3}


def rank_agreement(one: list[float], other: list[float]) -> float:
    return 0.0 if len(set(one)) == 1 or len(set(other)) == 1 else float(spearmanr(one, other).statistic)


@pytest.mark.parametrize("grouped", [False, True])
def test_every_number_of_the_table_is_that_of_loops_over_pictures(tmp_path: Path, grouped: bool) -> None:
    effects = effects_of(26)
    weights = weights_of(effects)
    unit = {f"{picture}.png": picture // 2 for picture in range(26)} if grouped else None
    found = find_trust(*written(tmp_path, effects, weights), unit, 1.0, 26, 3)
    apart, objects = differences(effects), kept_objects(effects)
    assert found.pictures == len(objects) >= 10 and found.notes == ["a note"]
    value = {(row.method, row.layer, row.image, row.object): row.importance for row in weights.itertuples()}
    agreement = {
        way: [
            rank_agreement(
                [value[(*way, image, object)] for object in own], [apart[image, object] for object in own]
            )
            for image, own in objects.items()
        ]
        for way in WAYS
    }
    matrix = np.array([agreement[way] for way in WAYS]).T
    units = np.array([unit[image] for image in objects]) if unit else np.arange(len(objects))
    interval = drawn_mean_intervals(matrix, units, seed=3)
    rival = max(WAYS[3:], key=lambda way: np.mean(agreement[way]))
    assert list(found.table["faithfulness"]) == sorted(found.table["faithfulness"], reverse=True)
    p, rows = {}, {(row["method"], row["layer"]): row for row in found.table.to_dict("records")}
    assert set(found.table.columns) == {*COLUMNS, "faithfulness_truth"}
    for place, way in enumerate(WAYS):
        row = rows[way]
        assert row["faithfulness"] == pytest.approx(np.mean(agreement[way]))
        (low,), (high,) = interval(np.eye(5)[:, [place]])
        assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
        assert row["grid"] == {"a": "7 x 9", "b": "14 x 14"}[way[1]]
        if way in WAYS[3:]:
            assert all(np.isnan(row[name]) for name in ("above_controls", "above_low", "above_high", "q"))
        else:
            assert row["above_controls"] == pytest.approx(np.mean(agreement[way]) - np.mean(agreement[rival]))
            (low,), (high,) = interval((np.eye(5)[place] - np.eye(5)[WAYS.index(rival)])[:, None])
            assert (row["above_low"], row["above_high"]) == (pytest.approx(low), pytest.approx(high))
            beside = []
            for control in WAYS[3:]:
                of_unit = [
                    np.mean((np.array(agreement[way]) - agreement[control])[units == one])
                    for one in np.unique(units)
                ]
                beside.append(ttest_1samp(of_unit, 0, alternative="greater").pvalue)
            p[way] = max(beside)
        own = weights[(weights["method"] == way[0]) & (weights["layer"] == way[1])]
        first = own.drop_duplicates("image")
        assert row["stability"] == pytest.approx(first["stable"].mean())
        assert row["sanity_head"] == pytest.approx(1 - first["head"].mean())
        assert row["sanity"] == row["sanity_all"] == pytest.approx(1 - first["all"].mean())
        assert row["images"] == len(objects)
        pairs = [(image, object) for image, of in objects.items() for object in of]
        used = np.array([apart[pair] > 1 for pair in pairs])
        weight = np.array([value[(*way, *pair)] for pair in pairs])
        youden = [(weight > t)[used].mean() - (weight > t)[~used].mean() for t in THRESHOLDS]
        best = int(np.argmax(youden))
        assert row["threshold"] == THRESHOLDS[best]
        assert row["kept_used"] == pytest.approx((weight > THRESHOLDS[best])[used].mean())
        assert row["kept_others"] == pytest.approx((weight > THRESHOLDS[best])[~used].mean())
        chance = {(r.image, r.object): r.chance[best] for r in own.itertuples()}
        assert row["chance_level"] == pytest.approx(np.mean([chance[pair] for pair in pairs]))
    for way, q in zip(p, false_discovery_control(list(p.values())), strict=True):
        assert rows[way]["q"] == pytest.approx(q)
    # against pictures that were composed again without the object
    truth = {(r.image, r.object): r.effect for r in effects.itertuples() if r.fill == "composed"}
    whole = [image for image, own in objects.items() if all((image, object) in truth for object in own)]
    assert 0 < len(whole) < len(objects)
    by_truth, by_effect = (
        np.array(
            [
                [
                    rank_agreement(
                        [value[(*way, image, object)] for object in objects[image]],
                        [of[image, object] for object in objects[image]],
                    )
                    for way in WAYS
                ]
                for image in whole
            ]
        )
        for of in (truth, apart)
    )
    for way, wanted in zip(WAYS, by_truth.mean(0), strict=True):
        assert rows[way]["faithfulness_truth"] == pytest.approx(wanted)
    assert found.truth is not None and found.truth.rows == 3  # without the controls
    order = spearmanr(by_truth[:, :3].mean(0), by_effect[:, :3].mean(0)).statistic
    assert found.truth.value == pytest.approx(order)
    part = np.array([place for place, image in enumerate(objects) if image in whole])
    ends = order_agreement(by_effect[:, :3], by_truth[:, :3], units[part], seed=3)[1:]
    assert (found.truth.low, found.truth.high) == pytest.approx(ends)
    assert found.best is not None and found.best["method"] == "cam"
    assert found.recommendation == recommendation(found.table, found.best, len(objects))


def test_of_nine_pictures_nothing_is_recommended_and_of_ten_something_is(tmp_path: Path) -> None:
    effects = effects_of(40)
    kept = list(kept_objects(effects))
    for pictures in (9, 10):
        few = effects[effects["image"].isin(kept[:pictures])]
        found = find_trust(*written(tmp_path, few, weights_of(few)), None, 1.0, 1234)
        assert (found.pictures, found.notes) == (pictures, ["a note"])
        if pictures == 10:
            assert len(found.table) == len(WAYS)
            continue
        assert (
            found.recommendation
            == too_few(9, 1234)
            == (
                "which method to believe cannot be told here: 9 of 1,234 pictures have three or more objects whose "
                "effect was measured with a control, and 10 are needed"
            )
        )
        assert list(found.table.columns) == list(no_trust().columns) == COLUMNS and not len(found.table)
        assert found.best is None and found.warning is None and found.truth is None


def test_the_seed_that_nobody_gives_is_that_of_the_intervals(tmp_path: Path) -> None:
    effects = effects_of(26)
    files = written(tmp_path, effects, weights_of(effects))
    usual, same, other = (find_trust(*files, None, 1.0, 26, *seed).table for seed in ((), (0,), (1,)))
    pd.testing.assert_frame_equal(usual, same)
    assert not np.allclose(usual["low"], other["low"], atol=1e-12)


def test_objects_are_joined_in_the_order_of_ways_and_pictures(tmp_path: Path) -> None:
    effects = effects_of(12)
    weights = weights_of(effects).sample(frac=1, random_state=0)
    _, file = written(tmp_path, effects, weights)
    pairs = comparable_objects(weights, file)
    objects, apart = kept_objects(effects), differences(effects)
    assert sorted(pairs.names) == sorted(objects)
    assert list(pairs.importance.columns) == list(
        dict.fromkeys(weights[["method", "layer"]].itertuples(index=False, name=None))
    )
    index = list(pairs.importance.index)
    assert len(index) == sum(map(len, objects.values()))
    for (image, object), row, picture in zip(index, pairs.effects.itertuples(), pairs.picture, strict=True):
        assert object in objects[image] and pairs.names[picture] == image
        assert row.difference == pytest.approx(apart[image, object])
    none = comparable_objects(weights[:0], file)
    assert (len(none.importance), none.names) == (0, [])


def row_of(method: str, faithfulness: float, **more: object) -> dict[str, object]:
    usual = {
        "layer": "a",
        "grid": "7 x 7",
        "low": 0.1,
        "high": 0.9,
        "above_low": 0.1,
        "q": 0.01,
        "sanity": 0.9,
    }
    return (
        usual
        | {"method": method, "faithfulness": faithfulness, "threshold": 0.4, "chance_level": 0.25}
        | more
    )


def test_the_most_faithful_of_those_that_are_sure_and_sane_is_best() -> None:
    for more, name in (
        ({}, "cam"),
        ({"above_low": 0.0}, "lime"),
        ({"above_low": 1e-9}, "cam"),
        ({"above_low": NAN}, "lime"),
        ({"q": 0.05}, "lime"),
        ({"q": 0.049}, "cam"),
        ({"sanity": 0.5}, "cam"),
        ({"sanity": 0.49}, "lime"),
        ({"sanity": NAN}, "cam"),
    ):
        table = pd.DataFrame([row_of("grad", 0.3), row_of("cam", 0.8, **more), row_of("lime", 0.5)])
        best = best_of(table)
        assert best is not None and best["method"] == name, more
    assert best_of(pd.DataFrame([row_of("cam", 0.8, q=0.5)])) is None


def test_a_recommendation_says_this_and_no_more() -> None:
    controls = [row_of("random", 0.1, q=NAN), row_of("edges", 0.22, q=NAN)]
    table = pd.DataFrame([row_of("lime", 0.5), row_of("cam", 0.8), *controls])
    assert recommendation(table, best_of(table), 1234) == (
        "believe cam at layer a (7 x 7 cells) with threshold.importance=0.4, which an object would pass by chance in "
        "25 %: what it weighs agrees with effects by 0.80 (0.10 to 0.90) within 1,234 pictures, beside the best "
        "control, edges's 0.22"
    )
    unknown = row_of("cam", 0.8, chance_level=NAN)
    assert "importance=0.4: what it weighs" in recommendation(table, unknown, 12)
    assert recommendation(table, None, 1234) == (
        "no method beats its controls here: the highest agreement with effects is cam's 0.80 (0.10 to 0.90) beside "
        "edges's 0.22, in 1,234 pictures"
    )
    assert "is edges's 0.22" in recommendation(pd.DataFrame(controls), None, 12)
    assert recommendation(table[:2], None, 12) == (
        "no method can be recommended without controls: keep random, uniform, centre and edges in trust.methods"
    )


def test_those_that_are_not_above_a_control_are_named_by_layer() -> None:
    control = row_of("random", 0.1, above_low=NAN, q=NAN)
    low = [
        row_of("cam", 0.8, above_low=0.0),
        row_of("lime", 0.5, q=0.05),
        row_of("grad", 0.4, layer="b", q=0.9),
    ]
    table = pd.DataFrame([*low, row_of("rise", 0.9), control])
    assert warning(table) == (
        "no better than a control here, so not to be believed: cam, lime at a; grad at b"
    )
    assert warning(table[:4]) is None  # no control was there
    assert warning(table[3:]) is None and warning(table[4:]) is None


def test_without_controls_nothing_is_above_them() -> None:
    agreement = np.random.default_rng(0).random((12, 2))
    table = pd.DataFrame({"method": ["cam", "lime"]})
    found = faithfulness_columns(agreement, table, np.arange(12), 0)
    assert found["faithfulness"].tolist() == agreement.mean(0).tolist()
    assert all(np.isnan(found[name]).all() for name in ("above_controls", "above_low", "above_high", "q"))


def test_where_all_or_none_are_used_one_share_is_unknown() -> None:
    effects = effects_of(12)
    weights = weights_of(effects)
    keys = ["image", "object"]
    wide = weights.pivot_table(index=keys, columns=["method", "layer"], values="importance", sort=False)
    for used, known, unknown in ((True, "kept_used", "kept_others"), (False, "kept_others", "kept_used")):
        found = chosen_thresholds(weights, wide, np.full(len(wide), used), THRESHOLDS)
        assert found[unknown].isna().all() and found["threshold"].eq(0.2).all()
        for way, share in zip(wide.columns, found[known], strict=True):
            assert share == pytest.approx((wide[way] > 0.2).mean())


def test_a_map_that_is_at_a_threshold_does_not_pass() -> None:
    rows = pd.DataFrame(
        {"image": "a", "object": list("xyz"), "method": "cam", "layer": "a", "importance": [0.2, 0.4, 0.6]}
    ).assign(chance=[[0.9, 0.5, 0.1]] * 3)
    wide = rows.pivot_table(index=["image", "object"], columns=["method", "layer"], values="importance")
    found = chosen_thresholds(rows, wide, np.array([False, False, True]), [0.2, 0.4, 0.6])
    assert found.iloc[0].to_dict() == {
        **{"threshold": 0.4, "kept_used": 1, "kept_others": 0},
        "chance_level": 0.5,
    }


def test_maps_are_shaken_once_a_picture() -> None:
    rows = pd.DataFrame(
        {
            "image": ["a", "a", "b"], "method": "cam", "layer": "x",
            "stable": [0.5, 9.0, 1.0], "head": [0.25, 9.0, 0.75], "all": [0.0, 9.0, 0.5],
        }
    )  # fmt: skip
    assert shaken(rows).loc[("cam", "x")].to_dict() == {
        **{"stability": 0.75, "sanity": 0.75, "sanity_head": 0.5, "sanity_all": 0.75},
    }


def test_without_a_picture_that_was_composed_as_a_whole_there_is_no_truth() -> None:
    index = pd.MultiIndex.from_product([["a.png"], list("xyz")], names=["image", "object"])
    effects = pd.DataFrame({"difference": [1.0, 2, 3], "truth": [1.0, NAN, 2]}, index)
    weights = {("cam", "a"): [0.1, 0.2, 0.3], ("b", "a"): [3.0, 2, 1], ("c", "a"): [0.2, 0.1, 0.3]}
    weights[("random", "a")] = [1.0, 1, 1]
    pairs = trust.Comparable(pd.DataFrame(weights, index), effects, np.zeros(3, int), ["a.png"])
    table = pd.DataFrame({"method": ["cam", "b", "c", "random"]})
    one = np.zeros(1, int)
    assert truth_of(pairs, table, one, 0) is None and list(table) == ["method"]
    effects["truth"] = [1.0, 3, 2]
    found = truth_of(pairs, table, one, 0)
    assert table["faithfulness_truth"].tolist() == pytest.approx([0.5, -0.5, -0.5, 0])
    wanted = spearmanr([0.5, -0.5, -0.5], [1.0, -1.0, 0.5]).statistic
    assert found is not None and found.rows == 3
    assert (found.value, found.low, found.high) == pytest.approx((wanted,) * 3)
    fewer = table.assign(method=["cam", "b", "edges", "random"])
    assert truth_of(pairs, fewer, one, 0) is None and "faithfulness_truth" in fewer
