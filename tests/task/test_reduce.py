"""`task=reduce`: a table, a picture and a page of fewer points; interrupted, it goes on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra

from emocam.cli.main import answer
from emocam.results.verify import folder_faults
from emocam.task import reduce
from emocam.task.reduction_table import choice_stability
from emocam.train.point_stack import StackRecipe
from emocam.train.reduction import ReductionPlan
from tests.data.points import sequences

WORDS = ("task=reduce", "classifier=landmarks", "classifier.kind=random", "logger=null", "cache=null")
QUICK = (
    "data.world=sequences",
    "data.images=240",
    "reduce.sizes=[12]",
    "reduce.orders=[ig,typical,welch,random,worst]",
)


def command(folder: Path, *words: str) -> int:
    GlobalHydra.instance().clear()
    return answer([*WORDS, *words, f"hydra.run.dir={folder}"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reduce") / "run"
    assert command(folder, *QUICK) == 0
    return folder


def test_each_label_order_and_number_of_points_has_a_row_both_ways(folder: Path) -> None:
    rows = pd.read_parquet(folder / "reduction.parquet")
    assert len(rows) == 7 * 5 * 2 * 2 and rows["balanced_accuracy"].between(0, 1).all()
    assert (rows["low"] <= rows["balanced_accuracy"] + 1e-9).all() and (rows["high"] >= rows["low"]).all()
    mean = rows[rows["label"] == "(all)"].set_index(["order", "points", "retrained"])["balanced_accuracy"]
    each = (
        rows[rows["label"] != "(all)"].groupby(["order", "points", "retrained"])["balanced_accuracy"].mean()
    )
    assert np.allclose(mean.sort_index(), each.sort_index())
    assert mean["ig", 12, True] > mean["worst", 12, True] + 0.1
    assert mean["typical", 12, True] != mean["ig", 12, True]
    whole = rows[(rows["points"] == 68) & (rows["label"] == "fear")]["balanced_accuracy"]
    assert whole.nunique() == 1 and list(folder_faults(folder)) == []


def test_the_page_shows_each_label_s_face_with_its_points_ranked(folder: Path) -> None:
    page = (folder / "points.html").read_text()
    assert page.count("data-rank=") == 6 * 68 and 'type="range"' in page and "data:image/png" in page
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["people"] > 40 and summary["completeness_error"] < 0.01
    assert all(
        len(names) == summary["smallest"][label] for label, names in summary["smallest_points"].items()
    )
    assert {"points.csv", "points.png", "reduction.csv", "reduction.png"} <= {
        file.name for file in folder.iterdir()
    }


@pytest.mark.slow
def test_interrupted_it_goes_on_and_comes_to_the_same(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    whole = reduce.reduce_fold

    def stopped(*given: Any) -> Any:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(given[-1])
        return whole(*given)

    monkeypatch.setattr(reduce, "reduce_fold", stopped)
    assert command(tmp_path / "run", *QUICK) == 130
    assert "it still holds reducing" in next(iter(folder_faults(tmp_path / "run")))
    monkeypatch.setattr(reduce, "reduce_fold", lambda *given: (done.append(given[-1]), whole(*given))[1])
    assert command(tmp_path / "run", *QUICK) == 0 and done == [0, 1, 2]
    columns = ["label", "order", "points", "retrained", "balanced_accuracy", "low", "high", "stability"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(folder / "reduction.parquet")[columns],
        pd.read_parquet(tmp_path / "run/reduction.parquet")[columns],
    )
    assert not (tmp_path / "run/reducing").exists()


def test_a_finished_reduction_is_not_done_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduce, "reduce_fold", None)
    assert command(folder, *QUICK) == 0 and list(folder_faults(folder)) == []


def test_a_missing_row_is_found(folder: Path, tmp_path: Path) -> None:
    from emocam.results.verify import _reduction

    rows = pd.read_parquet(folder / "reduction.parquet")
    rows.iloc[1:].to_parquet(tmp_path / "reduction.parquet")
    for name in ("ledger.parquet", "summary.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    assert list(_reduction(tmp_path)) == ["reduction.parquet misses 1 of 140 rows"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("data.world=sequences", "data.shard=1/2"), "a reduction ranks points over the whole corpus"),
        (("data.world=sequences", f"classifier.weights={__file__}"), "leave classifier.weights out"),
        (
            ("data.world=sequences", "reduce.orders=[igg]"),
            "reduce.orders: 'igg' is not known; did you mean ig?",
        ),
        (
            ("data.world=sequences", "reduce.orders=[random]"),
            "reduce.orders needs one of ig, typical, permutation, welch",
        ),
        (
            ("data.world=sequences", "reduce.folds=1"),
            "reduce.folds must be a whole number of at least 2, got 1",
        ),
        (
            ("data.world=sequences", "reduce.sizes=[8,a]"),
            "reduce.sizes must be numbers of points of at least 1, got [8, 'a']",
        ),
        (("data.world=standard",), "these data are pictures"),
    ],
)
def test_what_cannot_be_reduced_is_told_in_a_sentence(
    words: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path / "run", "data.images=20", *words) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert told in lines[-1] and "Traceback" not in "".join(lines)


def test_too_few_of_a_label_are_left_out_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points, labels, persons = sequences(90)
    rare = np.array(labels, object)
    keep = np.ones(90, bool)
    keep[np.flatnonzero(rare == "fear")[3:]] = False
    given = {"points": points[keep], "times": np.arange(16) / 25, "truth": np.array(labels)[keep]}
    np.savez(tmp_path / "a.npz", **given, person=np.array(persons)[keep])
    words = ("data=landmarks", f"data.root={tmp_path / 'a.npz'}", "reduce.sizes=[4]", "reduce.orders=[welch]")
    assert command(tmp_path / "run", *words, "reduce.halvings=0") == 0
    told = capsys.readouterr().err
    assert "fear is left out: 3 sequences of 3 people are too few for 3 folds" in told
    whose = pd.DataFrame({"person": persons, "truth": labels})[keep].query("truth != 'fear'")
    once = (whose.groupby("person")["truth"].nunique() == 1).sum()
    assert f"{once} of {whose['person'].nunique()} people show one label alone" in told and once > 1
    assert "fear" not in set(pd.read_parquet(tmp_path / "run/reduction.parquet")["label"])
    np.savez(tmp_path / "b.npz", **given)
    words = ("data=landmarks", f"data.root={tmp_path / 'b.npz'}")
    assert command(tmp_path / "other", *words) == 1
    assert "'person' is not known of every sequence; add a column person" in capsys.readouterr().err


def test_the_stability_of_a_choice_is_that_of_each_label() -> None:
    ranks = np.array([[[0, 1, 2, 3]], [[1, 0, 3, 2]]])
    assert choice_stability(ranks, 2, 4, 1) == pytest.approx([1, 1])
    assert np.isnan(choice_stability(None, 2, 4, 1)).all()


def test_of_labels_by_lot_no_number_of_points_is_called_enough() -> None:
    rows = [
        ("(all)", "ig", size, again, mean, mean - 0.04, mean + 0.04, 0.1)
        for size in (12, 68)
        for again in (True, False)
        for mean in (0.51,)
    ]
    columns = ["label", "order", "points", "retrained", "balanced_accuracy", "low", "high", "milliseconds"]
    plan = ReductionPlan(("ig",), (12, 68), 1, StackRecipe(), {})
    table = pd.DataFrame(rows, columns=columns)
    by_lot = reduce.reduction_lines(table, plan, {"(all)": 12}, "ig")
    assert "not above one half" in by_lot[1] and not any("enough" in line for line in by_lot)
    higher = table.assign(low=0.8, balanced_accuracy=0.9, high=0.95)
    assert "12 points are enough" in reduce.reduction_lines(higher, plan, {"(all)": 12}, "ig")[1]
