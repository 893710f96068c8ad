"""The way by which a network computed the rows of a pass, kept with them: what goes on with them goes the same way.

Which way is quickest is for the clock to say, and a network's answers by two ways differ in their last places.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from emocam.classifier.base import Classifier
from emocam.network.quick_features import UNTRIED, WAYS, Way
from emocam.results.chunks import Chunks
from emocam.results.files import METADATA
from emocam.results.parquet_file import has_table, read_schema

WAY = "way"
"""The file in the folder of an unfinished pass, and the name in the metadata of a finished table."""


@dataclass(frozen=True)
class KeptWay:
    """The way of passes that compute together; a copy in each of their folders."""

    files: tuple[Path, ...]

    def __call__(self, way: Way) -> Way:
        """Keep a way that was chosen, and return the one to go: that of another process which was the first."""
        for file in self.files:
            with suppress(FileExistsError, FileNotFoundError), file.open("x") as new:
                new.write(way)
        return self.read() or way

    def read(self) -> Way | None:
        """Return what is kept, if anything."""
        texts = [file.read_text(errors="replace") for file in self.files if file.is_file()]
        return next((way for way in WAYS if way in texts[:1]), None)


def way_in(table: Path) -> Way | None:
    """Return the way by which a finished table was computed, or None where it was not chosen."""
    written = (read_schema(table).metadata or {}) if has_table(table) else {}
    told = json.loads(written[METADATA]).get(WAY) if METADATA in written else None
    return next((way for way in WAYS if way == told), None)


def go_the_same_way(classifier: Classifier, chunks: Sequence[Chunks], *tables: Path) -> None:
    """Let a classifier compute as it did for the rows that are there, or keep what it chooses beside the new ones.

    The rows are those of unfinished chunks, or of `tables`. Evidence for which no trial was made, since its pictures
    were few, leaves the choice to the many views that are asked of them.
    """
    if not classifier.fast:
        return
    kept = KeptWay(tuple(one.folder / WAY for one in chunks))
    known = kept.read() or next(
        (way for table in tables if (way := way_in(table)) not in (None, UNTRIED)), None
    )
    classifier.way, classifier.keep_way = known if known is None else kept(known), kept
