"""Whatever is changed between two runs, nobody gets the answer of before: from no cache and from no folder.

Every change keeps the size and the time of modification of the file, as `cp -p`, `tar` and `rsync -t` do.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from PIL import Image
from safetensors.torch import save_file

from emocam.classifier.planted import PlantedClassifier
from emocam.errors import SettingError
from emocam.intervention.effect import Answer
from emocam.intervention.paste import Reclassify
from emocam.predict import chunk_writer
from emocam.predict.components import Components
from emocam.predict.explain import Explain
from emocam.results.chunks import Chunks
from emocam.results.picture_faults import picture_faults
from emocam.runner.command import Command, build_components
from emocam.task.association import Association

SIZE = 16384
NAMES = ("a.png", "b.png", "c.png", "d.png")
EMOTIONS = ("Joy", "Fear")
Words = dict[str, dict[str, Any]]


def write(file: Path, content: bytes | str) -> None:
    """Write a file as `cp -p` would from elsewhere: of the size and the time that it had."""
    data = content.encode() if isinstance(content, str) else content
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(data + (b"\n" if isinstance(content, str) else b"\0") * (SIZE - len(data)))
    os.utime(new, ns=(10**18, 10**18))
    new.replace(file)


def picture(file: Path, seed: int, clear: bool = False) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)
    image = Image.fromarray(pixels)
    if clear:
        image.putalpha(255)
    made = file.with_name(f".{file.name}")
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(made, "PNG")
    write(file, made.read_bytes())
    made.unlink()


def pictures(root: Path, seed: int = 0) -> None:
    for place, name in enumerate(NAMES):
        picture(root / name, seed + place)


def coco(file: Path, x: int) -> None:
    content = {
        "images": [{"id": i, "file_name": name, "width": 40, "height": 40} for i, name in enumerate(NAMES)],
        "categories": [{"id": 1, "name": "Ball"}],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "bbox": [x, 5, 20, 20]} for i in range(len(NAMES))
        ],
    }
    write(file, json.dumps(content))


def found_emotions(file: Path, emotion: str) -> None:
    rows = [f"/Run_1/x/{name},{emotion},1,2,1" for name in NAMES]
    write(file, "\n".join(["image_path,emotion,valence,arousal,ambiguity", *rows]))


def open_images(file: Path) -> None:
    rows = [f"{Path(name).stem},/m/1,.1,.5,.1,.5" for name in NAMES]
    write(file, "\n".join(["ImageID,LabelName,XMin,XMax,YMin,YMax", *rows]))


def weights(file: Path, seed: int) -> None:
    state = PlantedClassifier(weights="random", seed=seed).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, file)
    os.utime(file, ns=(10**18, 10**18))


def links(to: str) -> None:
    Path("new").unlink(missing_ok=True)
    Path("new").symlink_to(to)
    Path("new").replace("pics")


def nothing() -> None:
    """Leave the pictures alone."""


BOXES = {"_target_": "emocam.detector.annotations.Annotations"}
FOLDER = {"_target_": "emocam.data.folder.Folder", "root": "pics"}
ANNOTATED = {"data": FOLDER | {"annotations": "~/given"}, "detector": BOXES}
PASTE = {"_target_": "emocam.paste.grid.Grid", "objects": ["~/ball.png"], "positions": [[0.5, 0.5]]}
YOLO_YAML, YOLO = "names: [Ball, Kite]\n", "0 .5 .5 .4 .4"
LABELS = ["one", "two", "three", "four", "five"]

QUESTIONS: dict[str, tuple[Words, Callable[[], object], Callable[[], object]]] = {
    "a picture's content": ({}, nothing, lambda: picture(Path("pics/a.png"), 99)),
    "a picture that breaks": ({}, nothing, lambda: write(Path("pics/a.png"), b"\x89PNG")),
    "a picture that is mended": (
        {},
        lambda: write(Path("pics/a.png"), b"\x89PNG"),
        lambda: picture(Path("pics/a.png"), 9),
    ),
    "a picture that goes": ({}, nothing, lambda: Path("pics/a.png").unlink()),
    "a picture that comes": ({}, nothing, lambda: picture(Path("pics/aa.png"), 99)),
    "two pictures that change places": (
        {},
        nothing,
        lambda: (
            Path("pics/a.png").rename("pics/x"),
            Path("pics/d.png").rename("pics/a.png"),
            Path("pics/x").rename("pics/d.png"),
        ),
    ),
    "a root that is a link": (
        {},
        lambda: (Path("pics").rename("one"), pictures(Path("two"), 50), links("one")),
        lambda: links("two"),
    ),
    "weights": (
        {"classifier": {"weights": "~/w.safetensors", "labels": "~/labels.txt"}},
        lambda: weights(Path("w.safetensors"), 1),
        lambda: weights(Path("w.safetensors"), 2),
    ),
    "labels": (
        {"classifier": {"labels": "~/labels.txt"}},
        nothing,
        lambda: write(Path("labels.txt"), "\n".join(LABELS[::-1])),
    ),
    "annotations": (
        ANNOTATED,
        lambda: coco(Path("given"), 5),
        lambda: coco(Path("given"), 9),
    ),
    "label files beside a yaml that is named": (
        {"data": FOLDER | {"annotations": "~/yolo/data.yaml"}, "detector": BOXES},
        lambda: (write(Path("yolo/data.yaml"), YOLO_YAML), write(Path("yolo/labels/a.txt"), YOLO)),
        lambda: write(Path("yolo/labels/a.txt"), "1 .5 .5 .2 .2"),
    ),
    "a yaml above the folder that is named": (
        {"data": FOLDER | {"annotations": "~/yolo/labels"}, "detector": BOXES},
        lambda: (write(Path("yolo/data.yaml"), YOLO_YAML), write(Path("yolo/labels/a.txt"), YOLO)),
        lambda: write(Path("yolo/data.yaml"), "names: [Kite, Ball]\n"),
    ),
    "names of classes beside a table": (
        {"data": FOLDER | {"annotations": "~/boxes.csv"}, "detector": BOXES},
        lambda: (open_images(Path("boxes.csv")), write(Path("class-descriptions.csv"), "/m/1,Ball")),
        lambda: write(Path("class-descriptions.csv"), "/m/1,Kite"),
    ),
    "instances.json that nobody names": (
        {"data": {"_target_": "emocam.data.coco.Coco", "root": "pics"}, "detector": BOXES},
        lambda: coco(Path("pics/instances.json"), 5),
        lambda: coco(Path("pics/instances.json"), 9),
    ),
    "a file of FindingEmo that nobody names": (
        {"data": {"_target_": "emocam.data.findingemo.FindingEmo", "root": "pics"}},
        lambda: (
            pictures(Path("pics/Run_1/x")),
            found_emotions(Path("pics/annotations_single.ann"), "Joy"),
        ),
        lambda: found_emotions(Path("pics/annotations_single.ann"), "Fear"),
    ),
    "a table of pictures": (
        {"data": {"_target_": "emocam.data.table.Table", "root": "pics", "file": "~/table.csv"}},
        lambda: write(Path("table.csv"), "path,truth\na.png,x\nb.png,y"),
        lambda: write(Path("table.csv"), "path,truth\na.png,y\nb.png,x"),
    ),
    "a picture on which something is pasted": (
        {"paste": PASTE},
        lambda: picture(Path("ball.png"), 1, clear=True),
        lambda: picture(Path("pics/a.png"), 99),
    ),
    "an object that is pasted": (
        {"paste": PASTE},
        lambda: picture(Path("ball.png"), 1, clear=True),
        lambda: picture(Path("ball.png"), 2, clear=True),
    ),
}
PICTURES = [name for name in QUESTIONS if "picture" in name and "table" not in name] + [
    "a root that is a link"
]
"""Changes that make rows stale and leave the others; all else asks for another run."""


def components(folder: str, words: Words, cached: bool) -> Components:
    """Build what the command line would."""
    settings: dict[str, Any] = {
        "data": FOLDER,
        "classifier": {"_target_": "emocam.classifier.planted.PlantedClassifier", "weights": "random"},
        "detector": {"_target_": "emocam.detector.nothing.Nothing"},
        "vocabulary": {"_target_": "emocam.detector.vocabulary.Vocabulary", "_partial_": True},
        "importance": {"_target_": "emocam.importance.mean.Mean"},
        "threshold": {"_target_": "emocam.records.thresholds.Thresholds"},
        **dict.fromkeys(("cam", "paste", "effect")),
        "trainer": {"accelerator": "cpu", "devices": 1},
        "cache": "cache" if cached else None,
        "seed": 0,
        "precision": 32,
        "quiet": True,
        "allow": [],
    }
    for name, values in words.items():
        settings[name] = values if "_target_" in values else settings[name] | values
    settings["data"] = settings["data"] | {"workers": 0, "batch_size": 1}
    Path(folder).mkdir(exist_ok=True)
    words_of = ["classifier=planted"]
    return build_components(
        Command(OmegaConf.create(settings), Path(folder), {}, [], words_of, None, 0.0), {}
    )


def run(folder: str, words: Words, cached: bool = True) -> dict[str, pd.DataFrame]:
    """Run, and return what a person would read of the tables."""
    Association().perform(components(folder, words, cached))
    there = [
        name
        for name in ("ledger", "predictions", "evidence", "paste")
        if Path(f"{folder}/{name}.parquet").is_file()
    ]
    return {name: pd.read_parquet(f"{folder}/{name}.parquet") for name in there}


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> bool:
    try:
        for name, rows in one.items():
            pd.testing.assert_frame_equal(rows, other[name], rtol=1e-4, atol=1e-5)
    except AssertionError:
        return False
    return True


class Killed(BaseException):
    """An end in the middle of a pass."""


def begin(folder: str, words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run until a first picture is done, and changed where there is a paste."""
    model: Any = Reclassify if "paste" in words else Explain
    step = model.predict_step

    def step_or_die(self: Any, batch: Any, batch_idx: int = 0) -> Any:
        if batch_idx == 1:
            raise Killed
        return step(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(chunk_writer, "MOST_IMAGES", 1)
        patch.setattr(model, "predict_step", step_or_die)
        with pytest.raises(Killed):
            run(folder, words, cached=False)
    assert Chunks(Path(folder), "", "pasting" if "paste" in words else "shards").parts


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, pd.DataFrame]]]:
    """Folders after each change, with a finished run and half a run of before, and the answer of now."""
    return {}


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    worlds: dict[str, tuple[Path, dict[str, pd.DataFrame]]],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, pd.DataFrame]:
    name: str = request.param
    known = worlds.get(name)
    place = tmp_path_factory.mktemp("keys") if known is None else known[0]
    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(place))
    if known is None:
        words, before, change = QUESTIONS[name]
        pictures(Path("pics"))
        write(Path("labels.txt"), "\n".join(LABELS))
        before()
        old = run("finished", words)
        begin("half", words, monkeypatch)
        change()
        known = worlds[name] = place, run("fresh", words, cached=False)
        assert not same(known[1], old), "this change changes nothing"
    return known[1]


