"""The places of names in a listing, by a hash of each: twelve bytes a name, however long the names are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PART = 65_536
"""Names that are held as Python's own at once."""
Marks = NDArray[np.uint64]
PlacesOf = Callable[[Sequence[str]], NDArray[np.int64]]
"""What returns the places of names, -1 where one has none."""


def name_marks(names: Sequence[str]) -> Marks:
    """Return a hash of each name (n,): equal names have equal ones, and others seldom do."""
    column = np.empty(len(names), object)
    column[:] = names
    marks: Marks = pd.util.hash_array(column, categorize=False)
    return marks


def in_parts(names: Sequence[str], part: int = PART) -> Iterator[list[str]]:
    """Yield names as lists of at most so many."""
    left = iter(names)
    while some := list(islice(left, part)):
        yield some


class NamePlaces:
    """Where each name is among `names`, of which `text` makes what is asked for.

    A hash that fits is held to the name itself, so that two names of one hash are told apart.
    """

    def __init__(self, names: Sequence[str], text: Callable[[str], str] = str) -> None:
        self.names, self.text = names, text
        marks = np.empty(len(names), np.uint64)
        first = 0
        for part in in_parts(names):
            marks[first : first + len(part)] = name_marks([text(name) for name in part])
            first += len(part)
        small = len(names) < np.iinfo(np.int32).max
        self._order = np.argsort(marks, kind="stable").astype(np.int32 if small else np.int64)
        marks.sort()
        self._marks = marks

    def __len__(self) -> int:
        return len(self._marks)

    @property
    def held(self) -> int:
        """Bytes that are held for all names."""
        return self._marks.nbytes + self._order.nbytes

    def of(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the place of each name (n,); -1 where it is not among them."""
        found = np.full(len(names), -1, np.int64)
        for first in range(0, len(names), PART):
            part = names[first : first + PART]
            found[first : first + len(part)] = self._of(part)
        return found

    def _of(self, names: Sequence[str]) -> NDArray[np.int64]:
        found = np.full(len(names), -1, np.int64)
        marks = name_marks(names)
        at = np.searchsorted(self._marks, marks)
        left = np.arange(len(names))
        while len(left := left[at[left] < len(self._marks)]):
            left = left[self._marks[at[left]] == marks[left]]
            place = self._order[at[left]].astype(np.int64)
            same = np.array(
                [
                    self.text(self.names[there]) == names[own]
                    for own, there in zip(left.tolist(), place.tolist(), strict=True)
                ],
                bool,
            )
            found[left[same]] = place[same]
            left = left[~same]  # another name of the same hash: the next one may be it
            at[left] += 1
        return found


def places_in(known: Mapping[str, int]) -> PlacesOf:
    """Return what finds names in a mapping to their places."""
    return lambda names: np.array([known.get(name, -1) for name in names], np.int64)


def count_repeated(marks: Marks, names_of: Callable[[Marks], Sequence[str]]) -> int:
    """Count how many of the names with these hashes (n,) are there already under another.

    `names_of` returns the names whose hashes are among some: names are looked at where hashes are equal alone.
    """
    ordered = np.sort(marks)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return 0
    names = names_of(twice)
    return len(names) - len(set(names))
