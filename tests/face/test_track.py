"""Faces followed through frames, with a finder that knows where they are and counts how often it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from emocam.face.align import FaceSquare
from emocam.face.landmarks import MeshedFace, overlap_of
from emocam.face.track import FaceTracker

SHAPE = np.random.default_rng(0).uniform(-0.5, 0.5, (468, 2))
SHAPE[:2] = [[-0.5, -0.5], [0.5, 0.5]]


@dataclass
class Drawn:
    """Stands for the networks: faces of 40 pixels at places (x, y) of the frame that is shown."""

    places: list[tuple[float, float]] = field(default_factory=list)
    least: float = 0.5
    asked: int = 0

    @property
    def mesh(self) -> "Drawn":
        return self

    def _face(self, x: float, y: float, presence: float = 1.0) -> MeshedFace:
        return MeshedFace(SHAPE * 40 + np.array([x, y]), presence)

    def find(self, image: Image.Image, squares: Sequence[FaceSquare]) -> list[MeshedFace]:
        found = []
        for square in squares:
            near = [p for p in self.places if np.hypot(p[0] - square.x, p[1] - square.y) < 20]
            found.append(self._face(*near[0]) if near else self._face(square.x, square.y, 0.1))
        return found

    def squares(self, image: Image.Image) -> list[FaceSquare]:
        self.asked += 1
        return [FaceSquare(x, y, 60) for x, y in self.places]

    def meshed(self, image: Image.Image, squares: list[FaceSquare]) -> list[MeshedFace]:
        return [face for face in self.find(image, squares) if face.presence > self.least]


def frame(grey: int = 90) -> Image.Image:
    return Image.new("RGB", (320, 240), (grey, grey, grey))


def follow(scenes: Sequence[list[tuple[float, float]]], tracker: FaceTracker) -> list[list[int]]:
    found = []
    for places in scenes:
        tracker.finder.places = places  # type: ignore[attr-defined]
        found.append([track for track, _ in tracker.step(frame())])
    return found


def tracker_of(redetect: int = 15) -> FaceTracker:
    return FaceTracker(Drawn(), redetect)  # type: ignore[arg-type]


def test_two_faces_keep_their_numbers_while_they_move() -> None:
    tracker = tracker_of()
    scenes = [[(60 + 2.0 * i, 100.0), (250 - 2.0 * i, 60.0)] for i in range(40)]
    assert follow(scenes, tracker) == [[0, 1]] * 40
    assert tracker.finder.asked == 3  # type: ignore[attr-defined]  # the first frame, and every fifteenth


def test_a_face_that_comes_back_is_another() -> None:
    there, gone = [(100.0, 100.0)], []
    assert follow([there, there, gone, gone, there], tracker_of()) == [[0], [0], [], [], [1]]


def test_a_new_face_is_seen_when_faces_are_detected_again() -> None:
    one, two = [(100.0, 100.0)], [(100.0, 100.0), (220.0, 100.0)]
    found = follow([one] * 3 + [two] * 8, tracker_of(redetect=5))
    assert found == [[0]] * 5 + [[0, 1]] * 6


def test_of_two_tracks_on_one_face_the_older_stays() -> None:
    scenes = [[(100.0, 100.0), (130.0, 100.0)]] + [
        [(100.0 + i, 100.0), (130.0 - 4 * i, 100.0)] for i in range(1, 8)
    ]
    found = follow(scenes, tracker_of())
    assert found[0] == [0, 1]
    assert found[-1] == [0]


def test_a_cut_begins_new_tracks() -> None:
    tracker = tracker_of()
    tracker.finder.places = [(100.0, 100.0)]  # type: ignore[attr-defined]
    greys = [90, 92, 95, 200, 200]
    assert [[track for track, _ in tracker.step(frame(grey))] for grey in greys] == [[0], [0], [0], [1], [1]]


def test_a_tracker_goes_on_from_its_state() -> None:
    scenes = [
        [(60 + 2.0 * i, 100.0), (250 - 2.0 * i, 60.0)] if i % 11 else [(60 + 2.0 * i, 100.0)]
        for i in range(40)
    ]
    whole = follow(scenes, tracker_of(7))
    for end in (1, 6, 13, 22):
        first = tracker_of(7)
        begun = follow(scenes[:end], first)
        second = tracker_of(7)
        second.restore(first.state())
        assert begun + follow(scenes[end:], second) == whole


def test_overlap_is_that_of_boxes() -> None:
    assert overlap_of(np.array([0, 0, 2, 2]), np.array([1, 0, 3, 2])) == 1 / 3
    assert overlap_of(np.array([0, 0, 1, 1]), np.array([2, 2, 3, 3])) == 0
    assert overlap_of(np.zeros(4), np.zeros(4)) == 0
