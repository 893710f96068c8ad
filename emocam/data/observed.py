"""What observers say at a film's frames: shares of them by word, and from these a label with its agreement."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emocam.functional.statistics.observer_agreement import said_in_bins
from emocam.records.observers import ObservedEvents

SECOND = 1.0


@dataclass(frozen=True)
class FrameShares:
    """Shares of observers (T, W) who say each word while a frame is shown, and how many observers there are."""

    time: NDArray[np.float64]
    share: NDArray[np.float64]
    observers: int

    def labels(self, agreement: float) -> NDArray[np.int64]:
        """Return the word of each frame (T,) that most say, more than `agreement` of them; -1 where none is."""
        if not self.share.size:
            return np.full(len(self.time), -1)
        return np.where(self.share.max(1) > agreement, self.share.argmax(1), -1)


def frame_shares(events: ObservedEvents, time: NDArray[np.float64], step: float) -> FrameShares:
    """Return what is said at frames (T,), in order, each of which is shown for `step` seconds."""
    said = said_at(events, time, np.round(time + step, 6))
    observers = len(events.observers)
    return FrameShares(
        time, said.mean(1).T if observers else np.zeros((len(time), len(events.words))), observers
    )


def said_at(
    events: ObservedEvents, first: NDArray[np.float64], last: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return who says what in each bin from `first` to `last` (T,): (W, R, T)."""
    observers = len(events.observers)
    said = np.zeros((len(events.words), observers, len(first)), bool)
    for word in range(len(events.words)):  # a word at a time: the counts of all would take gigabytes
        rows = events.word == word
        said[word] = said_in_bins(
            events.start[rows], events.end[rows], events.observer[rows], observers, first, last
        )
    return said


def whole_seconds(duration: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the starts and ends of a film's seconds, as the annotations are published; a rest is left out."""
    first = np.arange(0, max(duration, SECOND) - SECOND + 1e-9, SECOND)
    return first, first + SECOND
