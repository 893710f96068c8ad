import pandas as pd
import pytest

from emocam.callback.measures import Measures


def test_a_row_an_object_and_label_with_all_measures(finish) -> None:
    finished = finish([0, 0, 1, 1], [[0, 0, 1], [1], [1], [0, 1]])
    assert Measures().on_run_end(finished) == {}
    table = pd.read_parquet(finished.folder / "measures.parquet")
    assert list(table) == ["object", "label", "count", "percent", "dice", "jaccard", "yule", "lift"]
    assert set(table["object"]) == {"cake", "house"}  # the boat is nowhere
    assert len(table) == 4
    cake = table.set_index(["object", "label"]).loc[("cake", "Joy")]
    assert (cake["count"], cake["percent"]) == (1, 50)
    assert (cake["dice"], cake["jaccard"], cake["lift"], cake["yule"]) == pytest.approx((0.5, 1 / 3, 1, 0))
    written = pd.read_csv(finished.folder / "measures.csv")
    pd.testing.assert_frame_equal(written, table, check_dtype=False)
