"""Tables for spreadsheets list predicted labels first, and are read and verified in either order."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emocam.callback.association import Association
from emocam.callback.base import Finished
from emocam.plot.association import association_figure, predicted_columns
from emocam.results.recount import recounted_faults
from emocam.results.run import Run
from tests.report.conftest import OBJECTS, write_run

LABELS = ["=none", "danger", "never", "calm", "joy"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in whose pictures only three of five labels are predicted."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    write_run(folder, OBJECTS, LABELS, 60)
    for name in ("predictions", "evidence"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pq.read_table(folder / f"{name}.parquet")
        other = {"=none": "calm", "never": "joy"}
        names = [other.get(label, label) for label in table["label"].cast(pa.string()).to_pylist()]
        place = table.schema.get_field_index("label")
        pq.write_table(
            table.set_column(place, "label", pa.array(names).dictionary_encode()), folder / f"{name}.parquet"
        )
    run = Run(folder)
    Association().on_run_end(Finished(run, None, run.thresholds))
    return folder


def test_predicted_labels_are_the_first_columns_and_all_are_there(folder: Path) -> None:
    for name in ("association.csv", "association_percent.csv"):
        assert list(pd.read_csv(folder / name).columns) == [
            "object",
            "danger",
            "calm",
            "joy",
            "'=none",
            "never",
        ]
    assert list(pd.read_csv(folder / "labels.csv")["label"]) == ["'=none", *LABELS[1:]]  # the order of logits


def test_numbers_are_read_by_their_label_in_the_new_order_and_in_the_old(
    folder: Path, tmp_path: Path
) -> None:
    run = Run(folder)
    expected = run.association().to_numpy()
    assert run.matrix.labels == LABELS and (run.matrix.counts == expected).all() and expected.any()
    assert not [fault for fault in recounted_faults(run) if "association" in fault]
    table = pd.read_csv(folder / "association.csv", index_col=0)
    old = table[["'=none", *LABELS[1:]]]
    changed = old.copy()
    changed.iloc[2, 1] += 1
    try:
        old.to_csv(folder / "association.csv")
        assert (Run(folder).matrix.counts == expected).all()
        assert not [fault for fault in recounted_faults(Run(folder)) if "association" in fault]
        changed.to_csv(folder / "association.csv")
        (fault,) = [fault for fault in recounted_faults(Run(folder)) if "association" in fault]
        assert f"({OBJECTS[2]}), danger" in fault
    finally:
        table.to_csv(folder / "association.csv")


def test_a_figure_of_many_labels_has_those_of_the_most_images() -> None:
    labels = [f"kind {i:03d}" for i in range(300)]
    images = np.zeros(300, int)
    images[[7, 200, 50]] = [2, 9, 2]
    percent = pd.DataFrame(np.random.default_rng(0).random((4, 300)), list("abcd"), labels)
    assert list(predicted_columns(percent, images).columns) == ["kind 200", "kind 007", "kind 050"]
    axes = association_figure(percent, images=images).axes[0]
    assert axes.get_title(loc="left") == "3 of 300 labels, those of the most images first"
    assert list(predicted_columns(percent.iloc[:, :8], images[:8]).columns) == labels[:8]
