"""The command `emocam watch`: a film at its pace, a pipe, faults in one sentence, and what is left."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emocam.cli.verb.watch import usual_words
from emocam.live import session
from emocam.results.files import FILE_LIST
from tests.data.films import varying, write_film

av = pytest.importorskip("av")
Ask = Callable[..., int]
SCENES = ("data=video", "detector=nothing", "logger=null", "cache=null", "watch.window=false")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "a.mp4", "libx264", varying(30))


def summary_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "summary.json").read_text())
    return found


def frames_of(film: Path) -> list[Image.Image]:
    with av.open(str(film)) as read:
        return [frame.to_image() for frame in read.decode(video=0)]


def test_every_frame_of_a_film_is_answered_for_and_kept_where_a_film_is_asked_for(
    emocam: Ask, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("watch.pace=false", "watch.save=out.mp4", "hydra.run.dir=o")
    assert emocam("watch", str(film), *SCENES, *words) == 0
    told = capsys.readouterr()
    lines = told.err.splitlines()
    assert [line.partition(" ")[0] for line in lines[-4:]] == ["watching", "kept:", "never", "shown"]
    assert "out.mp4: a film of the pictures" in told.err
    assert "0 dropped" in told.out
    summary = summary_of(Path("o"))
    assert (summary["frames"], summary["dropped"], summary["film_frames"], summary["ended"]) == (
        30,
        0,
        30,
        "source",
    )
    assert summary["command"].startswith(f"python -m emocam watch {film} data=video")
    rows = pd.read_csv("o/timeline.csv")
    assert rows["time"].tolist() == pytest.approx([time / 1000 for time in varying(30)], abs=1e-6)
    labels = [column for column in rows.columns if not column.startswith("importance")][7:]
    assert rows[labels].sum(axis=1).to_numpy() == pytest.approx(np.ones(30), abs=1e-4)
    assert rows["label"].tolist() == rows[labels].idxmax(axis=1).tolist()
    assert len(frames_of(Path("out.mp4"))) == 30
    assert set(json.loads(Path("o", FILE_LIST).read_text())["files"]) >= {"timeline.csv", "summary.json"}
    # a second watch neither goes on nor writes over what is there
    assert emocam("watch", str(film), *SCENES, "hydra.run.dir=o") == 1
    assert "holds a watch already" in capsys.readouterr().err
    assert emocam("watch", str(film), *SCENES, "watch.save=out.mp4") == 1
    assert "is there already, and is not written over" in capsys.readouterr().err


def test_without_a_film_no_picture_is_kept(emocam: Ask, film: Path) -> None:
    assert emocam("watch", str(film), *SCENES, "watch.pace=false", "hydra.run.dir=o") == 0
    kept = {file.name for file in Path("o").rglob("*") if file.is_file()}
    assert kept == {"timeline.csv", "summary.json", "files.json", "config.yaml", "overrides.yaml"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well_and_the_film_plays(emocam: Ask, film: Path, number: int) -> None:
    os.mkfifo("pipe")
    data = film.with_suffix(".mkv")
    if not data.exists():
        write_film(data, "libx264", varying(30))

    def write() -> None:
        with Path("pipe").open("wb") as pipe:
            pipe.write(data.read_bytes())
            pipe.flush()
            for _ in range(200):
                if Path("o.mp4").exists() and Path("o/timeline.csv").exists():
                    break
                time.sleep(0.02)
            time.sleep(0.2)
            os.kill(os.getpid(), number)
            time.sleep(0.3)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    status = emocam("watch", "pipe", *SCENES, "watch.save=o.mp4", "hydra.run.dir=o")
    writer.join(5)
    assert status == 0
    summary = summary_of(Path("o"))
    assert summary["ended"] == "stopped"
    assert summary["frames"] == len(pd.read_csv("o/timeline.csv")) == len(frames_of(Path("o.mp4"))) > 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("97",), "SOURCE 97: there is no camera 97"),
        (("gone.mp4",), "SOURCE gone.mp4 is no file"),
        (("a.txt",), "SOURCE a.txt cannot be read (is cut off before its table of frames, or is no film"),
        (("FILM", "watch.window=true"), "watch.window: this machine has no display; watch.page=true"),
        (("FILM", "data.detail=finest", "data=faces"), "data.detail 'finest' is unknown"),
    ],
)
def test_what_cannot_be_watched_is_one_sentence(
    emocam: Ask, film: Path, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    Path("a.txt").write_text("no film")
    scenes = () if "data=faces" in words else SCENES
    words = tuple(str(film) if word == "FILM" else word for word in words)
    usual = [word for word in scenes if word.partition("=")[0] not in {w.partition("=")[0] for w in words}]
    assert (
        emocam(*("watch", *words, *usual, "logger=null", "watch.pace=false")[: None if len(words) else 1])
        == 1
    )
    lines = capsys.readouterr().err.splitlines()
    assert told in lines[-1]
    assert not [line for line in lines if "Traceback" in line]


def test_a_sweep_and_a_missing_source_are_told_at_once(
    emocam: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, told in {
        ("watch.save=a.mp4",): "SOURCE must come first",
        ("0", "-m"): "a watch is one run",
    }.items():
        assert emocam("watch", *words) == 1
        assert told in capsys.readouterr().err
    assert emocam("watch", "--help") == 0
    told = capsys.readouterr().out
    assert "What is never kept" in told
    assert "article 5" in told


def test_a_run_has_no_use_for_its_settings(emocam: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam("watch.save=a.mp4", "logger=null") == 1
    assert "is a setting of emocam watch SOURCE" in capsys.readouterr().err


def test_a_silent_source_is_given_up(
    emocam: Ask, film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "PATIENCE", 0.2)
    os.mkfifo("pipe")
    holder = os.open("pipe", os.O_RDWR)  # somebody opened it and writes nothing
    assert emocam("watch", "pipe", *SCENES, "hydra.run.dir=o") == 1
    os.close(holder)
    assert "pipe gave no picture for 0.2 s" in capsys.readouterr().err


def test_what_is_chosen_where_the_words_choose_nothing() -> None:
    assert usual_words([]) == ["data=faces", "classifier=planted", "classifier.world=faces", "cam=gradcam"]
    assert usual_words(["detector=yolov3", "cam=null"]) == [
        *("data=video", "classifier=planted", "classifier.world=standard")
    ]
    assert usual_words(["data=video", "classifier=fer"]) == ["cam=gradcam", "detector=faces"]
    assert usual_words(["+cam=rise", "classifier=gimefive"]) == ["data=faces"]


def test_a_name_of_any_letters_is_one_value(emocam: Ask, film: Path, tmp_path: Path) -> None:
    name = tmp_path / "it's a \\ film, [1]=${x} #2.mp4"
    name.write_bytes(film.read_bytes())
    assert emocam("watch", str(name), *SCENES, "watch.pace=false", "hydra.run.dir=o") == 0
    assert summary_of(Path("o"))["source"] == name.name
