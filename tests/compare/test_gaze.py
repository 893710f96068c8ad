"""Gaze beside a model, on the planted world at which people look by rule."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import emocam
from emocam.cli.verb.gaze import read_word
from emocam.compare.compare import compare
from emocam.compare.gaze import on_gaze_grid, score_run, unit_interval
from emocam.compare.people import who_sentences
from emocam.data.annotations.gaze.settings import GazeSettings
from emocam.errors import SettingError
from emocam.functional.map.maps import box_integrals
from emocam.results.run import Run
from emocam.world.gaze import role_for_people
from emocam.world.rules import WORLDS


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Two runs over the same pictures: of people, and of the network."""
    folder = tmp_path_factory.mktemp("gaze")
    words = ("data.world=gaze", "data.images=200", "logger=null", "cache=null", "callback.report=null")
    emocam.run(
        "cam=gradcam", f"data.export={folder / 'pictures'}", f"hydra.run.dir={folder / 'model'}", *words
    )
    table = f"cam.file={folder / 'pictures' / 'fixations.csv'}"
    emocam.run("cam=gaze", table, f"hydra.run.dir={folder / 'people'}", *words)
    return folder


def test_what_only_people_look_at_and_only_the_model_uses_is_named_and_nothing_else(study, tmp_path):
    found = compare([Run(study / "people"), Run(study / "model")], tmp_path).cells
    rules = WORLDS["gaze"]
    for row in found.itertuples():
        truth = role_for_people(rules, row.object, row.label)
        if row.who in ("people", "model"):
            assert row.who == truth, row
    named = set(zip(found["object"], found["label"], found["who"], strict=True))
    assert {("Flower", "Joy", "people"), ("Boat", "Calm", "model"), ("Umbrella", "Sadness", "model")} <= named
    assert ("Skull", "Fear", "both") in named
    assert "Calm: only the model uses Boat" in who_sentences(found)
    assert "Calm: only the model uses Boat" in (tmp_path / "report" / "index.html").read_text()


def test_runs_of_models_get_no_column(study, tmp_path):
    assert "who" not in compare([Run(study / "model"), Run(study / "model")], tmp_path).cells


def test_scores_stand_beside_other_pictures_and_the_ceiling(study):
    lines, rows = score_run(Run(study / "model"), study / "pictures" / "fixations.csv", GazeSettings())
    first = rows[rows["label"] == "(all)"].set_index("score")
    assert first.loc["sauc", "low"] > 0.52 and first.loc["sauc", "ceiling"] > first.loc["sauc", "high"]
    assert abs(first.loc["sauc", "shifted"] - 0.5) < 0.03 and abs(first.loc["nss", "shifted"]) < 0.1
    table = pd.read_parquet(study / "model" / "gaze.parquet")
    assert table["image"].tolist() == Run(study / "model").predictions["image"].tolist()
    assert first.loc["auc", "value"] == pytest.approx(table["auc"].mean())
    assert "200 of 200 pictures were looked at by 9 people" in lines


def test_people_are_their_own_best_map(study):
    _, rows = score_run(Run(study / "people"), study / "pictures" / "fixations.csv", GazeSettings())
    first = rows[rows["label"] == "(all)"].set_index("score")["value"]
    assert first["auc"] > 0.9 and first["cc"] > 0.95 and first["gain"] > 1


def test_maps_of_a_run_and_of_files_are_taken_as_they_are(study, tmp_path):
    words = ("data.world=gaze", "data.images=12", "logger=null", "cache=null", "callback.report=null")
    run = emocam.run("cam=given", f"cam.root={study / 'model'}", f"hydra.run.dir={tmp_path / 'run'}", *words)
    model = Run(study / "model").evidence
    model = model[model["image"].isin(run.evidence["image"])].reset_index(drop=True)
    assert np.allclose(run.evidence["importance"], model["importance"], atol=1e-6)
    maps = tmp_path / "maps"
    maps.mkdir()
    for number in range(11):
        spot = np.zeros((8, 8), np.float32)
        spot[number % 8, 3] = 5
        np.save(maps / f"{number:05}.npy", spot)
    run = emocam.run("cam=given", f"cam.root={maps}", f"hydra.run.dir={tmp_path / 'files'}", *words)
    kept = torch.from_numpy(np.stack(pd.read_parquet(tmp_path / "files" / "maps.parquet")["map"].to_list()))
    assert kept.view(-1, 8, 8).argmax(1)[:, 3].tolist() == [n % 8 for n in range(11)]
    ledger = run.ledger.set_index("image")["status"]
    assert ledger["00011.png"] == "failed" and (ledger.drop("00011.png") == "done").all()


def test_cells_of_the_grid_hold_the_map_s_integral_and_nothing_outside_of_the_window():
    draws = torch.Generator().manual_seed(0)
    maps, window = torch.rand(2, 7, 5, generator=draws), torch.tensor([[0, 0, 1, 1], [0.25, 0.1, 0.75, 1]])
    found = on_gaze_grid(maps, window)
    rows, columns = torch.meshgrid(torch.arange(36), torch.arange(64), indexing="ij")
    boxes = torch.stack([columns / 64, rows / 36, (columns + 1) / 64, (rows + 1) / 36], -1).view(-1, 4)
    for image in (0, 1):
        of = torch.full((len(boxes),), image)
        expected = box_integrals(maps, window, boxes, of).view(36, 64)
        area = (window[image, 2:] - window[image, :2]).prod()
        assert torch.allclose(found[image] * area, expected.float(), atol=1e-6)
    assert not found[1, :, :16].any() and not found[1, :3].any()


def test_an_interval_goes_by_units_and_needs_some():
    draws = np.random.default_rng(0)
    values = draws.normal(0, 1, 400)
    low, high = unit_interval(values, np.arange(400))
    assert low < values.mean() < high and high - low == pytest.approx(4 / 20, rel=0.25)
    wide = unit_interval(np.repeat(values[:40], 10), np.repeat(np.arange(40), 10))
    assert wide[1] - wide[0] > 2 * (high - low)
    assert np.isnan(unit_interval(values, np.arange(400) % 7)).all()


def test_words_are_settings_of_gaze():
    assert read_word("gaze.frame=[0, 0, 1280, 546]") == ("gaze.frame", [0, 0, 1280, 546])
    for word, said in (("gaze.degree=3", "gaze.degrees"), ("gaze.sigma=wide", "must be a number, got wide")):
        with pytest.raises(SettingError, match=said):
            read_word(word)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cam=gaze",), "cam.file is not set"),
        (("cam=given",), "cam.root is not set"),
        (("cam=given", "cam.root=nowhere"), "cam.root must be a folder of maps or a finished run"),
    ],
)
def test_what_is_missing_is_one_sentence(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match=said):
        emocam.run(*words, "logger=null", "cache=null")


def test_a_file_that_is_no_map_is_one_sentence(tmp_path):
    from emocam.cam.given import Given

    (tmp_path / "a.npy").write_bytes(b"no map")
    with pytest.raises(SettingError, match=r"a\.npy cannot be read as a map"):
        Given(root=tmp_path)
    np.save(tmp_path / "a.npy", np.zeros((2, 3, 4)))
    with pytest.raises(SettingError, match=r"must be a map of finite numbers \(h, w\), got \(2, 3, 4\)"):
        Given(root=tmp_path)
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(SettingError, match="cannot be read"):
        Given(root=tmp_path)
