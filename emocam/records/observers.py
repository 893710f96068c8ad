"""What observers say of films: events with a start, an end and a word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ObservedEvents:
    """E events: seconds of `start` and `end` (E,), and of each its film, observer and word as places in lists."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    film: NDArray[np.int64]
    observer: NDArray[np.int64]
    word: NDArray[np.int64]
    films: list[str]
    observers: list[str]
    words: list[str]

    def __len__(self) -> int:
        return len(self.start)

    def of_film(self, film: str) -> ObservedEvents:
        """Return the events of one film; its observers are those who say anything of it."""
        rows = self.film == self.films.index(film) if film in self.films else np.zeros(len(self), bool)
        there, observer = np.unique(self.observer[rows], return_inverse=True)
        return ObservedEvents(
            self.start[rows],
            self.end[rows],
            np.zeros(int(rows.sum()), np.int64),
            observer.astype(np.int64),
            self.word[rows],
            [film],
            [self.observers[place] for place in there],
            self.words,
        )
