"""What taking away changed, against scipy cell by cell, and in worlds where it changes nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from emocam.cells.effects import effect_columns, read_trials, with_effects
from emocam.cells.verdict import Rules
from emocam.functional.statistics.false_discovery import false_discoveries

FILLS = ["blur", "grey", "inpaint"]


def table(draw: np.random.Generator, cells: int, images: int, effect: float = 0.0) -> pd.DataFrame:
    """A row a cell x image x fill: fills share half of an image's noise, which is skewed."""
    noise = draw.gamma(1, 1, (2, cells, images, 1)) + draw.gamma(1, 1, (2, cells, images, 3))
    turned = draw.uniform(size=(2, cells, images, 3)) < 0.1
    place = np.indices((cells, images, 3)).reshape(3, -1)
    return pd.DataFrame(
        {
            "object": [f"o{i}" for i in place[0]],
            "label": "joy",
            "image": [f"{i}.png" for i in place[1]],
            "fill": np.array(FILLS)[place[2]],
            "effect": (noise[0] + effect).ravel(),
            "effect_control": noise[1].ravel(),
            "flipped": turned[0].ravel(),
            "flipped_control": turned[1].ravel(),
        }
    )


@pytest.mark.parametrize("turned", [0.0, 0.4])
def test_every_column_is_what_scipy_says_of_the_cell(turned: float) -> None:
    rows = table(np.random.default_rng(0), 3, 14, effect=0.6)
    rows["flipped"] |= np.random.default_rng(1).random(len(rows)) < turned
    found = effect_columns(rows.sample(frac=1, random_state=0))
    for (object, label), own in rows.groupby(["object", "label"]):
        cell = found.loc[(object, label)]
        of_image = own.drop(columns=["object", "label", "fill"]).groupby("image").mean()
        difference = of_image["effect"] - of_image["effect_control"]
        assert cell["effect"] == pytest.approx(own["effect"].mean())
        assert cell["effect_control"] == pytest.approx(own["effect_control"].mean())
        assert cell["flips"] == pytest.approx(own["flipped"].mean())
        assert cell["flips_control"] == pytest.approx(own["flipped_control"].mean())
        ends = stats.ttest_1samp(difference, 0).confidence_interval()
        assert (cell["effect_low"], cell["effect_high"]) == pytest.approx((ends.low, ends.high))
        p, flips, agree = [], [], 0
        for _, one in own.groupby("fill"):
            test = stats.ttest_rel(one["effect"], one["effect_control"], alternative="greater")
            both = stats.ttest_rel(one["effect"], one["effect_control"]).confidence_interval()
            p.append(test.pvalue)
            agree += both.low > 0
            b = int((one["flipped"] & ~one["flipped_control"]).sum())
            c = int((~one["flipped"] & one["flipped_control"]).sum())
            flips.append(stats.binomtest(b, b + c, alternative="greater").pvalue if b + c else 1.0)
        assert cell["effect_p"] == pytest.approx(min(1, 2 * sorted(p)[1]))
        assert cell["flips_p"] == pytest.approx(min(1, 2 * sorted(flips)[1]))
        assert (cell["effect_fills"], cell["fills"], cell["effect_images"]) == (agree, 3, 14)
    assert np.allclose(found["effect_q"], false_discoveries(found["effect_p"].to_numpy()))


def test_a_fill_that_was_not_tried_is_not_asked() -> None:
    rows = table(np.random.default_rng(1), 2, 12, effect=2)
    rows = rows[(rows["object"] == "o0") | (rows["fill"] == "grey")]
    found = effect_columns(rows)
    assert found["fills"].tolist() == [3, 1]
    grey = rows[rows["object"] == "o1"]
    expected = stats.ttest_rel(grey["effect"], grey["effect_control"], alternative="greater").pvalue
    assert found["effect_p"].iloc[1] == pytest.approx(expected)


def test_rows_without_a_control_are_left_out() -> None:
    rows = table(np.random.default_rng(2), 1, 12)
    rows.loc[rows["image"] == "3.png", "effect_control"] = np.nan
    assert effect_columns(rows)["effect_images"].tolist() == [11]


