"""Runs over pictures that are not independent: what is told, and that a setting repairs it without a second pass."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageEnhance

from emocam.callback.dependence import nearly_the_same
from emocam.data.planted import Planted

Command = Callable[..., int]
QUICK = (
    "classifier=planted",
    "logger=null",
    "~callback.report",
    "~callback.overlay",
    "data.workers=0",
    "cache=null",
)
SCENES, COPIES = 16, 3


@pytest.fixture
def burst(tmp_path: Path) -> Path:
    """A folder with three takes of each of sixteen pictures, and a table of who took them when."""
    world, root = Planted(images=SCENES), tmp_path / "burst"
    root.mkdir()
    rows = []
    for scene, path in enumerate(world.paths()):
        picture = world.open(path).image
        takes = [
            picture,
            picture.resize((picture.width // 2, picture.height // 2)),
            ImageEnhance.Brightness(picture),
        ]
        takes[2] = takes[2].enhance(1.2)
        for take, image in enumerate(takes):
            assert isinstance(image, Image.Image)
            image.save(root / f"{scene:02}_{take}.jpg", quality=60)
            rows.append((f"{scene:02}_{take}.jpg", f"p{scene}", scene * 100 + take))
    pd.DataFrame(rows, columns=["path", "person", "second"]).to_csv(root / "list.csv", index=False)
    return root


def summary(folder: str) -> dict:
    return json.loads((Path(folder) / "summary.json").read_text())


def test_near_duplicates_are_told_of_with_the_cure_and_the_cure_needs_no_second_pass(
    emocam: Command, burst: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ("data=folder", f"data.root={burst}", "detector=nothing")
    assert emocam(*QUICK, *folder, "hydra.run.dir=run") == 0
    told = summary("run")
    assert told["near_duplicates"] == SCENES * COPIES and told["groups"] == SCENES * COPIES
    assert told["p_rule"] == "pictures"
    assert "48 of 48 pictures are nearly the same as another (16 groups)" in told["dependence"]
    assert "data.group=auto" in told["dependence"] and told["dependence"] in capsys.readouterr().out
    assert "group" not in pq.read_schema("run/predictions.parquet").names

    assert emocam(*QUICK[1:], "task=replay", "evidence=run", "data.group=auto", "hydra.run.dir=cured") == 0
    cured = summary("cured")
    assert cured["groups"] == SCENES and cured["dependence"] is None and cured["p_rule"] == "groups"
    group = pd.read_parquet("cured/predictions.parquet").set_index("image")["group"]
    assert group.nunique() == SCENES
    assert all(name.split("_")[0] == first.split("_")[0] for name, first in group.items())
    assert "by the 16 groups of 48 pictures" in capsys.readouterr().out
    assert emocam("verify", "cured") == 0


def test_columns_of_a_table_are_groups_and_times_and_go_when_nobody_asks(
    emocam: Command, burst: Path
) -> None:
    table = ("data=table", f"data.file={burst / 'list.csv'}", "detector=nothing", "hydra.run.dir=run")
    assert emocam(*QUICK, *table, "data.group=person", "data.time=second") == 0
    predictions = pd.read_parquet("run/predictions.parquet")
    assert predictions["group"].tolist() == [f"p{i}" for i in range(SCENES) for _ in range(COPIES)]
    assert predictions["time"].tolist() == [i * 100 + k for i in range(SCENES) for k in range(COPIES)]
    assert summary("run")["p_rule"] == "time"
    assert emocam(*QUICK, *table, "data.group=person") == 0  # the evidence is not found again
    assert "time" not in pd.read_parquet("run/predictions.parquet") and summary("run")["p_rule"] == "groups"
    assert emocam(*QUICK, *table) == 0
    assert not {"group", "time"} & set(pd.read_parquet("run/predictions.parquet"))


def test_a_column_that_is_not_there_is_one_sentence(
    emocam: Command, burst: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = ("data=table", f"data.file={burst / 'list.csv'}", "detector=nothing")
    assert emocam(*QUICK, *table, "data.group=persn") == 1
    assert "data.group" in (told := capsys.readouterr().err) and "person" in told


def test_different_pictures_of_the_embedded_world_are_not_near(emocam: Command) -> None:
    assert emocam(*QUICK, "data.images=80", "hydra.run.dir=run") == 0
    assert summary("run")["near_duplicates"] == 0 and summary("run")["dependence"] is None


def test_groups_of_near_duplicates_are_those_of_the_whole_corpus_when_shards_are_merged(
    emocam: Command, burst: Path
) -> None:
    folder = ("data=folder", f"data.root={burst}", "detector=nothing", "data.group=auto")
    for shard in (1, 2):
        assert emocam(*QUICK, *folder, f"data.shard={shard}/2", f"hydra.run.dir=part{shard}") == 0
    assert emocam("merge", "part1", "part2", "--out", "whole") == 0
    assert summary("whole")["groups"] == SCENES


def test_the_sentence_counts_pictures_and_groups() -> None:
    told = nearly_the_same(np.array([0, 0, 1, 2, 2, 2]))
    assert told.startswith("5 of 6 pictures are nearly the same as another (2 groups)")
