"""A run's recorded settings are data: whoever made the run, nothing of them writes, connects or reads secrets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from emocam.errors import ForeignSetting, SettingError
from emocam.results.run import Run
from emocam.settings.foreign import value_faults
from emocam.settings.recorded import recorded_settings

Command = Callable[..., int]
QUICK = ("logger=null", "~callback.report", "cache=null", "data.workers=0")
STORE = "emocam.logger.mlflow.MLflow"
HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "a store in place of the data, its address made of a secret": (
        {"data": {"_target_": STORE, "uri": "http://127.0.0.1:9/${oc.env:SECRET}"}},
        "data.uri names an address",
    ),
    "a store in place of the data": (
        {"data": {"_target_": STORE}},
        "data._target_ must name a class of the kind",
    ),
    "a store within the data": (
        {"data": {"_target_": "emocam.data.planted.Planted", "world": {"_target_": STORE}}},
        "data.world takes no object",
    ),
    "a class of no place": ({"data": {"_target_": "os.system"}}, "data._target_ must name a class of emocam"),
    "a secret": (
        {"data": {"_target_": "emocam.data.folder.Folder", "root": "${oc.env:SECRET}"}},
        "data.root",
    ),
    "a secret by a detour": (
        {"data": {"_target_": "emocam.data.folder.Folder", "root": "${mine}"}, "mine": "${oc.env:SECRET}"},
        "mine may only refer to other settings",
    ),
    "an address out of two settings": (
        {
            "data": {"_target_": "emocam.data.folder.Folder", "root": "${mine}${seed}"},
            "mine": "s3",
            "seed": "/x",
        },
        "data.root may only refer to other settings, one at a time",
    ),
    "data by a detour": ({"data": "${mine}", "mine": {"export": "victims"}}, "data must name its settings"),
    "an address": ({"data": {"_target_": "emocam.data.folder.Folder", "root": "s3://theirs"}}, "an address"),
}


def recorded_in(run: Run, settings: dict[str, Any]) -> Run:
    (run.path / ".hydra" / "config.yaml").write_text(yaml.safe_dump(settings))
    return run


@pytest.mark.parametrize("name", HOSTILE)
def test_a_stranger_s_run_is_refused_by_file_and_key(
    emocam: Command, finished_run: Callable[..., Run], name: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("SECRET", "s3cr3t")
    settings, sentence = HOSTILE[name]
    recorded_in(finished_run("theirs"), settings)
    assert emocam(*QUICK, "task=replay", "evidence=theirs", "hydra.run.dir=run") == 1
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
    assert "s3cr3t" not in told
    assert not (tmp_path / "victims").exists() and not (tmp_path / "mlflow.db").exists()


def test_what_a_run_wrote_is_left_out(finished_run: Callable[..., Run]) -> None:
    planted = {"_target_": "emocam.data.planted.Planted", "export": "victims", "seed": "${seed}"}
    run = recorded_in(
        finished_run("theirs"),
        {"seed": 3, "data": planted, "cache": "victims", "logger": {"_target_": STORE, "uri": "${oc.env:X}"},
         "trainer": {"default_root_dir": "victims"}, "allow": ["evil"], "hydra": {"run": {"dir": "victims"}}},
    )  # fmt: skip
    assert recorded_settings(run.path) == {"seed": 3, "data": {**planted, "export": None}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1, 2]", "must hold settings, got list"),
        ("data: {", "is no file of settings"),
        ("data: !!python/object/apply:os.system [ls]", "is no file of settings"),
        ("a: &a [x]\n" + "".join(f"b{i}: [*a, *a]\n" for i in range(9)), "aliases"),
        ("a: " + "x" * (1 << 20), "at most 1 MB"),
    ],
)
def test_a_file_that_is_no_settings_is_told(
    finished_run: Callable[..., Run], text: str, sentence: str
) -> None:
    run = finished_run("theirs")
    (run.path / ".hydra" / "config.yaml").write_text(text)
    with pytest.raises(SettingError, match=sentence):
        recorded_settings(run.path)


def test_an_honest_run_is_read(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam(*QUICK, "data.images=4", "seed=2", "hydra.run.dir=own") == 0
    settings = recorded_settings(Path("own"))
    assert settings["data"]["seed"] == "${seed}" and settings["seed"] == 2
    capsys.readouterr()
    assert emocam(*QUICK, "task=replay", "evidence=own", "hydra.run.dir=again") == 0
    assert "its pictures are opened" not in capsys.readouterr().err


def test_pictures_elsewhere_are_told_before_they_are_opened(
    emocam: Command, finished_run: Callable[..., Run], capsys: pytest.CaptureFixture[str], tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    private = tmp_path_factory.mktemp("private")
    Image.new("RGB", (8, 8)).save(private / "000.png")
    recorded_in(
        finished_run("theirs"), {"data": {"_target_": "emocam.data.folder.Folder", "root": str(private)}}
    )
    assert emocam(*QUICK, "task=replay", "evidence=theirs", "hydra.run.dir=run") == 0
    told = capsys.readouterr().err
    assert told.startswith(
        f"evidence {tmp_path / 'theirs'} was made of data.root={private}: its pictures are opened there\n"
    )
    inside = tmp_path / "photos"
    inside.mkdir()
    recorded_in(finished_run("mine"), {"data": {"_target_": "emocam.data.folder.Folder", "root": "photos"}})
    assert emocam(*QUICK, "task=replay", "evidence=mine", "hydra.run.dir=run2") == 0
    assert "its pictures are opened" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "refused"),
    [("${mine}", False), ("${data.root}/instances.json", False), ("${oc.select:data.world,standard}", False),
     ("${a}${b}", True), ("${a}:${b}", True), ("${a}hub:x", True), ("x${a}", True), ("${a}/x${b}", True),
     ("${a}/:x", True), ("${oc.select:a,hf-hub:x}", True), ("ftp:", True), ("ftp:/", True), ("a cat:", False)],
)  # fmt: skip
def test_no_address_is_put_together_of_settings(text: str, refused: bool) -> None:
    faults = list(value_faults("data.root", text))
    assert bool(faults) == refused, faults


def test_a_foreign_setting_is_a_setting_error() -> None:
    assert issubclass(ForeignSetting, SettingError)


def test_an_address_is_opened_only_where_the_command_line_names_it_again(
    finished_run: Callable[..., Run],
) -> None:
    folder = {"_target_": "emocam.data.folder.Folder", "root": "s3://theirs/photos"}
    run = recorded_in(finished_run("theirs"), {"data": folder})
    with pytest.raises(
        ForeignSetting, match=r"data\.root names an address, 's3://theirs/photos', .*--root ADDRESS"
    ):
        recorded_settings(run.path)
    assert recorded_settings(run.path, "s3://theirs/photos")["data"] == folder
    with pytest.raises(SettingError, match=r"data\.root must be that of .* got 's3://other/photos'"):
        recorded_settings(run.path, "s3://other/photos")
    run = recorded_in(run, {"data": {**folder, "file": "s3://theirs/more"}})
    with pytest.raises(ForeignSetting, match=r"data\.file names an address"):
        recorded_settings(run.path, "s3://theirs/photos")
