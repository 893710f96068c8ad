"""Which rows of an earlier pass still hold: those whose picture, and what is known of it, are the same."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emocam.data.contents import all_contents
from emocam.data.printed import printable
from emocam.predict.components import Components
from emocam.predict.kept_way import WAY, way_in
from emocam.results.chunks import Chunks
from emocam.results.files import ASKED, CONTENTS, GROUP, LEDGER, METADATA, PREDICTIONS, TIME, parquet
from emocam.results.ledger import ledger_rows
from emocam.results.name_places import NamePlaces
from emocam.results.parquet_file import read_schema
from emocam.results.parts import is_in_parts
from emocam.results.write_again import write_again

COLUMNS = ("image", *CONTENTS)


@dataclass
class HowMany:
    """How many pictures, and the name of one of them."""

    count: int = 0
    example: str = ""

    def add(self, names: Sequence[str]) -> None:
        """Add pictures by their names."""
        self.example = self.example or next(iter(names), "")
        self.count += len(names)


@dataclass(frozen=True)
class Stale:
    """What became of the pictures since rows were written: `holds` (n,) says of each listed one that its row does."""

    places: NamePlaces
    holds: NDArray[np.bool_]
    changed: HowMany
    gone: HowMany
    new: HowMany
    moved: bool

    def __bool__(self) -> bool:
        return bool(self.changed.count or self.gone.count or self.new.count or self.moved)

    @property
    def kept(self) -> int:
        """The number of pictures whose rows still hold."""
        return int(self.holds.sum())

    def place_of(self, images: Sequence[str]) -> NDArray[np.int64]:
        """Return the place in the listing of each image (n,) whose rows still hold; -1 of all others."""
        place = self.places.of(images)
        return np.where((place >= 0) & self.holds[place], place, -1) if len(self.holds) else place

    @property
    def sentence(self) -> str:
        """What is not as it was, with a name for each kind."""
        kinds = (("changed", self.changed), ("gone", self.gone), ("new", self.new))
        told = [f"{named.count:,} {kind} (such as {named.example})" for kind, named in kinds if named.count]
        return ", ".join(told) or "in another order"


def stale_rows(
    components: Components, ledger: Iterable[pa.Table | pa.RecordBatch], listing: Sequence[str] | None = None
) -> Stale:
    """Hold the rows of a ledger, some at a time, to the pictures as they are now, by default to all that are listed."""
    listing = components.listing if listing is None else listing
    places = NamePlaces(listing, printable)
    seen, holds = np.zeros((2, len(listing)), bool)
    changed, gone, new = HowMany(), HowMany(), HowMany()
    last, moved = -1, False
    for rows in ledger:
        images = rows["image"].to_pylist()
        place = places.of(images)
        there = np.flatnonzero(place >= 0)
        now = all_contents(components.data, [listing[at] for at in place[there].tolist()], components.digests)
        known = zip(*(rows[name].to_pylist() for name in CONTENTS), strict=True)
        written = np.fromiter(known, object, len(images))[there]
        same = np.array([tuple(new) == old for new, old in zip(now, written, strict=True)], bool)
        kept = place[there[same]]
        moved = moved or bool((np.diff(kept, prepend=last) < 0).any())
        last = int(kept[-1]) if len(kept) else last
        seen[place[there]], holds[kept] = True, True
        changed.add([images[row] for row in there[~same]])
        gone.add([images[row] for row in np.flatnonzero(place < 0)])
    missing = np.flatnonzero(~seen)
    new.count, new.example = len(missing), printable(listing[int(missing[0])]) if len(missing) else ""
    return Stale(places, holds, changed, gone, new, moved)


def stale_in(components: Components, source: Path) -> Stale:
    """Hold the rows of a finished run to the pictures as they are now."""
    stale = stale_rows(components, ledger_rows(source, [*COLUMNS]))
    # parts stand one after the other, whatever the listing's order
    return replace(stale, moved=False) if is_in_parts(source / parquet(LEDGER)) else stale


def stale_in_chunks(components: Components, chunks: Chunks) -> Stale:
    """Hold the rows of an interrupted pass to the pictures as they are now."""
    return stale_rows(components, chunks.in_order(LEDGER, COLUMNS))


def go_on_from(source: Path, chunks: Chunks, stale: Stale) -> None:
    """Make chunks of the rows of a finished run that still hold, without its groups."""
    metadata = read_schema(source / parquet(PREDICTIONS)).metadata or {}
    asked = json.loads(metadata.get(METADATA, b"{}")).get(ASKED, [None, None])
    groups = [name for name, setting in zip((GROUP, TIME), asked, strict=True) if setting is not None]
    write_again(source, chunks, stale.place_of, {PREDICTIONS: groups})
    if stale.kept and (way := way_in(source / parquet(PREDICTIONS))) is not None:
        (chunks.folder / WAY).write_text(way)


def say_stale(folder: Path, stale: Stale, source: Path | None = None) -> None:
    """Write to the terminal that only some pictures are explained, and why."""
    of = f"since {source} explained them" if source else "since they were explained"
    sys.stderr.write(
        f"{folder}: the pictures are not all as they were {of}: {stale.sentence}; the other "
        f"{stale.kept:,} rows are kept\n"
    )
