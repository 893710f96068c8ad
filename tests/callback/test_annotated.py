"""A run beside what people said."""

import pandas as pd
import pytest
import torch
from scipy import stats

from emocam.callback.annotated import Annotated

PREDICTED = [0, 0, 1, 1, 1]
OBJECTS = [[0], [0, 1], [1], [], [0]]
TRUTH = ["Joy", "Grief", "Joy", "Grief", ""]


def test_without_truth_nothing_is_left(finish) -> None:
    finished = finish(PREDICTED, OBJECTS)
    before = set(finished.folder.iterdir())
    assert Annotated().on_run_end(finished) == {}
    assert set(finished.folder.iterdir()) == before


def test_objects_go_with_the_annotated_label(finish) -> None:
    finished = finish(PREDICTED, OBJECTS, {"truth": TRUTH})
    assert Annotated().on_run_end(finished)["annotated"] == 4
    counts = pd.read_csv(finished.folder / "association_truth.csv", index_col="object")
    assert counts.loc["cake"].to_dict() == {"Grief": 1, "Joy": 1}
    assert counts.loc["house"].to_dict() == {"Grief": 1, "Joy": 1}
    assert counts.loc["boat"].to_dict() == {"Grief": 0, "Joy": 0}
    percent = pd.read_csv(finished.folder / "association_truth_percent.csv", index_col="object")
    assert percent.loc["cake"].to_dict() == {"Grief": 50, "Joy": 50}


def test_predicted_stands_against_annotated(finish) -> None:
    finished = finish(PREDICTED, OBJECTS, {"truth": TRUTH})
    Annotated().on_run_end(finished)
    table = pd.read_csv(finished.folder / "confusion.csv", index_col="predicted")
    assert table.to_dict("index") == {"Joy": {"Grief": 1, "Joy": 1}, "Awe": {"Grief": 1, "Joy": 1}}
    assert (finished.folder / "confusion.png").stat().st_size > 1000


def test_images_below_the_threshold_of_confidence_do_not_count(finish) -> None:
    # softmax of (t, 0) for t from 1 to 2: .73, .78, .82, .85, .88
    finished = finish(PREDICTED, OBJECTS, {"truth": TRUTH}, confidence=0.75)
    assert Annotated().on_run_end(finished)["annotated"] == 3
    counts = pd.read_csv(finished.folder / "association_truth.csv", index_col="object")
    assert counts.loc["cake"].to_dict() == {"Grief": 1, "Joy": 0}


def test_predicted_numbers_go_with_annotated_ones(finish) -> None:
    predicted, said = [3.0, 2.5, 3.5, 3.2, 9.0], [1.0, -2.0, 3.0, 3.0, float("nan")]
    known = {"truth_valence": said, "truth_arousal": [1.0] * 5}
    derived = {"valence": torch.tensor(predicted), "arousal": torch.arange(5.0)}
    finished = finish(PREDICTED, OBJECTS, known, derived)
    found = Annotated().on_run_end(finished)
    assert found == {
        "valence_pearson": pytest.approx(stats.pearsonr(predicted[:4], said[:4]).statistic),
        "valence_spearman": pytest.approx(stats.spearmanr(predicted[:4], said[:4]).statistic),
    }
    table = pd.read_csv(finished.folder / "agreement.csv", index_col="number")
    assert table["images"].to_dict() == {"valence": 4, "arousal": 5}
    assert table.loc["arousal", ["pearson", "spearman"]].isna().all()
    assert (finished.folder / "agreement.png").stat().st_size > 1000


def test_correlations_have_intervals_by_group(finish) -> None:
    """Thirty pictures say less when they are ten, each three times over."""
    draws = torch.Generator().manual_seed(0)
    said = torch.randn(10, generator=draws).repeat_interleave(3)
    valence = 0.6 * said + 0.8 * torch.randn(10, generator=draws).repeat_interleave(3)
    width = {}
    for name, group in (("alone", {}), ("groups", {"group": [f"g{i // 3}" for i in range(30)]})):
        known = {"truth_valence": said.tolist(), **group}
        finished = finish([0] * 30, [[0]] * 30, known, {"valence": valence})
        Annotated().on_run_end(finished)
        row = pd.read_csv(finished.folder / "agreement.csv").iloc[0]
        for measure in ("pearson", "spearman"):
            assert row[f"{measure}_low"] < row[measure] < row[f"{measure}_high"]
        width[name] = row["pearson_high"] - row["pearson_low"]
    assert width["groups"] > 1.4 * width["alone"]


def test_one_image_has_no_correlation(finish) -> None:
    finished = finish([0], [[0]], {"truth_valence": [1.0]}, {"valence": torch.tensor([3.0])})
    assert Annotated().on_run_end(finished) == {}


def test_without_any_label_known_there_is_no_table(finish) -> None:
    finished = finish([0, 1], [[0], [1]], {"truth": ["", ""]})
    assert Annotated().on_run_end(finished) == {}
