"""A finished run in a notebook: one look, tables, and figures where they are wanted."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

from emocam.errors import SettingError
from emocam.records.thresholds import Thresholds
from emocam.results.run import Run


@pytest.fixture
def run(finished_run):
    return finished_run("gradcam", np.random.default_rng(0).random((60, 4)))


FOUND = [{"object": "<b>Ball", "label": "joy", "percent": 61.5, "count": 8}]


def test_a_notebook_shows_what_stands_out_and_the_ledger(run, monkeypatch):
    (run.path / "summary.json").write_text(json.dumps({**run.summary, "finding": FOUND}))
    html = run._repr_html_()
    assert "60 images: 60 explained, 0 unreadable, 0 refused, 0 lost" in html
    assert "&lt;b&gt;Ball" in html and "<b>" not in html
    assert ">62 of 13<" in html  # percent without a decimal, and of how many
    assert "<script" not in html and "http" not in html


def test_cells_bring_intervals_chance_and_verdict(run, monkeypatch):
    (run.path / "summary.json").write_text(json.dumps({**run.summary, "finding": FOUND}))
    cell = {"object": "<b>Ball", "label": "joy", "percent_low": 40.2, "percent_high": 80.4}
    cell |= {"use": 0.5, "use_chance": 0.25, "verdict": "too few pictures"}
    pd.DataFrame([cell]).to_parquet(run.path / "cells.parquet")
    html = run._repr_html_()
    assert ">62 of 13 (40 to 80)<" in html
    assert ">50 % (by chance 25 %)<" in html
    assert ">too few pictures<" in html


def test_the_report_is_linked_from_where_the_notebook_is(run, monkeypatch):
    (run.path / "report").mkdir()
    (run.path / "report/index.html").touch()
    assert f'href="{(run.path / "report/index.html").as_uri()}"' in run._repr_html_()
    monkeypatch.chdir(run.path.parent)
    assert 'href="gradcam/report/index.html"' in Run("gradcam")._repr_html_()


def test_a_run_that_is_not_finished_shows_its_plain_words(run):
    (run.path / "summary.json").unlink()
    assert Run(run.path)._repr_html_() == ""


def test_a_run_without_cells_says_what_to_do(run):
    with pytest.raises(SettingError, match=r"has no cells\.parquet: .* task=replay evidence=.*gradcam makes"):
        _ = run.cells


def test_the_figure_is_drawn_where_it_is_wanted(run):
    left, right = Figure().subplots(1, 2)
    assert run.plot(ax=right, rows=3, importance=0.5) is right
    assert len(right.get_yticklabels()) == 3
    assert not left.has_data()
    assert run.plot() is not right


def counts(run: Run) -> np.ndarray:
    return run.counts(Thresholds(0.2, 0.4)).counts.numpy()


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_names_may_be_written_anew_as_any_kind_of_text(run, text):
    expected = counts(run)
    assert expected.sum()
    for name in ("predictions", "evidence"):
        table = pq.read_table(run.path / f"{name}.parquet")
        for column in ("image", "label", "object"):
            if column in table.column_names:
                place = table.schema.get_field_index(column)
                table = table.set_column(place, column, table[column].cast(pa.string()).cast(text))
        pq.write_table(
            table, run.path / f"{name}.parquet", row_group_size=20 if name == "predictions" else 80
        )
    assert (counts(Run(run.path)) == expected).all()


def test_a_region_of_an_image_that_is_not_there_is_told(run):
    table = pq.read_table(run.path / "evidence.parquet")
    names = pa.array(["nowhere.jpg", *table["image"].to_pylist()[1:]])
    place = table.schema.get_field_index("image")
    pq.write_table(table.set_column(place, "image", names), run.path / "evidence.parquet")
    with pytest.raises(SettingError, match=r"evidence: image 'nowhere\.jpg' is not among the 60 names"):
        counts(run)


def test_a_measure_is_counts_or_percent_and_nothing_else(run):
    counted = run.association(importance=0.3)
    pd.testing.assert_frame_equal(run.association(0.3, measure="counts"), counted)
    pd.testing.assert_frame_equal(run.association(0.3, measure="count"), counted)
    images = run.predictions["label"].value_counts().reindex(counted.columns).to_numpy()
    assert run.association(0.3, measure="percent").to_numpy() == pytest.approx(100 * counted / images)
    with pytest.raises(SettingError, match="measure must be one of count, counts, percent, got 'lift'"):
        run.association(measure="lift")


@pytest.mark.parametrize(("name", "value"), [("importance", 30), ("score", "high"), ("chance", float("nan"))])
def test_a_threshold_given_from_python_is_checked(run, name, value):
    with pytest.raises(SettingError, match=rf"threshold.{name} must be a number in \[0, 1\], got {value!r}"):
        run.association(**{name: value})
