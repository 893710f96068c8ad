"""The planted film: scenes of one emotion, shots that drift, observers who mostly see it, and both as files."""

from pathlib import Path

import numpy as np
import pytest

from emocam.data.observed import frame_shares
from emocam.data.planted import Planted
from emocam.data.video import Video
from emocam.world.film import OBSERVERS, SIZE, STEP, PlantedFilm
from emocam.world.rules import WORLDS


@pytest.fixture(scope="module")
def film() -> PlantedFilm:
    return PlantedFilm(WORLDS["standard"], 3, 90)


def test_a_scene_has_one_emotion_and_a_shot_one_set_of_things_that_drift(film: PlantedFilm) -> None:
    frames = [film.scene(frame) for frame in range(90)]
    assert {scene.size for scene in frames} == {SIZE}
    emotions: dict[int, set[str]] = {}
    for frame, scene in enumerate(frames):
        shot = film.shot_of(frame)
        assert shot.first <= frame < shot.first + shot.frames
        emotions.setdefault(shot.scene, set()).add(film.rules.label(scene))
        begun = frames[shot.first]
        assert [thing.object for thing in scene.things] == [thing.object for thing in begun.things]
        apart = [abs(a.x - b.x) for a, b in zip(scene.things, begun.things, strict=True)]
        assert max(apart) <= 1.5 * (frame - shot.first)
        assert all(thing.size / 2 <= thing.x <= SIZE[0] - thing.size / 2 for thing in scene.things)
    assert all(len(labels) == 1 for labels in emotions.values())
    assert len(emotions) > 2
    assert [(start, end) for start, end, _ in film.scenes()][-1][1] == 45.0
    assert film.scene(17) == PlantedFilm(WORLDS["standard"], 3, 18).scene(17)  # of a shorter film the same


def test_frames_are_images_of_a_film_with_what_is_known_of_them() -> None:
    data = Planted(world="film", images=30, seed=3)
    assert data.paths()[:2] == ["film.mp4#t=0.000000", "film.mp4#t=0.500000"]
    known = data.known("film.mp4#t=4.000000")
    assert (known["source"], known["time"], known["shot"].partition("#")[0]) == ("film.mp4", 4.0, "film.mp4")
    assert (data.group, data.time) == ("source", "time")
    picture = data.open("film.mp4#t=4.000000")
    assert picture.image.size == SIZE
    assert len(picture.object) == len(data.scene("film.mp4#t=4.000000").things)
    assert known["truth"] in data.labels


def test_observers_of_the_film_mostly_say_its_emotion(film: PlantedFilm, tmp_path: Path) -> None:
    pytest.importorskip("av")
    Planted(world="film", images=90, seed=3, export=tmp_path).prepare()
    video = Video(root=tmp_path, every=STEP, timeline=str(tmp_path / "observers.csv"))
    times = video.films["film.mp4"].times
    assert times.tolist() == pytest.approx([frame * STEP for frame in range(90)], abs=1e-5)
    assert len(video.observed.observers) == OBSERVERS
    said = frame_shares(video.observed.of_film("film.mp4"), times, STEP).labels(0.5)
    words = video.observed.words
    right = [words[label] == film.label(frame) for frame, label in enumerate(said) if label >= 0]
    assert np.mean(right) > 0.9
    assert len(right) > 45
