"""A number that equals its threshold does not pass it, wherever regions are counted."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from emocam.callback.overlay import look_up
from emocam.cells.occurrences import read_occurrences
from emocam.compare.reliability import split_half_reliability
from emocam.functional.statistics import threshold_grid
from emocam.intervention.paste import regions_of
from emocam.intervention.plan import corpus_of
from emocam.records.thresholds import Thresholds
from emocam.report.examples import box_counts
from emocam.report.sliders import levels
from emocam.report.top_pictures import find_strongest
from emocam.results.run import Run
from emocam.task.grid import grid_of

# 0.3 and 0.7 as float32 lie above the double, 0.6 below: a comparison of doubles errs in one of them
EQUAL = [0.3, 0.6, 0.7]


@pytest.fixture(params=EQUAL)
def run_at(request: pytest.FixtureRequest, finished_run) -> tuple[Run, Thresholds]:
    """Runs whose even regions lie just above all thresholds, and odd ones exactly at one of them."""
    at = request.param
    run = finished_run("gradcam", np.full((60, 4), 0.9), images=60)
    file = run.path / "evidence.parquet"
    table = pq.read_table(file)
    above = np.nextafter(np.float32(at), np.float32(1))
    place = np.arange(len(table)) % 4
    for column, which in (("score", 1), ("importance", 3)):
        numbers = np.where(place == which, np.float32(at), above).astype(np.float32)
        where = table.schema.get_field_index(column)
        table = table.set_column(where, table.schema.field(column), pa.array(numbers))
    image = pd.Index(run.predictions["image"].astype(str)).get_indexer(table["image"].to_pylist())
    confidence = np.where(np.arange(60) % 3 == 0, np.float32(at), above).astype(np.float32)
    where = table.schema.get_field_index("confidence")
    table = table.set_column(where, table.schema.field("confidence"), pa.array(confidence[image]))
    pq.write_table(table, file)
    predictions = pq.read_table(run.path / "predictions.parquet")
    where = predictions.schema.get_field_index("confidence")
    predictions = predictions.set_column(where, predictions.schema.field("confidence"), pa.array(confidence))
    pq.write_table(predictions, run.path / "predictions.parquet")
    thresholds = Thresholds(score=at, importance=at, confidence=at)
    summary = {**run.summary, "thresholds": vars(thresholds)}
    (run.path / "summary.json").write_text(json.dumps(summary))
    return Run(run.path), thresholds


def slow_regions(run: Run, at: float) -> pd.DataFrame:
    """Regions that count, one after the other, as stored numbers."""
    rows = pd.read_parquet(run.path / "evidence.parquet").astype({"image": str, "object": str, "label": str})
    limit = np.float32(at)
    kept = [
        row.score > limit and row.importance > limit and row.confidence > limit
        for row in rows.itertuples(index=False)
    ]
    return rows[kept]


def test_all_that_count_regions_count_the_same_ones(run_at: tuple[Run, Thresholds], tmp_path: Path) -> None:
    run, thresholds = run_at
    at = thresholds.score
    rows = slow_regions(run, at)
    pairs = rows.drop_duplicates(["image", "object"])
    expected = pd.crosstab(pairs["object"], pairs["label"]).reindex(
        index=run.object_names, columns=run.label_names, fill_value=0
    )
    shape = (len(run.object_names), len(run.label_names))
    assert 0 < len(rows) < 0.5 * 240

    # the matrix, from Python and in the run
    assert (run.counts(thresholds).counts.numpy() == expected.to_numpy()).all()
    found = read_occurrences(run, thresholds)
    assert (found.count(found.label, shape[1]).kept == expected.to_numpy()).all()
    # the ablation of thresholds
    grid = grid_of(run, np.array([at]), np.array([at]), thresholds)
    assert (grid[0, 0] == expected.to_numpy()).all()
    # the page: its pictures, its sliders, its boxes
    shown = find_strongest(run).pairs
    shown = shown[shown["passed"].astype(bool)]
    assert {(i, run.object_names[o]) for i, o in zip(shown["image"], shown["object"], strict=True)} == {
        *zip(pairs["image"], pairs["object"], strict=True)
    }
    evidence = pd.read_parquet(run.path / "evidence.parquet")
    passed = [levels(evidence[name].to_numpy(), [at]) == 1 for name in ("score", "importance", "confidence")]
    assert np.logical_and.reduce(passed).sum() == len(rows)
    box = evidence[["x0", "y0", "x1", "y1", "score", "importance"]].astype(float).to_numpy().tolist()
    sure = (evidence["confidence"] > np.float32(at)).to_numpy()
    assert sum(box_counts(run, one) for one, yes in zip(box, sure, strict=True) if yes) == len(rows)
    # pictures with what was looked at
    images = run.predictions["image"].astype(str).tolist()
    drawn = sum(len(view.boxes) for _, view in look_up(run, images, thresholds))
    assert drawn == len(rows)


def test_what_is_present_is_the_same_for_effects_and_pastes(run_at: tuple[Run, Thresholds]) -> None:
    run, thresholds = run_at
    limit = np.float32(thresholds.score)
    rows = pd.read_parquet(run.path / "evidence.parquet").astype({"image": str, "object": str})
    detected = rows[rows["score"].to_numpy() > limit]
    pasted = regions_of(run, run.object_names, thresholds)
    assert sum(map(len, pasted.values())) == len(detected)
    present = detected[detected["confidence"].to_numpy() > limit]
    corpus = corpus_of(run, run.object_names, thresholds)
    held = {(image, name) for name, images in corpus.regions.items() for image in images}
    assert held == {*zip(present["image"], present["object"], strict=True)}
    assert len(corpus.label) == 40


def test_the_reliability_sees_the_same_regions(
    run_at: tuple[Run, Thresholds], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, thresholds = run_at
    seen: list[int] = []
    monkeypatch.setattr(
        "emocam.compare.reliability.split_half", lambda cells, *rest: seen.append(len(cells)) or 0.0
    )
    split_half_reliability(run, thresholds)
    assert seen == [len(slow_regions(run, thresholds.score).drop_duplicates(["image", "object"]))]


def test_the_grid_s_own_function_compares_as_the_thresholds_do() -> None:
    at = np.float32(0.3)
    counts = threshold_grid.count_grid(
        np.array([0]), np.array([0]), np.array([0]), np.array([at]), np.array([at]),
        np.array([0.0, 0.3]), np.array([0.0, 0.3]), (1, 1),
    )  # fmt: skip
    assert counts.reshape(2, 2).tolist() == [[1, 0], [0, 0]]


def test_nan_never_counts_and_no_cam_asks_no_importance() -> None:
    nan, one = torch.tensor([torch.nan]), torch.ones(1)
    limits = Thresholds()
    assert not limits.kept(one, one, nan, None, True)
    assert limits.kept(one, one, nan, None, False)
    assert not limits.kept(nan, one, one, None, False)
