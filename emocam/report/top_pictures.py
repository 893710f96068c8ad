"""The pictures that the page shows: the strongest of every cell, found in one pass over the evidence."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from emocam.results.run import Run, encode_names

MOST = 60
"""The most pictures of a cell, strongest first."""
BELOW = 12
"""Cells with fewer are filled up with pictures below the thresholds, to be shown when these are lowered."""
AGAINST = 8
"""The most counter-examples of a cell: they hold the object and are looked at elsewhere, least looked at last."""
ON_A_PAGE = 3_000
"""The most pictures of a page: with all of a large corpus it would be as large as that."""
HELD, PASSED = 1, 2
"""How a region counts: it is there, or looked at as well."""
COLUMNS = ["image", "object", "label", "passed", "held", "strength"]


@dataclass(frozen=True)
class Strongest:
    """The strongest pictures of all cells.

    `pairs` has one row per picture of a cell (image, object, label, passed, held, strength, against), strongest first;
    a picture is `held` where it has the object above the detector's threshold, looked at or not, and `against` where it
    is here as a counter-example alone. `seen` (O, L) counts images that are held;
    `highest` is the greatest strength of any region, and `left_out` the number of pictures of cells for
    which the page has no room.
    """

    pairs: pd.DataFrame
    seen: NDArray[np.int64]
    highest: float
    left_out: int = 0


def _best_of_cells(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return each (image, object) once: of each cell at most MOST, BELOW below the thresholds, AGAINST at the end."""
    ordered = pairs.sort_values(
        ["passed", "held", "strength"], ascending=False, kind="stable", ignore_index=True
    )
    once = ordered.drop_duplicates(["image", "object"])
    place = once.groupby(["object", "label"]).cumcount()
    strongest = (place < np.where(once["passed"], MOST, BELOW)).to_numpy()
    unseen = once[once["held"] & ~once["passed"]]
    from_last = unseen.groupby(["object", "label"]).cumcount(ascending=False).reindex(once.index)
    against = (from_last < AGAINST).to_numpy() & ~strongest
    return once.assign(against=against)[strongest | against]


