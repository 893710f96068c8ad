"""The pictures in which the focus moved."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.compare.compare import compare
from emocam.compare.focus_shift import most_moved


@pytest.fixture
def runs(finished_run):
    """Two runs whose maps agree but for that of picture 7, where one looks left and the other right."""
    runs = [finished_run(name, np.random.default_rng(0).random((60, 4))) for name in ("one", "two")]
    for run, side in zip(runs, (0, 1), strict=True):
        file = run.path / "maps.parquet"
        table = pq.read_table(file)
        cells = np.ones((60, 2, 2), np.float32)
        cells[7] = 0
        cells[7, :, side] = 1
        column = pa.FixedSizeListArray.from_arrays(cells.ravel(), 4)
        pq.write_table(table.set_column(table.column_names.index("map"), "map", column), file)
    return runs


def test_the_picture_whose_focus_moved_comes_first_and_others_have_no_row(runs) -> None:
    table = most_moved(runs, ["one", "two"])
    assert table["image"].tolist() == ["007.png"]
    # bilinear halves of two cells: each side's mass reaches over the middle
    assert table.loc[0, "moved"] == pytest.approx(0.75, abs=0.01)
    assert table.loc[0, ["run_a", "run_b", "changed"]].tolist() == ["one", "two", False]


def test_runs_without_maps_have_no_focus(runs, finished_run) -> None:
    presence = finished_run("presence")
    assert most_moved([runs[0], presence], ["one", "presence"]).empty
    with_third = most_moved([*runs, presence], ["one", "two", "presence"])
    assert with_third["image"].tolist() == ["007.png"]


def test_a_comparison_leaves_moved_and_paired_tables(runs, tmp_path) -> None:
    found = compare(runs, tmp_path / "out")
    assert pd.read_csv(tmp_path / "out/moved.csv")["image"].tolist() == ["007.png"]
    assert (pd.read_csv(tmp_path / "out/paired.csv")["difference"] == 0).all() and len(found.cells)
    low = pd.read_csv(tmp_path / "out/similarity_low.csv", index_col="run").to_numpy()
    high = pd.read_csv(tmp_path / "out/similarity_high.csv", index_col="run").to_numpy()
    assert (low <= found.similarity["similarity"].to_numpy() + 1e-9).all() and (high <= 1).all()


def test_row_groups_that_differ_between_runs_change_nothing(runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of runs with more pictures than a row group holds, one of them resumed at another place."""
    whole = most_moved(runs, ["one", "two"])
    monkeypatch.setattr("emocam.compare.focus_shift.BLOCK", 16)
    for run, rows in zip(runs, (7, 25), strict=True):
        for name, group in (("predictions", rows), ("maps", rows + 4)):
            file = run.path / f"{name}.parquet"
            table = pq.read_table(file, read_dictionary=["label"] if name == "predictions" else [])
            with pq.ParquetWriter(file, table.schema) as writer:
                writer.write_table(table.slice(0, 0))  # of a batch in which no picture could be used
                writer.write_table(table, row_group_size=group)
    pd.testing.assert_frame_equal(most_moved(runs, ["one", "two"]), whole)
