"""Which rows of an earlier pass still hold: those whose picture, and what is known of it, are the same."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from emocam.data.contents import all_contents
from emocam.data.printed import printable
from emocam.predict.components import Components
from emocam.predict.kept_way import WAY, way_in
from emocam.results.chunks import Chunks
from emocam.results.files import ASKED, CONTENTS, GROUP, LEDGER, METADATA, PREDICTIONS, TIME, parquet
from emocam.results.parquet_file import read_parquet, read_schema
from emocam.results.parts import is_in_parts
from emocam.results.write_again import write_again

COLUMNS = ("image", *CONTENTS)


@dataclass(frozen=True)
class Stale:
    """What became of the pictures since rows were written: `kept` are the places of those that still hold."""

    kept: dict[str, int]
    changed: list[str]
    gone: list[str]
    new: list[str]
    moved: bool

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone or self.new or self.moved)

    @property
    def sentence(self) -> str:
        """What is not as it was, with a name for each kind."""
        kinds = (("changed", self.changed), ("gone", self.gone), ("new", self.new))
        told = [f"{len(names):,} {kind} (such as {names[0]})" for kind, names in kinds if names]
        return ", ".join(told) or "in another order"


def stale_rows(components: Components, rows: pa.Table, listing: Sequence[str] | None = None) -> Stale:
    """Hold the rows of a ledger to the pictures as they are now, by default to all that are listed."""
    listing = components.listing if listing is None else listing
    places = {printable(path): place for place, path in enumerate(listing)}
    images = rows["image"].to_pylist()
    there = [image for image in images if image in places]
    found = all_contents(components.data, [listing[places[image]] for image in there], components.digests)
    now = dict(zip(there, found, strict=True))
    written = zip(images, *(rows[name].to_pylist() for name in CONTENTS), strict=True)
    known = {image: contents for image, *contents in written}
    changed = [image for image in there if list(now[image]) != known[image]]
    kept = {image: places[image] for image in there if list(now[image]) == known[image]}
    gone = [image for image in images if image not in places]
    new = [image for image in places if image not in known]
    moved = list(kept.values()) != sorted(kept.values())
    return Stale(kept, changed, gone, new, moved)


def stale_in(components: Components, source: Path) -> Stale:
    """Hold the rows of a finished run to the pictures as they are now."""
    ledger = source / parquet(LEDGER)
    stale = stale_rows(components, read_parquet(ledger, columns=COLUMNS))
    # parts stand one after the other, whatever the listing's order
    return replace(stale, moved=False) if is_in_parts(ledger) else stale


def stale_in_chunks(components: Components, chunks: Chunks) -> Stale:
    """Hold the rows of an interrupted pass to the pictures as they are now."""
    return stale_rows(components, chunks.ledger(COLUMNS))


def go_on_from(source: Path, chunks: Chunks, stale: Stale) -> None:
    """Make chunks of the rows of a finished run that still hold, without its groups."""
    metadata = read_schema(source / parquet(PREDICTIONS)).metadata or {}
    asked = json.loads(metadata.get(METADATA, b"{}")).get(ASKED, [None, None])
    groups = [name for name, setting in zip((GROUP, TIME), asked, strict=True) if setting is not None]
    write_again(source, chunks, stale.kept, {PREDICTIONS: groups})
    if stale.kept and (way := way_in(source / parquet(PREDICTIONS))) is not None:
        (chunks.folder / WAY).write_text(way)


def say_stale(folder: Path, stale: Stale, source: Path | None = None) -> None:
    """Write to the terminal that only some pictures are explained, and why."""
    of = f"since {source} explained them" if source else "since they were explained"
    sys.stderr.write(
        f"{folder}: the pictures are not all as they were {of}: {stale.sentence}; the other "
        f"{len(stale.kept):,} rows are kept\n"
    )
