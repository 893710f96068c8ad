"""What no box covers, of runs whose maps are known."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from emocam.callback.base import Finished
from emocam.callback.unexplained import Unexplained, mean_shares
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.thresholds import Thresholds
from emocam.results.chunks import Chunks
from emocam.results.files import METADATA
from emocam.results.run import Run
from emocam.results.tables import evidence_tables

LEFT, LOW_SCORE = [0.0, 0, 0.5, 1], [0.5, 0.0, 1, 1]
WHOLE = [0.0, 0, 1, 1]


@pytest.fixture
def finish(tmp_path):
    """One image for each map, each with a box over its left half and a doubtful one over its right."""

    def finish(maps, labels, window=WHOLE, score=0.5):
        count = len(maps)
        boxes = torch.tensor([LEFT, LOW_SCORE]).repeat(count, 1)
        evidence = Evidence(
            [f"{i}.jpg" for i in range(count)],
            torch.arange(count),
            Prediction(torch.eye(2)[torch.tensor(labels)]),
            Explanation(torch.tensor(maps, dtype=torch.float32), torch.tensor([window] * count)),
            Detections(
                boxes,
                torch.zeros(2 * count).long(),
                torch.tensor([0.9, 0.1]).repeat(count),
                torch.arange(count).repeat_interleave(2),
            ),
            torch.zeros(2 * count),
        )
        chunks = Chunks(tmp_path, "key")
        chunks.begin()
        chunks.write(
            "0",
            {name: [table] for name, table in evidence_tables(evidence, ["Joy", "Awe"], ["cake"]).items()},
        )
        chunks.merge(
            tmp_path, {METADATA: json.dumps({"labels": ["Joy", "Awe"], "objects": ["cake"]}).encode()}
        )
        return Finished(Run(tmp_path), None, Thresholds(score=score), {})

    return finish


RIGHT = [[0.0, 0, 0, 1]] * 4
EVEN = [[1.0, 1, 1, 1]] * 4
FLAT = [[0.0, 0, 0, 0]] * 4


def test_the_share_outside_all_boxes_is_told_of_each_label(finish) -> None:
    finished = finish([RIGHT, EVEN, EVEN, FLAT], [0, 0, 1, 1])
    assert Unexplained().on_run_end(finished) == {"unexplained": 0.6667, "unexplained_area": 0.5}
    table = pd.read_csv(finished.folder / "unexplained.csv", index_col="label")
    assert table["images"].to_dict() == {"Joy": 2, "Awe": 1, "(all)": 3}
    assert table["unexplained"].to_dict() == pytest.approx({"Joy": 0.75, "Awe": 0.5, "(all)": 2 / 3})
    assert (table["area"] == 0.5).all()


def test_boxes_below_the_threshold_of_score_explain_nothing_and_those_above_do(finish) -> None:
    assert Unexplained().on_run_end(finish([RIGHT], [0], score=0.05))["unexplained"] == 0


def test_a_map_of_half_the_image_is_asked_within_its_window(finish) -> None:
    finished = finish([EVEN], [0], window=[0.25, 0, 0.75, 1])
    assert Unexplained().on_run_end(finished) == {"unexplained": 0.5, "unexplained_area": 0.5}


def test_crops_hold_what_is_left_the_fullest_first(finish) -> None:
    finished = finish([EVEN, RIGHT], [0, 0])
    Unexplained().on_run_end(finished)
    crops = pd.read_parquet(finished.folder / "unexplained_crops.parquet")
    assert crops["image"].tolist() == ["1.jpg", "0.jpg"]
    # a third of four cells is one cell; the hill of the last column reaches an eighth into the one before
    assert crops["held"].tolist() == pytest.approx([7 / 8 / 4, 1 / 16])
    assert crops.loc[0, ["x0", "x1"]].tolist() == [0.75, 1]
    assert list(crops) == ["image", "label", "share", "held", "x0", "y0", "x1", "y1"]


def test_maps_that_are_all_flat_leave_no_number_and_no_crop(finish) -> None:
    finished = finish([FLAT], [0])
    assert Unexplained().on_run_end(finished) == {"unexplained": None, "unexplained_area": None}
    assert pd.read_parquet(finished.folder / "unexplained_crops.parquet").empty


def test_intervals_are_student_s() -> None:
    share = np.random.default_rng(0).uniform(0.2, 0.6, 20)
    table = mean_shares(pd.DataFrame({"label": 0, "share": share, "area": 0.5}), ["Joy", "Awe"]).set_index(
        "label"
    )
    low, high = stats.t.interval(0.95, 19, share.mean(), stats.sem(share))
    assert table.loc["Joy", ["low", "high"]].tolist() == pytest.approx([low, high])
    assert table.loc["Awe", "images"] == 0 and np.isnan(table.loc["Awe", "unexplained"])


def test_without_a_cam_nothing_is_left(finish) -> None:
    finished = finish([EVEN], [0])
    (finished.folder / "maps.parquet").unlink()
    assert Unexplained().on_run_end(finished) == {}
