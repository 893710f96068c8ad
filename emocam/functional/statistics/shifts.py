"""Whether an object and a label come together in a film more often than by chance: labels moved along it.

The labels of a film are shifted against its objects, what falls off its end comes in at its beginning.
Episodes stay as long as they are, only what they coincide with changes. Of one film all shifts are
counted; of several each is shifted by itself, by lot. Never the normal tail: one episode of a rare
label would have p = 2e-6.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from emocam.functional.statistics.episodes import in_order
from emocam.functional.statistics.group_association import Grouped

Numbers = NDArray[np.floating]
Places = NDArray[np.integer]
DRAWS = 9999
SCREEN = 199
"""Draws of several films after which a cell with p above PROMISING is left as it is."""
PROMISING = 0.1
CHUNK = 2**22
"""Numbers held at once: what bounds the memory."""
ROUNDING = 0.5
"""Counts are whole numbers."""


@dataclass(frozen=True)
class Film:
    """Frames [first, end) of all, in the order of films and time, and where each label is, transformed."""

    first: int
    end: int
    spectrum: NDArray[np.complexfloating]

    def together(self, shown: Numbers, objects: Places, labels: Places) -> Numbers:
        """Return in how many frames objects and labels (n,) meet, at each of T shifts: (n, T).

        shown (O, T of all films) is where each object is.
        """
        objects_there = np.conj(fft.rfft(shown[:, self.first : self.end], axis=1))
        return np.asarray(fft.irfft(objects_there[objects] * self.spectrum[labels], self.end - self.first))


def shift_p(
    pictures: Grouped,
    time: NDArray[np.float64],
    asked: NDArray[np.bool_],
    draws: int = DRAWS,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return the one-sided p (O, L) that object and label come together so often; NaN where not asked.

    time (I,) runs within each group; asked (O, L).
    """
    p = np.full(pictures.shape, np.nan)
    frames = len(pictures.label)
    if not frames:
        return p
    place = in_order(pictures.group, time)
    films = read_films(pictures, place)
    lots = np.random.default_rng(seed).integers(
        0, [film.end - film.first for film in films], (draws, len(films))
    )
    rows = np.flatnonzero(asked.any(1))
    step = max(1, CHUNK // (frames * pictures.shape[1]))
    for some in (rows[i : i + step] for i in range(0, len(rows), step)):
        row = np.full(pictures.shape[0], -1)
        row[some] = np.arange(len(some))
        pairs = row[pictures.object] >= 0
        shown = np.zeros((len(some), frames), np.float32)
        shown[row[pictures.object[pairs]], place[pictures.image[pairs]]] = 1
        objects, labels = np.nonzero(asked[some])
        together = [film.together(shown, objects, labels) for film in films]
        p[some[objects], labels] = one_film(together[0]) if len(films) == 1 else several_films(together, lots)
    return p


def read_films(pictures: Grouped, place: Places) -> list[Film]:
    """Return the film of each group."""
    order = np.argsort(place)
    label, group = pictures.label[order], pictures.group[order]
    bounds = np.flatnonzero(np.diff(group)) + 1
    films = []
    for first, end in zip([0, *bounds], [*bounds, len(group)], strict=True):
        on = label[first:end] == np.arange(pictures.shape[1])[:, None]
        films.append(Film(first, end, fft.rfft(on.astype(np.float32), axis=1)))
    return films


def one_film(together: Numbers) -> NDArray[np.float64]:
    """Return the share of all shifts (n, T) at which they meet at least as often as unshifted: (n,)."""
    return np.asarray((together >= together[:, :1] - ROUNDING).mean(1))


def several_films(together: list[Numbers], lots: Places) -> NDArray[np.float64]:
    """Return the share of draws (R, F) of shifts, one a film, that meet at least as often: (n,)."""
    found = np.sum([film[:, 0] for film in together], axis=0)

    def drawn(some: Places, cells: slice | Places) -> NDArray[np.float64]:
        total = np.zeros((len(found[cells]), len(some)), np.float32)
        for film, shift in zip(together, some.T, strict=True):
            total += np.take(film[cells], shift, axis=1)
        return np.asarray((1 + (total >= found[cells, None] - ROUNDING).sum(1)) / (1 + len(some)))

    p = drawn(lots[:SCREEN], slice(None))
    promising = np.flatnonzero(p <= PROMISING)
    if len(promising):
        p[promising] = drawn(lots, promising)
    return p
