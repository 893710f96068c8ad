"""What the page's sliders count is what pandas counts on the same evidence."""

import base64
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.report.sliders import SAME, Positions, levels, unbeaten, write_levels
from emocam.report.top_pictures import find_strongest
from emocam.results.run import Run


def written(folder, weight: str = "importance") -> dict:
    assert write_levels(folder, Run(folder))
    data = json.loads((folder / "data/evidence.js").read_text()[len("emocam(") : -len(");\n")])
    for key in ("score", weight, "confidence", "label"):
        data[key] = np.frombuffer(base64.b64decode(data[key]), np.uint8)
    return data


def slow_counts(folder, score: float, importance: float, confidence: float) -> pd.DataFrame:
    rows = pd.read_parquet(folder / "evidence.parquet").astype({"object": str, "label": str})
    rows = rows[
        (rows["score"] > score) & (rows["importance"] > importance) & (rows["confidence"] > confidence)
    ]
    return rows.groupby(["object", "label"])["image"].nunique()


def page_counts(
    data: dict, run: Run, at: dict[str, float], weight: str = "importance"
) -> dict[tuple[str, str], int]:
    place = {key: data["positions"][key].index(value) for key, value in at.items()}
    found: dict[tuple[str, str], int] = {}
    for thing, name in enumerate(run.object_names):
        counted = False
        for i in range(data["ends"][thing], data["ends"][thing + 1]):
            counted = counted and data["score"][i] >= SAME
            passes = data["score"][i] % SAME > place["score"] and data[weight][i] > place[weight]
            if not counted and passes and data["confidence"][i] > place["confidence"]:
                cell = name, run.label_names[data["label"][i]]
                found[cell] = found.get(cell, 0) + 1
                counted = True
    return found


@pytest.mark.parametrize("block", [1, 13, 65_536])
@pytest.mark.parametrize(
    "at",
    [(0.005, 0.3, 0), (0.5, 0.05, 0.6), (0, 0, 0), (0.85, 0.7, 0.9)],
    ids=["own", "mixed", "none", "high"],
)
def test_counts_are_those_of_pandas(run_folder, monkeypatch, block, at):
    monkeypatch.setattr("emocam.results.run.HELD", 0)
    monkeypatch.setattr("emocam.results.run.BLOCK", block)
    folder, _ = run_folder
    found = page_counts(
        written(folder),
        Run(folder),
        dict(zip(("score", "importance", "confidence"), at, strict=True)),
    )
    assert found == slow_counts(folder, *at).to_dict()


def test_images_of_a_label_follow_the_confidence(run_folder):
    folder, _ = run_folder
    data, run = written(folder), Run(folder)
    predictions = pd.read_parquet(folder / "predictions.parquet")
    place = data["positions"]["confidence"].index(0.6)
    for label, name in enumerate(run.label_names):
        own = predictions[(predictions["label"] == name) & (predictions["confidence"] > np.float32(0.6))]
        assert data["images"][label][place] == len(own)


def test_a_value_at_a_position_does_not_pass_it():
    values = np.array([0.3, np.nextafter(np.float32(0.3), 1), 0, np.nan], np.float32)
    assert list(levels(values, [0, 0.3, 0.5])) == [1, 2, 0, 0]
    assert list(levels(values, [0.5, 0.3, 0])) == [1, 1, 2, 0]


def test_the_runs_own_thresholds_are_positions(run_folder):
    run = Run(run_folder[0])
    positions = Positions.of(run)
    assert run.thresholds.importance in positions.weight and run.thresholds.score in positions.score
    assert all(len(p) < SAME for p in vars(positions).values())


def test_a_region_that_another_beats_twice_does_not_matter():
    regions = {
        "object": [0, 0, 0, 0],
        "image": [0, 0, 0, 1],
        "score": [5, 4, 3, 1],
        "weight": [2, 1, 9, 1],
    }
    kept, same = unbeaten({key: np.array(value) for key, value in regions.items()})
    assert list(kept) == [0, 2, 3]
    assert list(same) == [False, True, False]


def test_a_run_too_large_for_a_page_goes_without(run_folder, monkeypatch):
    monkeypatch.setattr("emocam.report.sliders.MOST", 3)
    assert not write_levels(run_folder[0], Run(run_folder[0]))


def test_with_a_chance_the_page_counts_regions_below_it(run_folder):
    folder, _ = run_folder
    file = folder / "evidence.parquet"
    table = pq.read_table(file)
    chance = np.random.default_rng(3).random(len(table)).astype(np.float32)
    pq.write_table(table.append_column("chance", pa.array(chance)), file, row_group_size=5000)
    summary = json.loads((folder / "summary.json").read_text())
    summary["thresholds"]["chance"] = 0.07
    (folder / "summary.json").write_text(json.dumps(summary))
    run, data = Run(folder), written(folder, "chance")
    rows = pd.read_parquet(file).astype({"object": str, "label": str})
    for at in (0.07, 0.5, 1):
        expected = rows[(rows["chance"] < np.float32(at)) & (rows["score"] > np.float32(0.5))]
        found = page_counts(data, run, {"score": 0.5, "chance": at, "confidence": 0}, "chance")
        assert found == expected.groupby(["object", "label"])["image"].nunique().to_dict() and found
    assert (find_strongest(run).pairs.groupby("passed")["strength"].min()[True]) > 1 - np.float32(0.07)
