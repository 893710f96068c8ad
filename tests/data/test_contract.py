"""Every data set that can be chosen has the settings that all of them have, and keeps what a run relies on."""

import importlib
import pickle
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import Any

import hydra
import numpy as np
import pytest
from omegaconf import DictConfig, OmegaConf

from emocam.data.base import Data
from emocam.runner.kinds import KINDS
from emocam.settings.build import build

CONF = Path(__file__).parents[2] / "conf"
NAMES = sorted(file.stem for file in (CONF / "data").glob("*.yaml"))
FILES_ALONE = {"root", "max_pixels"}
COMMON = {field.name for field in fields(Data) if field.init} - FILES_ALONE
OTHERS = ["+seed=0", "+timeline={agreement: 0.5, none: null, column: null}"]
"""Settings of other groups that those of data refer to."""
WALKED = {*FILES_ALONE, "follow_links"}


def composed(name: str, *words: str) -> DictConfig:
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        return hydra.compose(f"data/{name}", overrides=[*OTHERS, *words]).data


@pytest.mark.parametrize("name", NAMES)
def test_the_yaml_is_a_call_of_its_class(name: str) -> None:
    settings = OmegaConf.to_container(composed(name), resolve=False)
    assert isinstance(settings, dict)
    module, _, target = str(settings.pop("_target_")).rpartition(".")
    kind = getattr(importlib.import_module(module), target)
    assert issubclass(kind, Data)
    taken = {field.name: field for field in fields(kind) if field.init}
    owed = COMMON | (WALKED & set(taken) if "follow_links" in settings else set())
    assert set(settings) <= set(taken)
    assert not owed - set(settings), "settings of every data set that this yaml has not, nor inherits"
    for key, value in settings.items():
        if not str(value).startswith("${"):
            made = taken[key].default_factory
            default = made() if callable(made) else taken[key].default
            assert value == default, f"{key} has two defaults"


@pytest.fixture(params=NAMES)
def words(request: pytest.FixtureRequest, corpus: Any) -> list[str]:
    """Settings of a small corpus: those of a fixture `OPTION_words` of conftest.py, else a folder of photos."""
    option: str = request.param
    try:
        return [option, *request.getfixturevalue(f"{option}_words")]
    except pytest.FixtureLookupError:
        rooted = "root" in composed(option) and composed(option).root is None
        photos = corpus("joy/1.jpg", "joy/2.jpg", "fear/3.jpg") if rooted else None
        return [option, f"data.root={photos}"] if photos else [option]


def made(words: list[str], *more: str) -> Data:
    data: Data = build(composed(*words, *more), "data", [], KINDS["data"])
    data.prepare()
    return data


@pytest.fixture
def data(words: list[str]) -> Iterator[Data]:
    yield made(words)


def test_pictures_are_listed_once_and_by_relative_paths(data: Data, words: list[str]) -> None:
    paths = data.paths()
    assert paths and len(set(paths)) == len(paths) and made(words).paths() == paths
    for path in map(PurePosixPath, paths):
        assert not path.is_absolute() and path.as_posix() == str(path) and path.parts


def test_a_limit_takes_the_first_and_shards_share_the_rest(data: Data, words: list[str]) -> None:
    paths = data.paths()
    assert made(words, "data.limit=2").listing() == paths[:2]
    shards = [made(words, f"data.shard={number}/2").listing() for number in (1, 2)]
    assert sorted(shards[0] + shards[1]) == sorted(paths)


def test_a_picture_is_upright_rgb_with_boxes_of_known_objects(data: Data) -> None:
    for path in data.paths()[:5]:
        picture = data.open(path)
        assert picture.image.mode == "RGB" and min(picture.image.size) > 0
        assert picture.boxes.shape == (len(picture.object), 4)
        assert np.isfinite(picture.boxes).all()
        assert ((picture.object >= 0) & (picture.object < len(data.objects))).all()
        assert picture.masks is None or len(picture.masks) == len(picture.boxes)


def test_opened_again_and_in_a_worker_it_is_the_same(data: Data) -> None:
    path = data.paths()[0]
    once, again, there = data.open(path), data.open(path), pickle.loads(pickle.dumps(data)).open(path)
    for other in (again, there):
        assert np.array_equal(np.asarray(once.image), np.asarray(other.image))
        assert np.array_equal(once.boxes, other.boxes) and once.known == other.known


def test_of_all_pictures_the_same_is_known(data: Data) -> None:
    listed = data.paths()[:5]
    known = [data.open(path).known for path in listed]
    assert len({tuple(facts) for facts in known}) == 1
    assert [data.known(path) for path in listed] == known
    if "truth" in known[0] and data.labels is not None:
        assert {facts["truth"] for facts in known} <= {*data.labels, ""}


def test_names_are_different_and_notes_are_words(data: Data) -> None:
    data.measure()
    for names in (data.objects, data.labels or [], data.notes):
        assert all(isinstance(name, str) and name.strip() for name in names)
    assert len(set(data.objects)) == len(data.objects)
    assert all({"object", "label", "role"} <= set(cell) for cell in data.truth)


def test_what_cannot_be_opened_raises_and_the_others_stay(data: Data) -> None:
    paths = data.paths()
    with pytest.raises((OSError, LookupError, ValueError)):
        data.open("nowhere/none.jpg")
    assert data.open(paths[-1]).image.mode == "RGB"