def test_images_without_room_for_a_control_count_in_the_effect_alone() -> None:
    rows = table(np.random.default_rng(2), 1, 12, effect=1).assign(control="shape")
    alone = rows["image"].isin(["3.png", "7.png"])
    rows.loc[alone, "effect_control"], rows.loc[alone, "control"] = np.nan, "none"
    rows.loc[alone, "flipped_control"] = False
    (found,) = effect_columns(rows).to_dict("records")
    (kept,) = effect_columns(rows[~alone]).to_dict("records")
    assert (found["effect_images"], found["uncontrolled"]) == (12, pytest.approx(2 / 12))
    assert found["effect"] == pytest.approx(rows.groupby("image")["effect"].mean().mean())
    for name in ("effect_low", "effect_high", "effect_control", "effect_p", "flips_control", "flips_p"):
        assert found[name] == pytest.approx(kept[name]), name


def cells_of(present: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame({"object": list(present), "label": "joy", "present": list(present.values())})


def effect_file(folder: Path, rows: pd.DataFrame, **told: Any) -> Path:
    written = pa.Table.from_pandas(rows, preserve_index=False)
    pq.write_table(
        written.replace_schema_metadata({b"emocam": json.dumps(told).encode()}), folder / "effect.parquet"
    )
    return folder / "effect.parquet"


def test_cells_that_can_never_be_called_cost_no_other_cell(tmp_path: Path) -> None:
    rows = table(np.random.default_rng(5), 4, 14, effect=1)
    rows = rows[(rows["object"] != "o3") | rows["image"].isin([f"{i}.png" for i in range(6)])]
    cells = cells_of({"o0": 30, "o1": 20, "o2": 19, "o3": 40, "o4": 40})
    found = with_effects(cells, effect_file(tmp_path, rows), rules=Rules())
    assert found["effect_images"].tolist() == [14, 14, 14, 6, 0]
    p = effect_columns(rows)["effect_p"]
    expected = false_discoveries(p.loc[["o0", "o1"]].to_numpy())  # 19 pictures, and 6 tried, are too few
    np.testing.assert_allclose(found["effect_q"], [*expected, np.nan, np.nan, np.nan])


def test_what_was_not_tried_and_the_rule_are_told(tmp_path: Path) -> None:
    rows = table(np.random.default_rng(6), 1, 15)
    planned = [["o0", "joy", 20], ["o9", "joy", 4]]
    file = effect_file(tmp_path, rows, rule="part, bare", planned_by_cell=planned)
    found = with_effects(cells_of({"o0": 30, "o1": 30}), file)
    assert found["covered"].tolist() == pytest.approx([0.25, np.nan], nan_ok=True)
    assert found["effect_rule"].fillna("").tolist() == ["part, bare", ""]
    before = with_effects(cells_of({"o0": 30}), effect_file(tmp_path, rows))
    assert before["effect_rule"].tolist() == ["box, anywhere"] and np.isnan(before["covered"]).all()


def test_what_was_composed_again_is_no_trial(tmp_path: Path) -> None:
    rows = table(np.random.default_rng(7), 1, 12)
    again = rows[rows["fill"] == "grey"].assign(fill="composed", effect=99.0, effect_control=np.nan)
    both = effect_file(tmp_path, pd.concat([rows.assign(control="shape"), again.assign(control="none")]))
    pd.testing.assert_frame_equal(
        effect_columns(read_trials(both).drop(columns="control")), effect_columns(rows)
    )


def test_an_exchange_is_no_fill_and_its_median_stands_beside(tmp_path: Path) -> None:
    rows = table(np.random.default_rng(0), 1, 9, effect=2.0)
    swapped = rows[rows["fill"] == rows["fill"].iloc[0]].assign(fill="exchanged", control="none")
    swapped = swapped.assign(effect=[0.0, 0.1, 0.2, 0.3, 0.4, 9.0, 9.0, 9.0, 9.0], effect_control=np.nan)
    cells = cells_of(dict.fromkeys(rows["object"].unique(), 30)).assign(label=rows["label"].iloc[0])
    both = with_effects(cells, effect_file(tmp_path, pd.concat([rows, swapped])))
    alone = with_effects(cells, effect_file(tmp_path, rows))
    assert both["exchanged"].tolist() == [0.4] and alone["exchanged"].isna().all()
    pd.testing.assert_frame_equal(both.drop(columns="exchanged"), alone.drop(columns="exchanged"))


def test_in_one_world_of_twenty_without_effect_any_is_found() -> None:
    draw, worlds = np.random.default_rng(3), 80
    found = [(effect_columns(table(draw, 20, 15))["effect_q"] < 0.05).any() for _ in range(worlds)]
    assert np.mean(found) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / worlds)