def take_turns(pairs: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the pairs of at most `most` pictures: of each cell its strongest, then of each its second, and so on.

    Within a turn cells whose picture counts come first, those of many pictures before those of few; a cell's
    counter-examples take their own turns. What is left of a cell has no gap: its strongest pictures, as many as found
    room.
    """
    cells = pairs.groupby(["object", "label", "against"], sort=False)
    many = cells["image"].transform("size").to_numpy()
    order = np.lexsort((-many, ~pairs["passed"].to_numpy(bool), cells.cumcount().to_numpy()))
    chosen = pd.unique(pairs["image"].to_numpy()[order])[:most]
    kinds = [pairs["object"], pairs["label"], pairs["against"]]
    found_room = pairs["image"].isin(chosen).groupby(kinds, sort=False).cummin()
    return pairs[found_room]


@dataclass
class BestSoFar:
    """The pairs that are kept of the blocks so far, and what a further one must have to be kept beside them.

    Of a large corpus nearly all pairs are left out by that at once, and few are ever sorted.
    """

    shape: tuple[int, int]

    def __post_init__(self) -> None:
        self.pairs = pd.DataFrame({name: [] for name in (*COLUMNS, "against")})
        self._waiting: list[pd.DataFrame] = []
        cells = self.shape[0] * self.shape[1]
        self._last_passed, self._last_below = np.full((2, cells), -np.inf)
        self._last_rank = np.full(cells, -1, np.int8)
        self._against = np.full(cells, np.inf)

    def add(self, block: "Regions") -> None:
        """Add the regions of a block: of each pair that may enter the strongest."""
        may = self._may_enter(block.cell(self.shape[1]), block.rank, settled(block.strength))
        if may.any():
            entering = np.zeros(block.pairs, bool)
            entering[block.pair[may]] = True
            # all regions of these: the one that may enter is not the pair's, where another is stronger
            self._waiting.append(block.strongest(np.flatnonzero(entering[block.pair])))
        if sum(map(len, self._waiting)) > len(self.pairs) + 8 * len(block.pair):
            self.merge()

    def merge(self) -> None:
        """Keep the best of all that were added."""
        if self._waiting:
            waiting = [self.pairs] * bool(len(self.pairs)) + self._waiting
            self.pairs, self._waiting = _best_of_cells(pd.concat(waiting)[COLUMNS]), []
            self._find_last()

    def _may_enter(
        self, cell: NDArray[np.int64], rank: NDArray[np.int8], strength: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Return which regions may be among the best of their cells; of equals the first was kept."""
        last = self._last_rank[cell]
        among = (rank > last) | ((rank == last) & (strength > self._last_below[cell]))
        counter = (rank == HELD) & (strength <= self._against[cell])
        may: NDArray[np.bool_] = np.where(rank == PASSED, strength > self._last_passed[cell], among | counter)
        return may

    def _find_last(self) -> None:
        """Find the last pair of each full cell that counts, that is shown below, and of its counter-examples."""
        pairs = self.pairs
        cell = pairs["object"].to_numpy(np.int64) * self.shape[1] + pairs["label"].to_numpy(np.int64)
        rank = pairs["passed"].to_numpy(np.int8) + pairs["held"].to_numpy(np.int8)
        strength = settled(pairs["strength"].to_numpy())
        place = self.pairs.groupby(["object", "label"]).cumcount().to_numpy()
        passed = (place == MOST - 1) & (rank == PASSED)
        self._last_passed[cell[passed]] = strength[passed]
        below = place == BELOW - 1
        self._last_rank[cell[below]], self._last_below[cell[below]] = rank[below], strength[below]
        unseen = np.flatnonzero(rank == HELD)
        from_last = self.pairs.iloc[unseen].groupby(["object", "label"]).cumcount(ascending=False).to_numpy()
        counter = unseen[from_last == AGAINST - 1]
        self._against[cell[counter]] = strength[counter]


def find_strongest(run: Run, most: int = ON_A_PAGE) -> Strongest:
    """Find at most `most` pictures: one is as strong in a cell as the object's strongest region in it."""
    shape = len(run.object_names), len(run.label_names)
    found = BestSoFar(shape)
    highest = 0.0
    seen = np.zeros(shape, np.int64)
    columns = ["image", "label", "object", "confidence", "score", run.thresholds.decides]
    for _, block in run.blocks(["image"], columns):  # in which each picture has all its regions
        regions = Regions.of(run, block)
        highest = max(highest, float(np.nanmax(regions.strength, initial=0.0)))
        held = np.zeros(regions.pairs, np.int32)
        there = np.flatnonzero(regions.rank >= HELD)
        held[regions.pair[there]] = regions.label[there] + 1
        pair = np.flatnonzero(held)
        np.add.at(seen, (pair % max(1, shape[0]), held[pair] - 1), 1)
        found.add(regions)
    found.merge()
    best = found.pairs
    candidates = best["image"].nunique()
    shown = take_turns(best, most) if candidates > most else best
    left_out = candidates - shown["image"].nunique()
    return Strongest(shown.reset_index(drop=True), seen, highest, left_out)


@dataclass(frozen=True)
class Regions:
    """The regions (N,) of a block: the place of each one's image among `images`, its object, and how it counts."""

    images: pa.Array
    image: NDArray[np.int64]
    object: NDArray[np.int64]
    label: NDArray[np.int64]
    rank: NDArray[np.int8]
    strength: NDArray[np.floating]
    objects: int

    @classmethod
    def of(cls, run: Run, block: pa.Table) -> "Regions":
        """Read a block of the evidence."""
        thresholds = run.thresholds
        score, confidence, decisive = (
            block[name].to_numpy() for name in ("score", "confidence", thresholds.decides)
        )
        images = block["image"].combine_chunks()
        named = images if isinstance(images, pa.DictionaryArray) else images.dictionary_encode()
        passed = thresholds.kept(score, confidence, decisive, decisive, run.explained)
        return cls(
            named.dictionary,
            named.indices.to_numpy().astype(np.int64),
            encode_names(block, "object", run.object_names),
            encode_names(block, "label", run.label_names),
            passed.astype(np.int8) + thresholds.present(score, confidence),
            thresholds.strength(score, decisive, run.explained),
            len(run.object_names),
        )

    @cached_property
    def pair(self) -> NDArray[np.int64]:
        """The number of each region's image and object (N,)."""
        return self.image * self.objects + self.object

    @property
    def pairs(self) -> int:
        """How many pairs there may be."""
        return len(self.images) * self.objects

    def cell(self, labels: int) -> NDArray[np.int64]:
        """Return the number of each region's object and label (N,)."""
        return self.object * labels + self.label

    def strongest(self, rows: NDArray[np.intp]) -> pd.DataFrame:
        """Return the strongest region of each pair among some, in their order."""
        pair = self.pair[rows]
        order = np.lexsort((-settled(self.strength[rows]), -self.rank[rows], pair))
        first = np.ones(len(order), bool)
        first[1:] = pair[order][1:] != pair[order][:-1]
        chosen = rows[np.sort(order[first])]
        names = self.images.take(pa.array(self.image[chosen])).to_numpy(zero_copy_only=False)
        return pd.DataFrame(
            {
                "image": names,
                "object": self.object[chosen],
                "label": self.label[chosen],
                "passed": self.rank[chosen] == PASSED,
                "held": self.rank[chosen] >= HELD,
                "strength": self.strength[chosen],
            }
        )


def settled(strength: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return strengths as they are sorted: one that is no number comes last."""
    return np.where(np.isnan(strength), -np.inf, strength).astype(np.float64)
