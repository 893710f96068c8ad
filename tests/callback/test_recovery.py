"""The command itself, on few pictures: what it leaves is scored against what was planted."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from emocam.callback.recovery import IMPORTANCES, Recovery, read_regions

Command = Callable[..., int]
QUICK = ("logger=null", "callback=recovery", "data.workers=0")


def test_a_good_map_recovers_and_every_importance_is_weighed_from_it(emocam: Command) -> None:
    assert emocam(*QUICK, "+cam=gradcam", "data.images=60", "hydra.run.dir=run") == 0
    scores = pd.read_csv("run/recovery.csv").set_index(["rule", "by"])
    assert set(scores.loc["paper"].index) == set(IMPORTANCES)
    assert (scores["used"] == 8).all() and scores.loc[("average", "mean"), "auc"] > 0.95
    cells = pd.read_parquet("run/recovery.parquet")
    percent = pd.read_csv("run/association_percent.csv", index_col="object")
    paper = cells[(cells["rule"] == "paper") & (cells["by"] == "mean")]
    for cell in paper.itertuples():
        assert cell.score == pytest.approx(percent.loc[cell.object, cell.label])


def test_stored_maps_give_the_importance_of_the_run(emocam: Command) -> None:
    from emocam.callback.base import Finished
    from emocam.records.thresholds import Thresholds
    from emocam.results.run import Run

    for importance in ("mean", "contrast"):
        folder = f"run-{importance}"
        words = ("+cam=gradcam", "data.images=6", f"importance={importance}", f"hydra.run.dir={folder}")
        assert emocam(*QUICK, *words) == 0
        regions = read_regions(Finished(Run(folder), None, Thresholds(), {}))
        assert np.allclose(regions[importance], regions["importance"], atol=1e-5)


def test_without_a_cam_there_is_presence_alone(emocam: Command) -> None:
    assert emocam(*QUICK, "data.images=20", "hydra.run.dir=run") == 0
    assert pd.read_csv("run/recovery.csv")["rule"].tolist() == ["presence"]


def test_without_truth_nothing_is_left(finish) -> None:
    finished = finish([0, 1], [[0], [1]])
    assert Recovery().on_run_end(finished) == {}
    assert not (finished.folder / "recovery.csv").exists()


def test_pictures_composed_again_are_the_truth_where_there_are_any(emocam: Command) -> None:
    words = ("data.world=photographs", "classifier.world=standard", "data.images=140", "effect.images=20")
    words += ("+effect=erase", "effect.composed=true", "effect.cells=4", "effect.random=0", "effect.least=20")
    assert emocam(*QUICK, "+cam=gradcam", *words, "effect.fills=[grey]", "hydra.run.dir=run") == 0
    trials = pd.read_parquet("run/effect.parquet")
    truth = trials[trials["fill"] == "composed"].groupby(["object", "label"], observed=True)["effect"].mean()
    rows = pd.read_parquet("run/recovery.parquet")
    effects = rows[rows["rule"] == "effect"]
    assert set(effects["by"]) == {"part, bare"} and len(effects)
    for cell in effects.itertuples():
        assert cell.drop == pytest.approx(truth[cell.object, cell.label], abs=1e-6)
        assert cell.used == (cell.drop > 1)
    scores = pd.read_csv("run/recovery.csv").set_index("rule")
    assert {"effect", "effect and attention", "any effect beyond the control"} <= set(scores.index)
    assert scores.loc["effect", "error_90"] < 2