@pytest.mark.parametrize("folder", ["another", "finished", "half"])
@pytest.mark.parametrize("world", QUESTIONS, indirect=True, ids=str)
def test_nobody_gets_the_answer_of_before(
    world: dict[str, pd.DataFrame], folder: str, request: pytest.FixtureRequest
) -> None:
    question = request.node.callspec.params["world"]
    words = QUESTIONS[question][0]
    if folder == "another" or question in PICTURES or question == "an object that is pasted":
        assert same(run(folder, words), world)
        return
    with pytest.raises(SettingError, match="holds a run of other settings, files or code"):
        run(folder, words)


@pytest.mark.parametrize("folder", ["another", "finished", "half"])
def test_only_what_changed_is_explained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures(Path("pics"))
    run("finished", {})
    begin("half", {}, monkeypatch)
    picture(Path("pics/c.png"), 99)
    Path("pics/d.png").rename(Path("pics/0.png"))  # the places of all others change
    asked: list[str] = []
    step = Explain.predict_step

    def listen(self: Explain, batch: Any, batch_idx: int = 0) -> Any:
        asked.extend(batch.paths)
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Explain, "predict_step", listen)
    tables = run(folder, {})
    assert asked == (["0.png", "c.png"] if folder != "half" else ["0.png", "b.png", "c.png"])
    assert list(tables["ledger"]["image"]) == ["0.png", "a.png", "b.png", "c.png"]
    run(folder, {})
    assert len(asked) == (2 if folder != "half" else 3)


