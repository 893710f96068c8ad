"""The manifold of a run: tables, numbers beside the picture, and the page in a real browser."""

import base64
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from emocam.cells.occurrences import read_occurrences
from emocam.errors import SettingError
from emocam.functional.map.features import channel_means, small_views
from emocam.functional.statistics import embedding
from emocam.functional.statistics.embedding import on_main_axes, quality
from emocam.report.manifold import colours, objects_of, whole_numbers
from emocam.report.manifold_run import draw_run
from emocam.results.features import read_points
from emocam.results.run import Run
from tests.report.test_browser import browser, opened, pytestmark  # noqa: F401


def test_a_picture_keeps_one_measure_for_both_axes_and_lies_in_the_middle():
    placed = whole_numbers(np.array([[0.0, 0], [10, 0], [5, 4]])).astype(int)
    assert placed[1, 0] - placed[0, 0] == 65_535
    assert placed[2, 1] - placed[0, 1] == pytest.approx(0.4 * 65_535, abs=1)
    assert placed[:, 1].min() + placed[:, 1].max() == pytest.approx(65_535, abs=2)


def test_means_of_channels_and_small_pictures():
    activation = torch.randn(3, 5, 4, 6)
    assert torch.allclose(channel_means(activation).float(), activation.mean((2, 3)), atol=1e-3)
    assert torch.isfinite(channel_means(torch.full((1, 1, 2, 2), 1e9))).all()
    small = small_views(torch.full((2, 1, 100, 200), 77, dtype=torch.uint8))
    assert (small.shape, small.unique().tolist()) == ((2, 3, 24, 48), [77])


def test_columns_colour_by_name_and_by_number():
    predictions = pd.DataFrame(
        {
            "image": ["a", "b", "c"],
            "label": ["y", "x", "y"],
            "confidence": [0.5, 0.7, 0.9],
            "logits": [[1], [2], [3]],
        }
    ).assign(truth=["x", None, "z"], age=[10.0, np.nan, 30])
    found = {column["name"]: column for column in colours(predictions, ["x", "unused", "y"])}
    codes = {
        name: np.frombuffer(base64.b64decode(one["codes"]), "<u2").tolist() for name, one in found.items()
    }
    assert found["label"]["values"] == ["x", "y"] and codes["label"] == [1, 0, 1]
    assert found["truth"]["values"] == ["x", "z"] and codes["truth"] == [0, 65_535, 1]
    assert (found["age"]["low"], found["age"]["high"], codes["age"]) == (10, 30, [0, 65_535, 255])


def test_other_seeds_are_asked_of_methods_that_draw_lots_alone():
    points = torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
    of = torch.arange(40) % 2
    with_seeds = {row.measure: row for row in quality(points, points[:, :2], points[:, 1:3], of)}
    without = {row.measure: row for row in quality(points, points[:, :2], None, None)}
    assert 0 < with_seeds["neighbours kept"].between_seeds < 1
    assert np.isnan(without["neighbours kept"].between_seeds) and len(without) == len(with_seeds) - 2
    assert with_seeds["neighbours of the same label, in full"].chance == pytest.approx(19 / 39)
    assert on_main_axes(torch.randn(60, 80)).shape == (60, 50)


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_a_method_without_its_library_is_one_sentence(method, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, {"tsne": "openTSNE", "umap": "umap"}[method], None)
    with pytest.raises(SettingError, match=rf"--method {method} needs the package .*emocam\[embed\]"):
        embedding.METHODS[method](torch.randn(20, 3), 0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """A finished run with features, by the command line, and its manifold."""
    import emocam

    folder = tmp_path_factory.mktemp("manifold") / "run"
    words = ("+cam=gradcam", "features=true", "data.images=60", "cache=null", "logger=null")
    emocam.run(*words, f"hydra.run.dir={folder}")
    draw_run(folder, "features", "pacmap", 0)
    return folder


def test_features_are_what_the_explained_layer_gives(drawn):
    from emocam.classifier.planted import PlantedClassifier
    from emocam.data.planted import Planted

    run, network, data = Run(drawn), PlantedClassifier(), Planted(images=60)
    data.prepare()
    image = run.predictions["image"][7]
    view = network.view(data.open(image).image)[0]
    with torch.no_grad():
        expected = network.cut(network.prepare(view[None]))[0].mean((2, 3))[0]
    assert np.allclose(read_points(run, "features")[7], expected.numpy(), atol=2e-3)


def test_every_picture_has_its_place_and_files_are_listed(drawn):
    table, run = pq.read_table(drawn / "manifold.parquet").to_pandas(), Run(drawn)
    assert table["image"].tolist() == run.predictions["image"].tolist()
    assert np.isfinite(table[["x", "y"]].to_numpy()).all()
    rows = pd.read_csv(drawn / "quality.csv")
    assert rows.columns.tolist() == ["measure", "value", "chance", "between_seeds"]
    listed = json.loads((drawn / "files.json").read_text())["files"]
    assert {"manifold.parquet", "quality.csv", "manifold/index.html", "features.parquet"} <= set(listed)


def test_objects_of_a_picture_are_those_that_occur_there(drawn):
    run = Run(drawn)
    found = objects_of(read_occurrences(run, run.thresholds), run.object_names)
    begins = np.frombuffer(base64.b64decode(found["begins"]), "<u4")
    object = np.frombuffer(base64.b64decode(found["object"]), "<u2")
    evidence = run.evidence[run.evidence["score"] > 0.005]
    for place in (0, 31, 59):
        names = {found["names"][i] for i in object[begins[place] : begins[place + 1]]}
        assert names == set(evidence.loc[evidence["image"] == run.predictions["image"][place], "object"])


def test_answers_serve_where_no_features_were_kept(drawn, tmp_path):
    assert read_points(Run(drawn), "values").std(0) == pytest.approx(1, abs=1e-5)
    for name in ("predictions", "evidence"):
        (tmp_path / f"{name}.parquet").write_bytes((drawn / f"{name}.parquet").read_bytes())
    with pytest.raises(SettingError, match="features=true"):
        read_points(Run(tmp_path), "features")


def test_a_lasso_lists_objects_of_its_pictures_beside_those_of_all_others(drawn, opened):  # noqa: F811
    page = opened(drawn / "manifold" / "index.html")
    run = Run(drawn)
    label = run.predictions["label"].astype(str)
    name = label.value_counts().index[0]
    page.locator("#legend button", has_text=name).click()
    few = int((label == name).sum())
    assert page.locator("#which").inner_text() == f"{few} of 60 pictures: label is {name}"
    row = page.locator("#held tbody tr").first.inner_text().split()
    pairs = run.evidence[run.evidence["score"] > 0.005].drop_duplicates(["image", "object"])
    mine = pairs[(pairs["object"].astype(str) == row[0]) & (pairs["label"].astype(str) == name)]
    assert row[1:6] == [f"{100 * len(mine) / few:.0f}", "%", str(len(mine)), "of", str(few)]
    page.locator("#cloud").scroll_into_view_if_needed()
    box = page.locator("#cloud").bounding_box()
    corners = [(1, 1), (box["width"] - 1, 1), (box["width"] - 1, box["height"] - 1), (1, box["height"] - 1)]
    page.mouse.move(box["x"] + 1, box["y"] + 1)
    page.mouse.down()
    for x, y in corners:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=3)
    page.mouse.up()
    assert page.locator("#which").inner_text() == "60 of 60 pictures: inside the lasso"
    page.keyboard.press("Escape")
    assert "Nothing is chosen" in page.locator("#which").inner_text()
    assert not opened.faults
