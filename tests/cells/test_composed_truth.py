"""What composing pictures again says is used: means and intervals that can be checked by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emocam.cells.composed_truth import LEAST, read_composed_truth
from emocam.results.parquet_file import write_frame

OBJECTS, LABELS = ["Cup", "Dog"], ["joy", "awe"]


def rows(object: str, label: str, drops: np.ndarray, fill: str = "composed") -> pd.DataFrame:
    images = [f"{i}.png" for i in range(len(drops))]
    return pd.DataFrame({"object": object, "label": label, "image": images, "fill": fill, "effect": drops})


def written(folder: Path, *tables: pd.DataFrame) -> Path:
    write_frame(pd.concat(tables), folder / "effect.parquet")
    return folder / "effect.parquet"


def test_what_drops_is_used_what_does_not_is_idle_and_what_lies_between_is_neither(tmp_path: Path) -> None:
    spread = np.linspace(-1, 1, LEAST)
    cells = (rows("Cup", "joy", 2 + spread), rows("Cup", "awe", spread), rows("Dog", "joy", 0.9 + spread))
    truth = read_composed_truth(written(tmp_path, *cells), OBJECTS, LABELS)
    assert truth is not None
    assert truth.used.tolist() == [[True, False], [False, False]]
    assert truth.idle.tolist() == [[False, True], [False, False]]
    assert truth.drop[0] == pytest.approx([2, 0]) and np.isnan(truth.drop[1, 1])


def test_too_few_pictures_or_too_wide_an_interval_say_nothing(tmp_path: Path) -> None:
    wide = np.tile([-6.0, 9.0], LEAST // 2)
    low = stats.ttest_1samp(wide, 0).confidence_interval().low
    assert wide.mean() > 1 and low < 0.5
    few = rows("Dog", "awe", np.full(LEAST - 1, 3.0))
    truth = read_composed_truth(written(tmp_path, rows("Cup", "joy", wide), few), OBJECTS, LABELS)
    assert truth is not None and not truth.used.any() and not truth.idle.any()


def test_fills_are_no_truth(tmp_path: Path) -> None:
    file = written(tmp_path, rows("Cup", "joy", np.full(LEAST, 3.0), "blur"))
    assert read_composed_truth(file, OBJECTS, LABELS) is None
    assert read_composed_truth(tmp_path / "none.parquet", OBJECTS, LABELS) is None


def test_a_drop_at_a_limit_is_on_neither_side(tmp_path: Path) -> None:
    cells = [rows("Cup", "joy", np.full(LEAST, 1.0)), rows("Cup", "awe", np.full(LEAST, 1.01))]
    cells += [rows("Dog", "joy", np.full(LEAST, 0.75)), rows("Dog", "awe", np.full(LEAST, 0.74))]
    truth = read_composed_truth(written(tmp_path, *cells), OBJECTS, LABELS)
    assert truth is not None
    assert truth.used.tolist() == [[False, True], [False, False]]
    assert truth.idle.tolist() == [[False, False], [False, True]]


def test_twenty_pictures_are_enough_and_nineteen_are_not(tmp_path: Path) -> None:
    cells = rows("Cup", "joy", np.full(20, 3.0)), rows("Cup", "awe", np.full(19, 3.0))
    truth = read_composed_truth(written(tmp_path, *cells), OBJECTS, LABELS)
    assert truth is not None and truth.used.tolist() == [[True, False], [False, False]]