def test_a_true_effect_is_found() -> None:
    found = effect_columns(table(np.random.default_rng(4), 20, 15, effect=4))
    assert (found["effect_q"] < 0.05).all() and (found["effect_fills"] == 3).all()


def test_what_was_cut_and_put_in_is_told_from_what_was_taken_away() -> None:
    rows = table(np.random.default_rng(5), 1, 6)
    assert effect_columns(rows)["tried"].tolist() == ["erased"]
    cut = rows[rows["fill"] == "grey"].assign(fill="cut")
    assert effect_columns(cut)["tried"].tolist() == ["inserted"]


def fixed_regions(draw: np.random.Generator, used: float, artefact: float = 0.0) -> pd.DataFrame:
    """Four labels x 12 pictures x 3 fills: `hair` has no room elsewhere and moves joy alone, `nose` has room."""
    rows = []
    for label in ("joy", "fear", "anger", "calm"):
        for object, kind in (("hair", "pieces"), ("nose", "shape")):
            own = table(draw, 1, 12).assign(object=object, label=label, control=kind)
            own["image"] = label + own["image"]
            own["effect"] += artefact + (used if (object, label) == ("hair", "joy") else 0)
            own["effect_control"] += 4 if kind == "pieces" else 0  # it takes the face
            rows.append(own)
    return pd.concat(rows, ignore_index=True)


def test_a_region_without_room_is_held_against_itself_under_other_labels() -> None:
    rows = fixed_regions(np.random.default_rng(3), used=3)
    found, before = effect_columns(rows, fixed=True), effect_columns(rows)
    hair = rows[rows["object"] == "hair"]
    own, others = hair[hair["label"] == "joy"], hair[hair["label"] != "joy"]
    cell = found.loc[("hair", "joy")]
    assert cell["effect_control"] == pytest.approx(others["effect"].mean())
    assert cell["flips_control"] == pytest.approx(others["flipped"].mean())
    one = own.groupby("image")["effect"].mean()
    means = others.groupby(["label", "image"])["effect"].mean().groupby("label").agg(["var", "size"])
    error = np.sqrt(one.var() / 12 + (means["var"] / means["size"]).sum() / 9)
    half = stats.t.ppf(0.975, 11) * error
    beyond = one.mean() - others["effect"].mean()
    assert (cell["effect_low"], cell["effect_high"]) == pytest.approx((beyond - half, beyond + half))
    assert cell["effect_p"] < 0.001 and np.isnan(cell["flips_p"]) and cell["uncontrolled"] == 0
    assert before.loc[("hair", "joy"), "effect_p"] > 0.5  # the control took the face
    assert found["by_labels"].tolist() == [object == "hair" for object, _ in found.index]
    columns = ["effect_control", "effect_low", "effect_p", "flips_p"]
    pd.testing.assert_frame_equal(found.loc[["nose"], columns], before.loc[["nose"], columns])


def test_what_taking_a_large_region_does_to_every_label_is_no_effect() -> None:
    p = []
    for seed in range(20):
        found = effect_columns(fixed_regions(np.random.default_rng(seed), used=0, artefact=2), fixed=True)
        p += found.loc["hair", "effect_p"].tolist()
    assert np.mean(np.array(p) < 0.05) < 0.1


def test_a_region_tried_under_one_label_alone_has_no_control(tmp_path: Path) -> None:
    rows = fixed_regions(np.random.default_rng(4), used=3)
    alone = rows[(rows["object"] == "nose") | (rows["label"] == "joy")]
    found = effect_columns(alone, fixed=True).loc[("hair", "joy")]
    assert found["uncontrolled"] == 1 and np.isnan(found["effect_control"]) and np.isnan(found["effect_p"])
    cells = pd.DataFrame({"object": ["hair", "nose"], "label": "joy", "present": 30})
    told = with_effects(cells, effect_file(tmp_path, rows, rule="part, bare, masks"), fixed=True)
    assert told["effect_rule"].tolist() == ["part, labels, masks", "part, bare, masks"]
