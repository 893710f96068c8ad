"""How many pictures are enough, of a run."""

import numpy as np
import pandas as pd

from emocam.callback.base import Finished
from emocam.callback.stability import Stability
from emocam.records.thresholds import Thresholds


def finish(finished_run, thresholds=None, images=60) -> Finished:
    importance = np.random.default_rng(0).random((images, 4))
    return Finished(finished_run("gradcam", importance, images=images), None, thresholds or Thresholds(), {})


def test_a_table_and_a_figure_tell_what_parts_share(finished_run) -> None:
    finished = finish(finished_run)
    assert set(Stability(draws=5).on_run_end(finished)) == {"stable_from", "stable_top"}
    table = pd.read_csv(finished.folder / "stability.csv")
    assert table["images"].tolist() == [10, 15, 20, 30, 50, 60]
    assert table.iloc[-1][["overlap", "same", "strongest"]].tolist() == [1, 1, 1]
    assert (table["overlap_low"] <= table["overlap_high"]).all() and (table["draws"] == 5).all()
    assert (finished.folder / "stability.png").stat().st_size > 1000


def test_images_below_the_threshold_of_confidence_are_no_part(finished_run) -> None:
    finished = finish(finished_run, Thresholds(confidence=0.6))
    Stability(draws=3).on_run_end(finished)
    sure = (finished.run.predictions["confidence"] > 0.6).sum()
    assert pd.read_csv(finished.folder / "stability.csv")["images"].max() == sure


def test_where_nothing_counts_nothing_is_left(finished_run) -> None:
    finished = finish(finished_run, Thresholds(importance=1.0))
    assert Stability().on_run_end(finished) == {"stable_from": None, "stable_top": 0}
    assert not (finished.folder / "stability.csv").exists()
