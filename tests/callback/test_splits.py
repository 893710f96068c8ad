"""Cells by what people said, against pandas."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import binomtest, t

from emocam.callback.base import Finished
from emocam.callback.splits import Splits
from emocam.functional.statistics.wilson import wilson
from emocam.records.thresholds import Thresholds

LABEL = [0, 0, 1, 1, 1, 0]
OBJECTS = [[0], [0, 1], [1], [], [0], [0]]
TRUTH = ["Joy", "Awe", "Joy", "Awe", "", "Joy"]


@pytest.fixture
def left(finish):
    """The run's folder after the split, and what the summary gets."""
    finished = finish(LABEL, OBJECTS, {"truth": TRUTH})
    return finished.folder, Splits().on_run_end(finished)


def test_cells_against_the_truth_count_images_by_what_people_said(left) -> None:
    table = pd.read_csv(left[0] / "cells_truth.csv").set_index(["object", "label"])
    assert table.loc[("cake", "Joy"), ["images", "present", "kept", "percent"]].tolist() == pytest.approx(
        [3, 2, 2, 200 / 3]
    )
    assert table.loc[("house", "Awe"), ["images", "present"]].tolist() == [2, 1]
    low, high = binomtest(2, 3).proportion_ci(method="wilson")
    assert table.loc[("cake", "Joy"), ["percent_low", "percent_high"]].tolist() == pytest.approx(
        [100 * low, 100 * high]
    )
    assert np.isnan(table.loc[("boat", "Joy"), "use"]) and len(table) == 6
    pd.testing.assert_frame_equal(
        pd.read_parquet(left[0] / "cells_truth.parquet"),
        pd.read_csv(left[0] / "cells_truth.csv"),
        check_dtype=False,
    )


def test_each_confusion_has_rows_of_its_own(left) -> None:
    table = pd.read_parquet(left[0] / "cells_split.parquet").set_index(["object", "truth", "label"])
    assert table["images"].to_dict() == {
        ("cake", "Joy", "Joy"): 2,
        ("cake", "Awe", "Joy"): 1,
        ("house", "Awe", "Joy"): 1,
        ("house", "Joy", "Awe"): 1,
    }
    assert table["present"].sum() == 5 and table.index[table["right"]].tolist() == [("cake", "Joy", "Joy")]


def test_right_and_wrong_sum_up_to_what_is_annotated(left) -> None:
    right, wrong = (pd.read_csv(left[0] / f"cells_{name}.csv") for name in ("right", "wrong"))
    assert right.groupby("label")["images"].first().to_dict() == {"Awe": 1, "Joy": 2}
    assert wrong.groupby("label")["images"].first().to_dict() == {"Awe": 1, "Joy": 1}
    split = pd.read_parquet(left[0] / "cells_split.parquet")
    assert right["present"].sum() == split.loc[split["right"], "present"].sum()
    assert wrong["present"].sum() == split.loc[~split["right"], "present"].sum()


def test_labels_that_the_classifier_does_not_know_are_neither_right_nor_wrong(finish) -> None:
    finished = finish(LABEL, OBJECTS, {"truth": ["Grief", "Awe", "Joy", "Awe", "", "Joy"]})
    assert Splits().on_run_end(finished) == {}
    assert (finished.folder / "cells_truth.csv").exists() and not (
        finished.folder / "cells_right.csv"
    ).exists()


def test_without_truth_nothing_is_left(finish) -> None:
    finished = finish(LABEL, OBJECTS)
    assert Splits().on_run_end(finished) == {}
    assert not list(finished.folder.glob("cells*"))


def test_rows_are_those_of_three_loops(finished_run) -> None:
    run = finished_run("gradcam", np.random.default_rng(0).random((60, 4)))
    predictions = run.predictions.assign(truth=np.random.default_rng(1).choice(["joy", "fear", ""], 60))
    file = run.path / "predictions.parquet"
    metadata = pq.read_schema(file).metadata
    pq.write_table(
        pa.Table.from_pandas(predictions, preserve_index=False).replace_schema_metadata(metadata), file
    )
    Splits().on_run_end(Finished(run, None, Thresholds(), {}))
    table = pd.read_parquet(run.path / "cells_split.parquet")
    evidence = run.evidence.merge(predictions[["image", "truth"]]).astype({"object": str, "label": str})
    for row in table.itertuples():
        own = evidence[(evidence["truth"] == row.truth) & (evidence["label"] == row.label)]
        there = own[own["object"] == row.object]
        assert row.present == there["image"].nunique()
        assert row.kept == there[there["importance"] > np.float32(0.3)]["image"].nunique()
        said = predictions[
            (predictions["truth"] == row.truth) & (predictions["label"].astype(str) == row.label)
        ]
        assert row.images == len(said)
    seen = evidence[evidence["truth"] != ""].drop_duplicates(["image", "object"])
    assert table["present"].sum() == len(seen)


def shares_by_hand(group: list[str], of: list[bool], hit: list[bool]) -> tuple[float, float]:
    """The interval of a share of copies: each group once, as many as there are groups."""
    named = [{g for g, chosen in zip(group, marks, strict=True) if chosen} for marks in (of, hit)]
    low, high = wilson(np.array([len(named[1])]), np.array([len(named[0])]), t.ppf(0.975, len(named[0]) - 1))
    return 100 * float(low[0]), 100 * float(high[0])


def test_copies_make_no_interval_narrower(finish) -> None:
    """Each picture five times over, as a group: the intervals are those of the pictures, by Student's t."""
    five = {
        "truth": [truth for truth in TRUTH for _ in range(5)],
        "group": [str(i) for i in range(6) for _ in range(5)],
    }
    finished = finish([k for k in LABEL for _ in range(5)], [o for o in OBJECTS for _ in range(5)], five)
    Splits().on_run_end(finished)
    cells = pd.read_parquet(finished.folder / "cells_truth.parquet").set_index(["object", "label"])
    joy = [truth == "Joy" for truth in TRUTH]
    cake = [0 in shown and of for shown, of in zip(OBJECTS, joy, strict=True)]
    names = [str(i) for i in range(6)]
    told = cells.loc[("cake", "Joy"), ["present_low", "present_high"]].tolist()
    assert told == pytest.approx(shares_by_hand(names, joy, cake))
    both = pd.read_parquet(finished.folder / "cells_split.parquet").set_index(["object", "truth", "label"])
    alike = [a == "Joy" and k == 0 for a, k in zip(TRUTH, LABEL, strict=True)]
    told = both.loc[("cake", "Joy", "Joy"), ["present_low", "present_high"]].tolist()
    assert told == pytest.approx(shares_by_hand(names, alike, alike))
    right = pd.read_csv(finished.folder / "cells_right.csv").set_index(["object", "label"])
    told = right.loc[("cake", "Joy"), ["present_low", "present_high"]].tolist()
    assert told == pytest.approx(shares_by_hand(names, alike, alike))
