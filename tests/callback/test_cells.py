"""What a run leaves of its cells."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.callback.base import Finished
from emocam.callback.cells import Cells
from emocam.cells.verdict import WORDS, Rules
from emocam.records.thresholds import Thresholds
from emocam.results.run import Run

CONTRACT = [
    *("object", "label", "images", "present", "kept", "percent", "percent_low", "percent_high"),
    *("use", "use_low", "use_high", "use_chance", "lift", "p", "q", "effect", "effect_control"),
    *("flips", "flips_control", "effect_images", "verdict"),
    *("present_percent", "present_low", "present_high", "lift_low", "lift_high"),
    *("effect_low", "effect_high", "effect_p", "effect_fills", "few"),
    *("groups", "episodes", "p_rule", "visible_effect"),
]


@pytest.fixture
def explained(mean_run) -> Finished:
    return Finished(mean_run("gradcam"), None, Thresholds(importance=0.5), {})


def test_a_row_for_every_cell_and_every_column_of_the_contract(explained) -> None:
    told = Cells(resamples=50).on_run_end(explained)
    cells = explained.run.cells
    assert set(CONTRACT) <= set(cells.columns)
    run = explained.run
    assert cells["object"].tolist() == [o for o in run.object_names for _ in run.label_names]
    assert cells["label"].tolist() == run.label_names * len(run.object_names)
    matrix = run.counts(explained.thresholds)
    assert cells["kept"].tolist() == matrix.counts.flatten().tolist()
    assert cells["present"].tolist() == matrix.present.flatten().tolist()
    assert sum(told["verdicts"].values()) + cells["verdict"].isna().sum() == len(cells)
    assert list(told["verdicts"]) == list(WORDS)
    json.dumps(told)


def test_the_spreadsheet_says_the_same(explained) -> None:
    Cells(resamples=50).on_run_end(explained)
    read = pd.read_csv(explained.folder / "cells.csv")
    numbers = explained.run.cells.select_dtypes("number")
    assert np.allclose(read[numbers.columns], numbers, equal_nan=True)
    assert read["verdict"].fillna("").tolist() == explained.run.cells["verdict"].fillna("").tolist()


def test_twice_the_same(explained) -> None:
    Cells(resamples=50, seed=3).on_run_end(explained)
    first = explained.run.cells
    Cells(resamples=50, seed=3).on_run_end(explained)
    pd.testing.assert_frame_equal(pd.read_parquet(explained.folder / "cells.parquet"), first)


def test_without_a_cam_what_is_present_counts_and_attention_is_unknown(finished_run) -> None:
    finished = Finished(finished_run("presence"), None, Thresholds(), {})
    Cells(resamples=50).on_run_end(finished)
    cells = finished.run.cells
    assert (cells["use"][cells["present"] > 0] == 1).all()
    assert cells[["use_chance", "use_p", "effect", "effect_p"]].isna().all(axis=None)
    assert set(cells["verdict"].dropna()) <= {"too few pictures"}


def test_what_was_taken_away_makes_the_verdict(explained) -> None:
    """Balls in all pictures of joy are taken away, which turns every answer; trees, which turns none."""
    draw = np.random.default_rng(0)
    rows = [
        {"object": o, "label": "joy", "image": f"{i}.png", "fill": fill, "effect_control": draw.normal()}
        | {"effect": draw.normal() + 5 * (o == "Ball"), "flipped": o == "Ball", "flipped_control": False}
        for o in ("Ball", "Tree")
        for i in range(12)
        for fill in ("blur", "grey", "inpaint")
    ]
    pd.DataFrame(rows).to_parquet(explained.folder / "effect.parquet", index=False)
    told = Cells(Rules(images=1), resamples=50).on_run_end(explained)
    cells = explained.run.cells.set_index(["object", "label"])
    ball, tree = cells.loc[("Ball", "joy")], cells.loc[("Tree", "joy")]
    assert (ball["flips"], ball["flips_control"], ball["effect_images"]) == (1, 0, 12)
    assert ball["effect_fills"] == 3 and ball["effect_low"] > 3
    assert ball["verdict"] in ("used", "effect without being looked at")
    assert tree["effect_q"] > 0.05 and tree["verdict"] not in ("used", "effect without being looked at")
    assert told["cells_measured"] == 2
    assert cells["effect"].notna().sum() == 2 and cells["effect_images"].sum() == 24


def test_a_run_whose_pictures_come_in_groups_is_tested_by_group(explained) -> None:
    Cells(resamples=50).on_run_end(explained)
    alone = explained.run.cells
    file = explained.folder / "predictions.parquet"
    images = pq.read_table(file)
    group = pa.array([f"g{i // 3}" for i in range(len(images))])
    pq.write_table(images.append_column("group", group), file)
    grouped = Finished(Run(explained.folder), None, explained.thresholds, {})
    Cells(resamples=50).on_run_end(grouped)
    cells = grouped.run.cells
    same = ["present", "kept", "percent", "use", "lift"]
    pd.testing.assert_frame_equal(cells[same], alone[same])
    assert set(cells["p_rule"]) == {"groups"} and set(alone["p_rule"]) == {"pictures"}
    assert (cells["groups"] <= cells["present"]).all() and (alone["groups"] == alone["present"]).all()
    asked = alone["percent"].between(20, 80)
    width, before = (table["percent_high"][asked] - table["percent_low"][asked] for table in (cells, alone))
    assert (width > before - 1e-9).all()


def test_a_finding_has_the_percent_that_boxes_anywhere_would_give_it(explained) -> None:
    told = Cells(Rules(images=1), resamples=50).on_run_end(explained)
    cells = explained.run.cells.set_index(["object", "label"])
    assert explained.finding and len(told["finding_chance"]) == len(explained.finding)
    for finding, chance in zip(explained.finding, told["finding_chance"], strict=True):
        cell = cells.loc[(finding["object"], finding["label"])]
        assert chance == pytest.approx(100 * cell["use_chance"] * cell["present"] / cell["images"], abs=0.06)
    levels = cells["use_chance"][cells["present"] > 0]
    assert told["usual_chance"] == pytest.approx(levels.median(), abs=1e-4)


def test_without_a_cam_there_is_no_level_of_chance(finished_run) -> None:
    finished = Finished(finished_run("presence"), None, Thresholds(), {})
    told = Cells(resamples=50).on_run_end(finished)
    assert told["usual_chance"] is None and set(told["finding_chance"]) <= {None}
