"""Finished runs become tables, a figure and a sentence."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from emocam.compare.compare import compare
from emocam.errors import SettingError


@pytest.fixture
def runs(finished_run):
    draw = np.random.default_rng(0)
    return [
        finished_run(name, draw.random((60, 4)), settings={"seed": 3}) for name in ("gradcam", "lime", "lift")
    ]


def test_similarity_is_spearman_over_the_matrices_flattened_row_by_row(runs, tmp_path):
    compare(runs, tmp_path / "out")
    flat = [run.association().to_numpy().ravel() for run in runs]
    theirs = spearmanr(flat, axis=1)
    ours = pd.read_csv(tmp_path / "out/similarity.csv", index_col="run")
    assert list(ours) == list(ours.index) == ["gradcam", "lime", "lift"]
    assert np.allclose(ours, theirs.statistic)
    p = pd.read_csv(tmp_path / "out/similarity_p.csv", index_col="run")
    assert np.allclose(p, theirs.pvalue)


def test_the_honest_p_differs_from_the_textbook_s(runs, tmp_path):
    found = compare(runs, tmp_path / "out").similarity
    honest = found["similarity_permutation_p"].to_numpy()
    assert honest[0, 1] > 0.01  # importances are random, so they share presence alone
    assert (honest[~np.eye(3, dtype=bool)] > found["similarity_p"].to_numpy()[~np.eye(3, dtype=bool)]).all()


def test_the_table_has_a_row_a_run_with_what_differs_and_its_numbers(runs, tmp_path):
    compare(runs, tmp_path)
    table = pd.read_csv(tmp_path / "comparison.csv")
    columns = ["run", "folder", "cam", "images", "seconds", "ceiling", "labels_changed", "cells_changed"]
    assert list(table) == columns
    assert table["folder"].tolist() == ["gradcam", "lime", "lift"]
    assert (table["images"] == 60).all() and (table["seconds"] == 1.5).all()


def test_the_table_says_what_is_not_as_in_the_first_run(runs, tmp_path):
    compare(runs, tmp_path)
    table = pd.read_csv(tmp_path / "comparison.csv")
    first, *others = (run.association().to_numpy() for run in runs)
    shares = [np.mean((first != other)[(first > 0) | (other > 0)]) for other in others]
    assert np.allclose(table["cells_changed"], [0, *shares], atol=5e-5) and min(shares) > 0
    assert (table["labels_changed"] == 0).all()


def test_the_figure_is_there_and_the_numbers_name_the_pairs(runs, tmp_path):
    found = compare(runs, tmp_path / "out")
    assert (tmp_path / "out/similarity.png").stat().st_size
    assert found.numbers["runs"] == 3
    assert found.numbers["similarity/gradcam lime"] == found.similarity["similarity"].loc["gradcam", "lime"]


def test_the_page_names_methods_that_are_one(runs, finished_run, tmp_path):
    twin = finished_run("hirescam", runs[0].evidence["importance"].to_numpy().reshape(60, 4))
    for run in (*runs, twin):
        run.association().to_csv(run.path / "association.csv")
        counts = run.predictions["label"].value_counts().reindex(run.label_names).rename("images")
        counts.rename_axis("label").to_csv(run.path / "labels.csv")
    found = compare([*runs, twin], tmp_path / "out")
    page = (tmp_path / "out/report/index.html").read_text()
    assert [group.names for group in found.twins] == [("gradcam", "hirescam")]
    assert found.twins[0].sentence in page


def test_runs_that_cannot_be_compared_still_stand_in_one_table(runs, finished_run, tmp_path):
    found = compare([*runs, finished_run("other", 0.5, images=9)], tmp_path / "out")
    assert found.refusal == (
        "gradcam and other cannot be compared: other images (60 and 9; '009.png' is in one of them only)"
    )
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"comparison.csv"}


def test_one_run_alone_has_a_row_and_no_similarity(runs, tmp_path):
    assert not compare(runs[:1], tmp_path / "out").similarity
    assert len(pd.read_csv(tmp_path / "out/comparison.csv")) == 1


def test_a_run_that_is_not_finished_is_told(runs, tmp_path):
    (runs[1].path / "summary.json").unlink()
    with pytest.raises(SettingError, match=r"lime is not finished: it has no summary.json"):
        compare(runs, tmp_path / "out")


def test_a_name_that_would_be_a_formula_is_no_formula(finished_run, tmp_path):
    runs = [finished_run("=1+1", 0.2), finished_run("@x", np.random.default_rng(0).random((60, 4)))]
    compare(runs, tmp_path / "out")
    assert (tmp_path / "out/similarity.csv").read_text().splitlines()[0] == "run,'=1+1,'@x"
