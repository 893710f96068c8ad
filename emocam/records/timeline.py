"""What a network answers along films: one row a frame, or a face in it, by the film's own seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_FACE = -1
"""The number of the face in a row that is a whole frame."""
GAP = 3.0
"""Usual steps between frames that are no gap: beyond them no face was there, or no frame was asked for."""


@dataclass(frozen=True)
class Lane:
    """What is shown along one line: a film, or one face of it, and its rows (n,) by time."""

    source: str
    face: int
    rows: NDArray[np.intp]

    @property
    def name(self) -> str:
        return self.source if self.face == NO_FACE else f"{self.source}, face {self.face}"


@dataclass(frozen=True)
class Timeline:
    """N rows in order: image, film, second, face and label of each, with confidence (N,).

    `probability` is (N, L) of `labels`; `importance` (N, K) of `objects` is that of the strongest region that was
    detected, NaN where there was none; without a CAM it is the region's score. `shown` (N,) is the second
    of overlay.mp4 at which a row is seen, NaN where there is no such film.
    """

    image: list[str]
    source: list[str]
    time: NDArray[np.float64]
    face: NDArray[np.int64]
    label: NDArray[np.int64]
    confidence: NDArray[np.float64]
    probability: NDArray[np.float64]
    importance: NDArray[np.float64]
    labels: list[str]
    objects: list[str]
    shown: NDArray[np.float64]
    explained: bool = True

    def __len__(self) -> int:
        return len(self.image)

    @property
    def lanes(self) -> list[Lane]:
        """The films and faces, films in the corpus's order and of each the faces that are seen longest first."""
        places: dict[tuple[str, int], list[int]] = {}
        for row, key in enumerate(zip(self.source, self.face.tolist(), strict=True)):
            places.setdefault(key, []).append(row)
        films = {film: place for place, film in enumerate(dict.fromkeys(self.source))}
        ordered = sorted(places, key=lambda key: (films[key[0]], -len(places[key]), key[1]))
        return [Lane(*key, np.array(places[key])[np.argsort(self.time[places[key]])]) for key in ordered]


def usual_step(time: NDArray[np.float64]) -> float:
    """Return the usual seconds between the times (n,) of a lane, in order; 1 where there is but one."""
    steps = np.diff(time)
    steps = steps[steps > 0]
    return round(float(np.median(steps)), 6) if len(steps) else 1.0


def gaps(time: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the rows of a lane after which a gap begins."""
    return np.flatnonzero(np.diff(time) > GAP * usual_step(time))
