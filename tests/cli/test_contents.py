"""A mistake in a file that a setting names is told in its reader's sentence, without torch, and right files pass."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from emocam.cli.contents import QUICK, check_contents
from emocam.errors import SettingError
from emocam.settings.paths import resource_folder

COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 8}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4]}],
    "categories": [{"id": 1, "name": "Boat"}],
}
NO_IMAGE = json.dumps(
    COCO | {"annotations": [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 1, 4, 4]}]}
)
TABLE = "path,x0,y0,x1,y1,label\na.png,1,1,4,4,Boat\n"


@cache
def composed(word: str) -> DictConfig:
    with initialize_config_dir(str(resource_folder("conf")), version_base="1.3"):
        return compose("config", [word])


def settings(word: str, setting: str, value: object) -> DictConfig:
    """The settings of a word, with one more: composing takes much longer."""
    cfg = composed(word).copy()
    OmegaConf.update(cfg, setting, str(value), force_add=True)
    return cfg


CASES = [
    ("data=coco", "data.annotations", "a.json", '{"images": [', "cannot be read as JSON"),
    ("data=coco", "data.annotations", "a.json", "[]", "images, annotations"),
    ("data=coco", "data.annotations", "a.json", NO_IMAGE, r"annotations\[0\]\.image_id"),
    ("data=folder", "data.annotations", "a.json", '{"pictures": []}', "neither COCO's"),
    ("data=folder", "data.annotations", "a.csv", "path,left,top\na.png,1,1\n", "no format that is known"),
    ("data=folder", "data.annotations", "a.csv", TABLE.replace("4,4", "4,x"), "line 2|y1"),
    ("data=folder", "data.annotations", "a.xml", "<annotation><object>", "XML|xml"),
    ("data=table", "data.file", "t.csv", "name,truth\na.png,Joy\n", "path"),
    ("data=table", "data.file", "t.csv", "path,truth\na.png,Joy,2\n", "of 2 cells"),
    ("data=faces", "data.annotations", "t.csv", "who,truth\nme,Joy\n", "path"),
    ("data=planted", "classifier.labels", "l.txt", "Joy\nFear\nJoy\n", "'Joy' stands twice"),
    ("data=planted", "threshold.label", "t.csv", "label,threshold\nJoy,high\n", "row 1 is 'Joy,high'"),
    ("detector=darknet", "detector.names", "n.txt", "\n", "it is empty"),
    ("detector=darknet", "detector.cfg", "n.cfg", "[net]\n", "no \\[yolo\\]"),
]


@pytest.mark.parametrize(("option", "setting", "file", "text", "sentence"), CASES)
def test_what_is_wrong_in_a_file_is_told(
    option: str, setting: str, file: str, text: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(SettingError, match=sentence) as told:
        check_contents(settings(option, setting, tmp_path / file))
    assert str(tmp_path / file) in str(told.value)


@pytest.mark.parametrize(
    ("option", "setting", "text"),
    [
        ("data=coco", "data.annotations", json.dumps(COCO)),
        ("data=folder", "data.annotations", json.dumps(COCO)),
        ("data=folder", "data.annotations", TABLE),
        ("data=folder", "data.annotations", "names: [Boat]\n"),
        ("data=table", "data.file", "path,truth\na.png,Joy\n"),
        ("data=landmarks", "data.annotations", "source,person\na.csv,me\n"),
        ("data=planted", "classifier.labels", "Joy\nFear\n"),
        ("data=planted", "threshold.label", "label,threshold\nJoy,.5\n"),
        ("data=coco", "data.annotations", "{" + " " * QUICK),  # larger ones are read once
    ],
)
def test_right_files_and_large_ones_pass(option: str, setting: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text)
    check_contents(settings(option, setting, tmp_path / "file"))


def test_the_usual_file_of_a_folder_is_looked_at_and_a_replay_looks_at_none(tmp_path: Path) -> None:
    (tmp_path / "instances.json").write_text("{")
    with pytest.raises(SettingError, match=r"instances\.json cannot be read"):
        check_contents(settings("data=coco", "data.root", tmp_path))
    replay = settings("task=replay", "data._target_", composed("data=coco").data._target_)
    replay.data.root = str(tmp_path)
    check_contents(replay)


def test_a_command_tells_it_before_torch_is_imported(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"images": [')
    code = (
        "import sys; from emocam.cli.main import answer; "
        "status = answer(['data=coco', 'data.root=.', 'data.annotations=a.json', 'logger=null']); "
        "print(status, 'torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1 False\n" and "a.json cannot be read as JSON" in done.stderr
