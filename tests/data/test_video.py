"""Frames of films as a corpus: listed by their times, opened forward, explained like pictures."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from emocam.data.video import Video, sampled
from emocam.errors import Refused, SettingError
from emocam.results.parquet_file import read_frame
from tests.data.films import number_of, varying, write_film

av = pytest.importorskip("av")


def test_the_first_frame_of_each_step_is_taken() -> None:
    times = np.array([0.5, 0.9, 1.5, 1.6, 2.4, 4.6])
    assert sampled(times, 1.0).tolist() == [0, 2, 5]
    assert sampled(times, None).tolist() == [0, 1, 2, 3, 4, 5]
    assert sampled(np.arange(10) / 10, 0.3).tolist() == [0, 3, 6, 9]
    assert sampled(np.zeros(0), 1.0).tolist() == []


def test_frames_are_pictures_with_a_time_and_a_film(tmp_path: Path) -> None:
    times = varying()
    write_film(tmp_path / "a.mp4", "libx264", times)
    write_film(tmp_path / "b.webm", "libvpx-vp9", [0, 40, 80])
    (tmp_path / "notes.txt").write_text("no film")
    data = Video(root=tmp_path, every=None)
    assert data.paths() == [f"a.mp4#t={t / 1000:.6f}" for t in times] + [
        f"b.webm#t=0.0{t}0000" for t in (0, 4, 8)
    ]
    data.prepare()
    data = pickle.loads(pickle.dumps(data))  # as it goes to a worker
    assert [number_of(data.open(path).image) for path in data.paths()] == [*range(90), 0, 1, 2]
    assert data.open("b.webm#t=0.040000").known == {"source": "b.webm", "time": 0.04}
    assert data.groups() == {path: path.partition("#")[0] for path in data.paths()}
    assert data.times()["b.webm#t=0.080000"] == 0.08
    with pytest.raises(Refused, match="has no frame at"):
        data.open("b.webm#t=0.041000")


def test_a_film_that_cannot_be_read_is_listed_once(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mp4", "libx264", [0, 40])
    whole = write_film(tmp_path / "whole.mp4", "libx264", varying())
    (tmp_path / "b.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()
    (tmp_path / "c.avi").write_text("no film")
    data = Video(root=tmp_path, every=None)
    assert data.paths()[2:] == ["b.mp4", "c.avi"]
    for path in data.paths()[2:]:
        with pytest.raises(Exception, match=r"is cut off before its table of frames, or is no film"):
            data.open(path)


def test_shots_are_found_where_the_picture_changes(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    scenes = [draw.integers(low, low + 60, (48, 64, 3), dtype=np.uint8) for low in (0, 90, 190)]
    pictures = [np.roll(scenes[i // 15], i % 15, axis=1) for i in range(45)]  # and within a shot it moves
    write_film(tmp_path / "a.mp4", "libx264", [i * 100 for i in range(45)], pictures)
    data = Video(root=tmp_path, every=0.5, shots="found")
    assert data.shot_starts["a.mp4"].tolist() == pytest.approx([0, 1.5, 3.0])
    assert list(data.groups().values()) == ["a.mp4#1"] * 3 + ["a.mp4#2"] * 3 + ["a.mp4#3"] * 3


def test_shots_are_read_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films/a.mp4", "libx264", [i * 100 for i in range(30)])
    (tmp_path / "shots.csv").write_text("start,film\n0,a.mp4\n1.05,a.mp4\n")
    data = Video(root=tmp_path / "films", every=0.5, shots=str(tmp_path / "shots.csv"))
    assert list(data.groups().values()) == ["a.mp4#1"] * 3 + ["a.mp4#2"] * 3
    (tmp_path / "shots.csv").write_text("start,film\n0,b.mp4\n")
    with pytest.raises(SettingError, match=r"line 2, film"):
        Video(root=tmp_path / "films", shots=str(tmp_path / "shots.csv")).groups()


def test_settings_that_cannot_be_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"data\.root is not set; give the folder that holds the films"):
        Video()
    with pytest.raises(SettingError, match=r"data\.every must be .* above 0, or null for all, got 0"):
        Video(root=tmp_path, every=0)
    with pytest.raises(SettingError, match=r"data\.shots must be a file or found"):
        Video(root=tmp_path, shots="fond")
    with pytest.raises(SettingError, match="holds no film; expected files ending in"):
        Video(root=tmp_path).paths()


def test_a_study_of_films(emocam, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    times = varying(40)
    write_film(tmp_path / "films/a.webm", "libvpx-vp9", times)
    (tmp_path / "films/b.mp4").write_text("no film")
    words = ["data=video", "data.root=films", "data.every=null", "data.max_unreadable=.1", "cam=gradcam"]
    words += [
        "classifier=torchvision",
        "classifier.model=resnet18",
        "classifier.weights=random",
        "detector=nothing",
    ]
    assert emocam(*words, "hydra.run.dir=out", "logger=null", "data.batch_size=8", "data.workers=2") == 0
    ledger = read_frame(tmp_path / "out/ledger.parquet")
    assert ledger["status"].tolist() == ["done"] * 40 + ["unreadable"]
    predictions = read_frame(tmp_path / "out/predictions.parquet")
    assert predictions["time"].tolist() == [t / 1000 for t in times]
    assert set(predictions["group"]) == set(predictions["source"]) == {"a.webm"}
    timeline = read_frame(tmp_path / "out/timeline.parquet")
    assert timeline["image"].tolist() == predictions["image"].tolist()
    with av.open(str(tmp_path / "out/overlay.mp4")) as film:
        seconds = [frame.time for frame in film.decode(video=0)]
    assert seconds == pytest.approx(timeline["shown"].tolist(), abs=1e-4)
    listed = json.loads((tmp_path / "out/files.json").read_text())["files"]
    assert {"timeline.parquet", "timeline.csv", "timeline.png", "overlay.mp4"} <= listed.keys()
    assert emocam("verify", "out") == 0
