"""Every listed image ends as done, unreadable, refused or failed: once."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emocam.errors import SettingError
from emocam.results.files import LEDGER, LEFT_OUT, parquet
from emocam.results.name_places import PART, Marks, count_repeated, name_marks
from emocam.results.parquet_file import open_parquet
from emocam.results.summary import Summary

STATUSES = ("done", "unreadable", "refused", "failed")


@dataclass(frozen=True)
class Ledger:
    """How many images were listed, how many ended in each way, and how many are lost."""

    images: int
    ends: dict[str, int]
    left_out: int = 0
    """Of those that were refused, how many the command asked to leave out by their label."""

    @property
    def lost(self) -> int:
        return self.images - sum(self.ends.values())

    @property
    def unused(self) -> int:
        return self.images - self.ends["done"] - self.left_out

    @property
    def counts(self) -> dict[str, int]:
        return {"images": self.images, **self.ends, "lost": self.lost}

    @property
    def line(self) -> str:
        """As `400 images: 400 explained, 0 unreadable, 0 refused, 0 lost`."""
        return self.line_of("explained")

    def line_of(self, done: str) -> str:
        """Return the line with a word for what was done with an image."""
        ends = self.ends
        failed = f", {ends['failed']:,} failed" if ends["failed"] else ""
        return (
            f"{self.images:,} images: {ends['done']:,} {done}, {ends['unreadable']:,} unreadable, "
            f"{ends['refused']:,} refused{failed}, {self.lost:,} lost"
        )


def ledger_of(summary: Summary) -> Ledger:
    """Return the ledger as a run's summary holds it."""
    counts: Mapping[str, Any] = summary
    return Ledger(int(counts.get("images", 0)), {name: int(counts.get(name, 0)) for name in STATUSES})


def read_ledger(folder: Path, listed: int | None = None) -> Ledger:
    """Read the ledger of a run; `listed` images were to end in it, or each that it names once."""
    found: Counter[str] = Counter()
    left_out = 0
    marks = [np.zeros(0, np.uint64)]
    for rows in ledger_rows(folder, ["image", "status", "reason"]):
        left_out += pc.sum(pc.ends_with(rows["reason"], LEFT_OUT)).as_py() or 0
        found.update(
            {entry["values"]: entry["counts"] for entry in pc.value_counts(rows["status"]).to_pylist()}
        )
        if listed is None:
            marks.append(name_marks(rows["image"].to_pylist()))
    if listed is None:
        named = np.concatenate(marks)
        listed = len(named) - count_repeated(named, lambda repeated: names_with(folder, repeated))
    return Ledger(listed, {name: found.get(name, 0) for name in STATUSES}, left_out)


def ledger_rows(folder: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield columns of a run's ledger, so many rows at a time that no corpus is held whole."""
    yield from open_parquet(folder / parquet(LEDGER)).iter_batches(PART, columns=columns)


def names_with(folder: Path, marks: Marks) -> list[str]:
    """Return the images of a ledger whose names have one of these hashes."""
    found: list[str] = []
    for rows in ledger_rows(folder, ["image"]):
        names = rows["image"].to_pylist()
        found += [names[place] for place in np.flatnonzero(np.isin(name_marks(names), marks))]
    return found


def check_none_lost(folder: Path, ledger: Ledger) -> None:
    """Refuse tables in which an image is lost, or counted more than once."""
    if ledger.lost:
        fault = f"{ledger.lost:,} are lost" if ledger.lost > 0 else f"{-ledger.lost:,} rows are there twice"
        raise SettingError(
            f"hydra.run.dir {folder} holds no whole run: of {ledger.images:,} images {fault}; remove the folder, "
            "and give the command again"
        )
