"""Faces followed through a film: the next frame's square comes from the last one's points.

A number for a track is no identity: a face that leaves and comes back is another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from emocam.face.align import square_of_points
from emocam.face.finder import FaceFinder
from emocam.face.landmarks import MeshedFace, overlap_of

SAME_TRACK = 0.5
"""Of two tracks that overlap more, the older stays."""
SMALL = (32, 24)
CUT = 0.18
"""Mean change of a small grey picture, of 1, from which faces are looked for anew: the film was cut."""


@dataclass
class FaceTracker:
    """Follows faces; every `redetect` frames, and where one is lost or the film is cut, they are detected again."""

    finder: FaceFinder
    redetect: int = 15
    following: list[tuple[int, np.ndarray]] = field(default_factory=list)
    first_free: int = 0
    since: int = 0
    detections: int = 0
    _before: np.ndarray | None = None

    def step(self, image: Image.Image) -> list[tuple[int, MeshedFace]]:
        """Return the faces of the next frame with their tracks, the oldest track first."""
        if self._is_cut(image):
            self.following = []
        kept = self._followed(image)
        self.since += 1
        if len(kept) < len(self.following) or not kept or self.since >= self.redetect:
            kept += self._new(image, kept)
            self.since = 0
        self.following = [(track, face.points) for track, face in kept]
        return kept

    def state(self) -> dict[str, np.ndarray]:
        """Return all that decides what comes next."""
        numbers = [self.first_free, self.since, self.detections]
        return {
            "tracks": np.array([track for track, _ in self.following], np.int64),
            "followed": np.array([points for _, points in self.following]).reshape(-1, 468, 2),
            "numbers": np.array(numbers, np.int64),
            "before": np.zeros((0, 0)) if self._before is None else self._before,
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a state."""
        self.following = list(zip(state["tracks"].tolist(), state["followed"], strict=True))
        self.first_free, self.since, self.detections = state["numbers"].tolist()
        self._before = state["before"] if state["before"].size else None

    def _is_cut(self, image: Image.Image) -> bool:
        small = np.asarray(image.reduce(max(1, min(image.size) // 64)).convert("L").resize(SMALL)).astype(int)
        before, self._before = self._before, small
        return before is not None and float(np.abs(small - before).mean()) / 255 > CUT

    def _followed(self, image: Image.Image) -> list[tuple[int, MeshedFace]]:
        """Return the faces that are still where the last points say."""
        squares = [square_of_points(points) for _, points in self.following]
        kept: list[tuple[int, MeshedFace]] = []
        for (track, _), face in zip(self.following, self.finder.mesh.find(image, squares), strict=True):
            new = all(overlap_of(face.box, other.box) <= SAME_TRACK for _, other in kept)
            if face.presence > self.finder.least and new:
                kept.append((track, face))
        return kept

    def _new(self, image: Image.Image, kept: list[tuple[int, MeshedFace]]) -> list[tuple[int, MeshedFace]]:
        """Return detected faces that are none of those that are followed, from left to right."""
        self.detections += 1
        squares = [
            square
            for square in self.finder.squares(image)
            if not any(_within(square.x, square.y, f) for _, f in kept)
        ]
        found = []
        for face in sorted(self.finder.meshed(image, squares), key=lambda face: face.box[0]):
            if all(overlap_of(face.box, other.box) <= SAME_TRACK for _, other in kept):
                found.append((self._track_of(face), face))
        return found

    def _track_of(self, face: MeshedFace) -> int:
        """Return a new number, or that of a face that was lost a moment ago at this very place."""
        lost = [
            track
            for track, points in self.following
            if overlap_of(MeshedFace(points, 1).box, face.box) > SAME_TRACK
        ]
        if lost:
            return lost[0]
        self.first_free += 1
        return self.first_free - 1


def _within(x: float, y: float, face: MeshedFace) -> bool:
    x0, y0, x1, y1 = face.box.tolist()
    return x0 <= x <= x1 and y0 <= y <= y1