def test_a_finished_folder_says_that_pictures_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures(Path("pics"))
    Path("pics/d.png").rename("pics/d\\xff.png")
    run("finished", {})
    assert list(picture_faults(Path("finished"))) == []
    Path("pics/a.png").unlink()  # what is gone may be elsewhere
    assert list(picture_faults(Path("finished"))) == []
    picture(Path("pics/d\\xff.png"), 99)
    (told,) = picture_faults(Path("finished"))
    assert told.startswith(f"1 of 4 pictures of {tmp_path / 'pics'} have changed since they were explained")
    assert r"'d\\\\xff.png'" in told


EXPERIMENTS: Words = ANNOTATED | {
    "paste": PASTE,
    "effect": {"_target_": "emocam.effect.erase.Erase", "least": 1, "fills": ["grey"], "region": "box"},
    "threshold": {"importance": 0.0, "score": 0.0},
}


def listen_to_experiments(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return the pictures that experiments ask about from now on, as they ask."""
    asked: list[tuple[str, str]] = []
    for name, model in (("paste", Reclassify), ("effect", Answer)):
        step: Any = model.predict_step

        def listen(self: Any, batch: Any, batch_idx: int = 0, name: str = name, step: Any = step) -> Any:
            asked.extend((name, one.path) for one in batch.pictures)
            return step(self, batch, batch_idx)

        monkeypatch.setattr(model, "predict_step", listen)
    return asked


@pytest.mark.parametrize("killed", [False, True], ids=["in one go", "killed while it goes on"])
def test_experiments_ask_again_about_the_pictures_that_changed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    pictures(Path("pics"))
    coco(Path("given"), 5)
    picture(Path("ball.png"), 1, clear=True)
    run("finished", EXPERIMENTS)
    before = {name: pd.read_parquet(f"finished/{name}.parquet") for name in ("paste", "effect")}
    asked = listen_to_experiments(monkeypatch)
    run("finished", EXPERIMENTS)
    assert asked == []
    picture(Path("pics/c.png"), 98)
    Path("pics/d.png").rename(Path("pics/0.png"))  # the places of all others change
    if killed:
        merge = Chunks.merge

        def merge_or_die(self: Chunks, target: Path, *given: Any, **more: Any) -> None:
            if self.folder.name == "pasting":
                raise Killed
            merge(self, target, *given, **more)

        with monkeypatch.context() as patch:
            patch.setattr(Chunks, "merge", merge_or_die)
            with pytest.raises(Killed):
                run("finished", EXPERIMENTS)
        picture(Path("pics/c.png"), 97)
    run("finished", EXPERIMENTS)
    again = {name: pd.read_parquet(f"finished/{name}.parquet") for name in ("paste", "effect")}
    once = list(asked)
    run("fresh", EXPERIMENTS, cached=False)
    for name, rows in again.items():
        assert rows.equals(pd.read_parquet(f"fresh/{name}.parquet")) and not rows.equals(before[name])
    # d.png has another name, under which no box is known
    assert [image for what, image in once if what == "paste"] == ["0.png", "c.png", *["c.png"] * killed]
    assert [image for what, image in once if what == "effect"] == ["c.png"]


def test_flips_are_drawn_where_a_kill_came_between_and_none_is_left_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    pictures(Path("pics"))
    picture(Path("ball.png"), 1, clear=True)
    words = {"paste": PASTE | {"height": 0.9}}
    run("run", words)
    drawn = sorted(file.name for file in Path("run/flips").glob("*.png"))
    assert drawn
    Path("run/flips/1.png").unlink()
    Path("run/flips/8.png").write_bytes(b"of before")
    run("run", words)
    assert sorted(file.name for file in Path("run/flips").glob("*.png")) == drawn
