"""Regions whose chance is below a threshold, by the real command."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from emocam.functional.map.chance import box_chance
from emocam.results.run import Run

Command = Callable[..., int]
QUICK = ("logger=null", "~callback.report", "data.workers=0")


def without_chance(folder: str) -> None:
    """As evidence was before there was a chance."""
    import pyarrow.parquet as pq

    file = Path(folder) / "evidence.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["chance", "chance_centre"]), file)


def test_the_matrix_counts_regions_below_the_chance(emocam: Command) -> None:
    assert emocam(*QUICK, "+cam=gradcam", "data.images=16", "threshold.chance=0.2", "hydra.run.dir=run") == 0
    run, evidence = Run("run"), pd.read_parquet("run/evidence.parquet").astype({"object": str, "label": str})
    counted = evidence[(evidence["chance"] < np.float32(0.2)) & (evidence["score"] > np.float32(0.005))]
    once = counted.drop_duplicates(["image", "object"]).groupby(["object", "label"]).size()
    counts = pd.read_csv("run/association.csv", index_col="object")
    found = counts.stack()
    assert found[found > 0].to_dict() == once.to_dict() and len(once)
    assert run.summary["thresholds"]["chance"] == 0.2
    assert run.summary["lowest_chance"] == pytest.approx(evidence["chance"].min())
    pd.testing.assert_frame_equal(run.association(), counts, check_dtype=False)
    important = evidence[evidence["importance"] > np.float32(0.3)].drop_duplicates(["image", "object"])
    assert run.association(importance=0.3).to_numpy().sum() == len(important) != counts.to_numpy().sum()


def test_chances_are_those_of_the_stored_maps(emocam: Command) -> None:
    assert emocam(*QUICK, "+cam=layercam", "data.images=6", "hydra.run.dir=run") == 0
    run = Run("run")
    for (_, regions), (maps, window), block in zip(
        run.blocks(), run.explanations(), run.tensors(), strict=True
    ):
        boxes = torch.from_numpy(np.stack([regions[side].to_numpy() for side in ("x0", "y0", "x1", "y1")], 1))
        found = box_chance(maps, window, boxes, block["image"])
        assert regions["chance"].to_pylist() == pytest.approx(found.anywhere.tolist(), abs=0.01)
        assert regions["chance_centre"].to_pylist() == pytest.approx(found.centred.tolist(), abs=0.05)


def test_without_a_cam_chance_is_not_asked(emocam: Command) -> None:
    for word, folder in (("threshold.chance=0.01", "one"), ("threshold.chance=null", "other")):
        assert emocam(*QUICK, "data.images=6", word, f"hydra.run.dir={folder}") == 0
    assert Path("one/association.csv").read_bytes() == Path("other/association.csv").read_bytes()
    assert Run("one").evidence["chance"].isna().all()


def test_evidence_from_before_there_was_a_chance(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    emocam(*QUICK, "+cam=gradcam", "data.images=6", "hydra.run.dir=run")
    without_chance("run")
    replay = (*QUICK, "task=replay", "evidence=run")
    assert emocam(*replay, "hydra.run.dir=again") == 0
    assert Path("again/association.csv").read_bytes() == Path("run/association.csv").read_bytes()
    capsys.readouterr()
    assert emocam(*replay, "threshold.chance=0.05", "hydra.run.dir=more") == 1
    assert (
        capsys.readouterr()
        .err.strip()
        .splitlines()[-1]
        .endswith(
            "threshold.chance=0.05 needs evidence with a column chance, and this has none, as it was "
            "written before there was one; run the pictures again, or leave it at threshold.chance=null"
        )
    )


def test_a_chance_beyond_one_is_refused(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam(*QUICK, "threshold.chance=1.5") == 1
    assert "threshold.chance must be a number in [0, 1] (default null), got 1.5" in capsys.readouterr().err


def test_nothing_below_the_chance_is_said(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    emocam(*QUICK, "+cam=uniform", "data.images=6", "threshold.chance=0.05", "hydra.run.dir=run")
    assert "no region passed threshold.chance=0.05 (lowest was 1.000)" in capsys.readouterr().out
