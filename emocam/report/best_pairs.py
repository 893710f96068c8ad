"""The best pairs of a picture and an object in each cell, of any number, in memory that the cells alone decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 60
"""The most pictures of a cell, strongest first."""
BELOW = 12
"""Cells with fewer are filled up with pictures below the thresholds, to be shown when these are lowered."""
AGAINST = 8
"""The most counter-examples of a cell: they hold the object and are looked at elsewhere, least looked at last."""
LEVEL = 34
"""Bits of a region's rank below its level: what orders floats as integers, with a sign."""
FULL = 1 << 19
"""Pairs that wait before they are held to the best."""


@dataclass(frozen=True)
class CellPairs:
    """Pairs of a picture and an object in the run's order: both, the label, its strength, its rank, and its row."""

    image: NDArray[np.int64]
    object: NDArray[np.int64]
    label: NDArray[np.int64]
    strength: NDArray[np.floating]
    rank: NDArray[np.int64]
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.image)

    def __getitem__(self, chosen: NDArray[Any]) -> "CellPairs":
        return CellPairs(*(column[chosen] for column in vars(self).values()))

    @classmethod
    def joined(cls, parts: "Sequence[CellPairs]") -> "CellPairs":
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    @property
    def held(self) -> NDArray[np.bool_]:
        return (self.rank + (1 << LEVEL - 1) >> LEVEL) % 2 == 1

    @property
    def passed(self) -> NDArray[np.bool_]:
        return self.rank + (1 << LEVEL - 1) >> LEVEL >= 2


def sort_ranks(
    passed: NDArray[np.bool_], held: NDArray[np.bool_], strength: NDArray[np.floating]
) -> NDArray[np.int64]:
    """Return integers (n,) that order regions: those that pass first, then those that are held, each by strength."""
    bits = strength.astype(np.float32).view(np.int32).astype(np.int64)
    ordered = np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)
    ordered = np.where(np.isnan(strength), -(1 << 32), ordered)
    return ((2 * passed.astype(np.int64) + held) << LEVEL) + ordered


def strongest_of_pairs(regions: CellPairs, objects: int) -> CellPairs:
    """Return the first of the strongest regions of each picture and object, in their order."""
    pair = regions.image * objects + regions.object
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    many = np.diff(starts, append=len(order))
    rank = regions.rank[order]
    best = np.maximum.reduceat(rank, starts) if len(starts) else rank
    places = np.flatnonzero(rank == np.repeat(best, many))
    of_pair = np.repeat(np.arange(len(starts)), many)[places]
    return regions[np.sort(order[places[np.diff(of_pair, prepend=-1) > 0]])]


class BestPairs:
    """The best pairs of each cell so far: at most MOST, BELOW below the thresholds, AGAINST at the end."""

    def __init__(self, objects: int, labels: int) -> None:
        self.labels = labels
        self.waiting: list[CellPairs] = []
        nothing = np.zeros(0, np.int64)
        self.pairs = CellPairs(nothing, nothing, nothing, nothing.astype(np.float32), nothing, nothing)
        self.against = np.zeros(0, bool)
        lowest, highest = np.iinfo(np.int64).min, np.iinfo(np.int64).max
        self.floor, self.floor_below = np.full((2, objects * labels), lowest)
        self.ceiling = np.full(objects * labels, highest)

    def add(self, pairs: CellPairs) -> None:
        """Take in the pairs of further pictures."""
        cell = pairs.object * self.labels + pairs.label
        passed = pairs.passed
        chosen = pairs.rank > np.where(passed, self.floor[cell], self.floor_below[cell])
        chosen |= pairs.held & ~passed & (pairs.rank <= self.ceiling[cell])
        self.waiting.append(pairs[chosen])
        if sum(map(len, self.waiting)) > FULL:
            self.settle()

    def settle(self) -> None:
        """Keep the best of what was and what waits."""
        pairs = CellPairs.joined([self.pairs, *self.waiting])
        self.waiting = []
        cell = pairs.object * self.labels + pairs.label
        # the row decides between equals; the pairs stand in its order
        by_rank = np.argsort(-pairs.rank, kind="stable")
        order = by_rank[np.argsort(cell[by_rank], kind="stable")]
        cell = cell[order]
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        many = np.diff(starts, append=len(order))
        place = np.arange(len(order)) - np.repeat(starts, many)
        ordered = pairs[order]
        passed = ordered.passed
        strongest = place < np.where(passed, MOST, BELOW)
        unseen = ordered.held & ~passed
        ends = np.cumsum(unseen)
        from_last = np.repeat(ends[starts + many - 1], many) - ends if len(order) else ends
        against = unseen & (from_last < AGAINST) & ~strongest
        self._close(cell, place, ordered.rank, unseen & (from_last == AGAINST - 1))
        kept = np.flatnonzero(strongest | against)
        in_order = np.argsort(order[kept])
        self.pairs, self.against = ordered[kept[in_order]], against[kept[in_order]]

    def _close(
        self,
        cell: NDArray[np.int64],
        place: NDArray[np.int64],
        rank: NDArray[np.int64],
        last: NDArray[np.bool_],
    ) -> None:
        """Note what a further pair must be above, or below, to be among the best of a cell that is full."""
        for floor, most in ((self.floor, MOST), (self.floor_below, BELOW)):
            full = place == most - 1
            floor[cell[full]] = rank[full]
        self.ceiling[cell[last]] = rank[last]
