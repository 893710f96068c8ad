"""overlay.mp4: each frame of the run at its own time, drawn over, and the run done whatever becomes of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emocam.callback.overlay_film import FacePoints, OverlayFilm, SteadyAnswers, in_frame
from emocam.callback.timeline import timeline_of
from emocam.data import film_writer
from emocam.data.address import Address
from emocam.errors import SettingError
from emocam.face.align import EYE_CORNERS, EYES
from emocam.functional.frame_drawing import FrameAnswer
from tests.callback.film_runs import SIZE, TIMES, film_run, level, write_films

av = pytest.importorskip("av")


def decoded(file: Path) -> list[tuple[float, np.ndarray]]:
    with av.open(str(file)) as film:
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in film.decode(video=0)]


def test_every_frame_is_shown_where_the_timeline_says_and_is_its_own(tmp_path: Path) -> None:
    write_films(tmp_path / "films")
    (tmp_path / "run").mkdir()
    finished = film_run(tmp_path / "run", tmp_path / "films")
    assert OverlayFilm().on_run_end(finished) == {"overlay_frames": 9}
    frames = decoded(tmp_path / "run/overlay.mp4")
    shown = timeline_of(finished).shown
    assert [time for time, _ in frames] == pytest.approx(shown.tolist(), abs=1e-4)
    levels = [level(film, number) for film, times in TIMES.items() for number in range(len(times))]
    for (_, pixels), grey in zip(frames, levels, strict=True):
        assert pixels.shape == (3 * SIZE[1], 3 * SIZE[0], 3)  # a small frame is made larger
        assert abs(pixels[210:252, 300:420].mean() - grey) < 6  # inside the box, where nothing is drawn
        assert np.abs(pixels[4:20, 4:60].astype(int) - grey).max() > 60  # the label
    assert not list((tmp_path / "run").glob("*.tmp"))


def test_a_large_frame_is_made_smaller_and_a_film_that_is_gone_left_out(tmp_path: Path) -> None:
    write_films(tmp_path / "films")
    (tmp_path / "run").mkdir()
    finished = film_run(tmp_path / "run", tmp_path / "films")
    (tmp_path / "films/b/two.mp4").unlink()
    assert OverlayFilm(longest=80).on_run_end(finished) == {"overlay_frames": 6}
    assert decoded(tmp_path / "run/overlay.mp4")[0][1].shape == (48, 80, 3)
    (tmp_path / "films/a.mp4").unlink()
    (tmp_path / "run/overlay.mp4").unlink()
    assert OverlayFilm().on_run_end(finished) == {"overlay_frames": 0}
    assert not (tmp_path / "run/overlay.mp4").exists()
    assert OverlayFilm().on_run_end(replace(finished, data=None)) == {}


def test_without_an_encoder_the_run_is_done_and_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_films(tmp_path / "films")
    (tmp_path / "run").mkdir()
    finished = film_run(tmp_path / "run", tmp_path / "films")
    monkeypatch.setattr(film_writer, "CODECS", {"nope": {}})
    assert OverlayFilm().on_run_end(finished) == {"overlay_frames": 0}
    said = capsys.readouterr().err
    assert said.startswith("overlay.mp4: ") and said.count("\n") == 1 and "nope" in said
    with pytest.raises(
        SettingError, match=r"callback\.overlay_film\.longest must be at least 16 pixels, got 3"
    ):
        OverlayFilm(longest=3)


def test_a_face_s_map_lies_where_the_classifier_saw_it() -> None:
    size = (640, 360)
    points = np.random.default_rng(0).uniform(0.4, 0.6, (468, 2))
    for eye, (x, y) in zip(EYE_CORNERS, ((260, 140), (340, 180)), strict=True):
        points[list(eye)] = np.array([x, y]) / size
    answer = in_frame(FrameAnswer(points=points), size)
    corner, right, below = answer.corners * size
    for eye, (x, y) in zip(EYE_CORNERS, EYES, strict=True):
        found = corner + x * (right - corner) + y * (below - corner)
        assert found == pytest.approx(points[list(eye)].mean(0) * size)
    assert np.linalg.norm(right - corner) == pytest.approx(np.linalg.norm(below - corner))
    assert answer.box == pytest.approx([*points.min(0), *points.max(0)])
    scene = FrameAnswer()
    assert in_frame(scene, size) is scene


def test_the_answer_of_the_last_half_second_is_a_mean_of_each_face_by_itself() -> None:
    steady = SteadyAnswers(["joy", "fear"])
    odds = [(0.0, 0.9), (0.2, 0.4), (0.4, 0.3), (0.6, 0.1), (2.0, 0.9)]
    lines = [steady.line(Address("a.mp4", time, 0), np.array([p, 1 - p])) for time, p in odds]
    assert lines == ["", "", "last 0.5 s: joy 0.53", "last 0.5 s: fear 0.73", ""]
    assert steady.line(Address("a.mp4", 0.6, 1), np.array([1.0, 0.0])) == ""


def test_points_are_read_as_far_as_they_are_asked_for(tmp_path: Path) -> None:
    class Rows:
        def __init__(self) -> None:
            self.read = 0

        def file(self, name: str) -> Path:
            return tmp_path

        def rows(self, name: str, columns: list[str]):
            import pyarrow as pa

            for block in range(3):
                self.read += 1
                points = pa.FixedSizeListArray.from_arrays(pa.array(np.full(8, block, np.float32)), 4)
                yield pa.table({"image": [f"{block}a", f"{block}b"], "landmarks": points})

    (tmp_path / "x").touch()
    rows = Rows()
    rows.file = lambda name: tmp_path / "x"  # type: ignore[method-assign]
    points = FacePoints(rows)  # type: ignore[arg-type]
    assert points.take([]) == {} and rows.read == 0
    assert points.take(["0b"])["0b"].tolist() == [[0, 0], [0, 0]]
    assert rows.read == 1
    assert sorted(points.take(["0a", "1a", "nowhere"])) == ["0a", "1a"]
