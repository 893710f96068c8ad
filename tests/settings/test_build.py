"""The one builder makes what fits its place, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hydra.utils import get_class
from omegaconf import OmegaConf

from emocam.data.base import Data
from emocam.errors import ForeignSetting, SettingError
from emocam.runner.kinds import KINDS
from emocam.settings.build import Kind, build

CONF = Path(__file__).parents[2] / "conf"
OPTIONS = [file for file in sorted(CONF.glob("*/*.yaml")) if file.parent.name not in ("callback", "trainer")]
Command = Callable[..., int]


def made(place: str, node: dict[str, object]) -> object:
    return build(OmegaConf.create(node), place, [], KINDS[place.partition(".")[0]])


def targets() -> dict[str, str]:
    """One class of each group's own, by the group."""
    found = {}
    for file in OPTIONS:
        settings = yaml.safe_load(file.read_text())
        if "_target_" in settings:
            found.setdefault(file.parent.name, settings["_target_"])
    callbacks = yaml.safe_load((CONF / "callback/default.yaml").read_text())
    return found | {"callback": callbacks["association"]["_target_"]}


TARGETS = targets()


def test_every_group_that_builds_has_a_kind() -> None:
    assert set(TARGETS) == set(KINDS)


@pytest.mark.parametrize("file", OPTIONS, ids=lambda file: f"{file.parent.name}={file.stem}")
def test_each_option_is_of_its_group_s_kind(file: Path) -> None:
    settings = yaml.safe_load(file.read_text())
    if "_target_" not in settings:
        pytest.skip("extends another option, or names methods")
    try:
        found = get_class(settings["_target_"])
    except Exception as error:
        pytest.skip(f"an extra is missing: {error}")
    assert KINDS[file.parent.name].admits(found)


@pytest.mark.parametrize("place", KINDS)
def test_no_other_group_s_class_fits(place: str) -> None:
    alike = {"detector": {"vocabulary"}, "vocabulary": {"detector"}}  # a vocabulary is a detector
    for group, target in TARGETS.items():
        if group != place and group not in alike.get(place, set()):
            with pytest.raises(
                ForeignSetting, match=f"^{place}._target_ must name a class of the kind emocam"
            ):
                made(place, {"_target_": target})


def test_a_tracking_store_is_made_at_logger_only(tmp_path: Path) -> None:
    store = {"_target_": "emocam.logger.mlflow.MLflow", "uri": f"sqlite:///{tmp_path / 'made.db'}"}
    places: list[tuple[str, dict[str, object]]] = [
        *((place, store) for place in KINDS if place != "logger"),
        ("data", {"_target_": TARGETS["data"], "world": store}),
        ("data", {"_target_": TARGETS["data"], "world": [{"deep": [store]}]}),
        ("classifier", {"_target_": TARGETS["classifier"], "weights": {"a": {"b": store}}}),
        ("detector", {"_target_": "emocam.detector.joined.Joined", "detectors": ["a"], "a": store}),
        ("callback.cells", {"_target_": "emocam.callback.cells.Cells", "rules": store}),
        ("logger", {"_target_": "emocam.logger.mlflow.MLflow", "experiment": store}),
    ]
    for place, node in places:
        with pytest.raises(ForeignSetting, match="_target_"):
            made(place, node)
    assert not (tmp_path / "made.db").exists()


def test_parts_are_built_where_a_kind_names_them() -> None:
    rules = {"_target_": TARGETS["verdict"], "images": 3}
    cells = made("callback.cells", {"_target_": "emocam.callback.cells.Cells", "rules": rules, "seed": 0})
    assert cells.rules.images == 3  # type: ignore[attr-defined]


def test_a_class_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr("emocam.data.coco.Coco.__init__", lambda *given, **more: begun.append(1))
    with pytest.raises(ForeignSetting):
        made("cam", {"_target_": TARGETS["data"]})
    assert not begun
    made("data", {"_target_": TARGETS["data"]})
    assert begun


def test_a_class_of_a_user_s_own_needs_the_methods_of_a_protocol() -> None:
    class Own:
        def on_run_end(self, finished: object) -> dict[str, object]:
            return {}

    assert KINDS["callback"].admits(Own)
    assert not KINDS["task"].admits(Own)
    assert not KINDS["importance"].admits(Own)
    assert not Kind(Data).admits(Own)


def test_what_names_no_class_is_told() -> None:
    with pytest.raises(SettingError, match=r"data must name a class by data\._target_"):
        made("data", {"images": 3})


def test_the_command_line_gets_it_as_a_sentence(
    emocam: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert emocam("data._target_=emocam.logger.mlflow.MLflow", "logger=null", "cache=null") == 1
    told = capsys.readouterr().err
    assert told == (
        "data._target_ must name a class of the kind emocam.data.base.Data, "
        "got 'emocam.logger.mlflow.MLflow'\n"
    )
    assert "made" not in json.dumps([file.name for file in tmp_path.rglob("*")])
