"""A watch with a small network: sizes that change, sources that die, disks that are full, and answers of a run."""

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from emocam.cam.gradcam import GradCAM
from emocam.classifier.planted import PlantedClassifier
from emocam.data.film_writer import FilmWriter
from emocam.detector.nothing import Nothing
from emocam.importance.mean import Mean
from emocam.live import session
from emocam.live.answers import STEADY, LiveAnswers, SteadyMean
from emocam.live.session import Session
from emocam.live.timeline_rows import TimelineRows
from emocam.predict.explain import Explain
from emocam.records.thresholds import Thresholds
from tests.live.sources import Drawn

av = pytest.importorskip("av")


@pytest.fixture(scope="module")
def answers() -> LiveAnswers:
    torch.manual_seed(0)
    explain = Explain(PlantedClassifier(), Nothing(), [GradCAM()], Mean())
    return LiveAnswers(explain, Mean(), Thresholds())


def watched(answers: LiveAnswers, folder: Path, source: Drawn, **given: object) -> Session:
    with TimelineRows(folder / "t.csv", source.name, answers.labels, answers.objects) as rows:
        one = Session(
            source, answers, rows, FilmWriter(folder / "a.mp4", fragments=True), every=True, **given
        )
        one.run()
    return one


def film_frames(file: Path) -> int:
    with av.open(str(file)) as film:
        return sum(1 for _ in film.decode(video=0))


def test_answers_are_those_of_the_classifier_alone(answers: LiveAnswers) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8))
    (found,) = answers(image, 0.0)
    network = PlantedClassifier()
    view, _ = network.view(image)
    expected = network(network.prepare(view[None])).softmax(-1)[0].detach().numpy()
    assert found.probability == pytest.approx(expected, abs=1e-5)
    assert found.drawn.label == f"{network.labels[expected.argmax()]} {expected.max():.2f}"
    assert found.drawn.map is not None and found.drawn.map.max() <= 1


def test_a_size_that_changes_is_told_and_the_film_goes_on(answers: LiveAnswers, tmp_path: Path) -> None:
    told: list[str] = []
    done = watched(answers, tmp_path, Drawn(6, sizes={3: (100, 40)}), tell=told.append)
    assert len(told) == 1
    assert told[0].startswith("pictures are 100 x 40 from ")
    assert told[0].endswith("and were 64 x 48; the film keeps its first size")
    assert done.ending.sizes == [(64, 48), (100, 40)]
    assert done.ending.frames == film_frames(tmp_path / "a.mp4") == len(pd.read_csv(tmp_path / "t.csv")) == 6


@pytest.mark.parametrize("end", [OSError("the plug was pulled"), "silent"])
def test_what_was_recorded_of_a_source_that_dies_is_kept(
    answers: LiveAnswers, tmp_path: Path, end: Exception | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE", 0.2)
    ending = watched(answers, tmp_path, Drawn(5, end=end)).ending
    why = (
        "cannot be read any further (the plug was pulled)" if end != "silent" else "gave no picture for 0.2 s"
    )
    assert ending.fault == f"drawn {why}; what was recorded is kept"
    assert ending.frames == film_frames(tmp_path / "a.mp4") == len(pd.read_csv(tmp_path / "t.csv")) == 5


def test_a_full_disk_ends_it_in_a_sentence(
    answers: LiveAnswers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = FilmWriter.add

    def full(self: FilmWriter, frame: Image.Image, time: float) -> float:
        if self.frames == 4:
            raise OSError(28, "No space left on device")
        return add(self, frame, time)

    monkeypatch.setattr(FilmWriter, "add", full)
    ending = watched(answers, tmp_path, Drawn(50)).ending
    assert ending.reason == "failed"
    assert ending.fault == "no more could be written (No space left on device); what was written is kept"
    assert film_frames(tmp_path / "a.mp4") == 4


def test_it_ends_by_itself_and_when_it_is_stopped(answers: LiveAnswers, tmp_path: Path) -> None:
    assert watched(answers, tmp_path, Drawn(9999, rate=100), limit=0.2).ending.reason == "time"
    (tmp_path / "a.mp4").unlink()
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    ending = watched(answers, tmp_path, Drawn(9999, rate=100), stop=stop).ending
    assert ending.reason == "stopped"
    assert ending.fault is None


def test_the_mean_of_half_a_second_forgets_what_is_older_and_who_is_gone() -> None:
    rng, steady = np.random.default_rng(0), SteadyMean()
    rows: list[tuple[float, int, np.ndarray]] = []
    for number in range(200):
        time, face = number * 0.05, number // 50 * 10 + number % 2
        rows.append((time, face, rng.random(3)))
        mean = steady.add(face, *rows[-1][::2])
        mine = [odds for at, who, odds in rows if who == face and time - STEADY < at <= time]
        assert (mean is None) == (len(mine) < 3)
        assert mean is None or mean == pytest.approx(np.mean(mine, 0))
    assert set(steady.last) == {30, 31}
