"""What the page reads from a run's folder; evidence comes in blocks, so that memory does not grow."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from emocam.records.thresholds import Thresholds

Numbers = TypeVar("Numbers", float, NDArray[np.floating])
BLOCK = 65_536
BOX = ["x0", "y0", "x1", "y1"]
CELLS = (
    *("use", "use_low", "use_high", "use_chance", "lift", "p", "q", "effect", "effect_control"),
    *("flips", "flips_control", "effect_images", "verdict"),
)
"""Columns of cells.parquet that the page shows."""
GROUPS = ("data", "classifier", "cam", "importance", "detector")


def codes(column: pa.ChunkedArray | pa.Array, names: list[str]) -> NDArray[np.int64]:
    """A column of names as their places in `names`: (n,)."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    places = pd.Index(names).get_indexer(pd.Index(encoded.dictionary.to_pylist(), dtype=object))
    return places[encoded.indices.to_numpy()].astype(np.int64)


@dataclass(frozen=True)
class RunTables:
    """A run's folder: `counts` (O, L) and `images` (L,) as they stand in its CSV files."""

    folder: Path
    objects: list[str]
    labels: list[str]
    counts: NDArray[np.int64]
    images: NDArray[np.int64]
    thresholds: Thresholds
    summary: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "RunTables":
        """Names come from Parquet, which is faithful, numbers from the CSV files by their place."""
        names = json.loads((pq.read_schema(folder / "predictions.parquet").metadata or {})[b"emocam"])
        summary = json.loads((folder / "summary.json").read_text())
        counts = pd.read_csv(folder / "association.csv").iloc[:, 1:].to_numpy(np.int64)
        images = pd.read_csv(folder / "labels.csv")["images"].to_numpy(np.int64)
        thresholds = Thresholds(**summary.get("thresholds", {}))
        return cls(folder, names["objects"], names["labels"], counts, images, thresholds, summary)

    @property
    def explained(self) -> bool:
        """Whether a CAM looked, so that importance means something."""
        return (self.folder / "maps.parquet").is_file()

    @cached_property
    def percent(self) -> NDArray[np.float64]:
        """(O, L); NaN where a label has no images."""
        return 100 * self.counts / np.where(self.images > 0, self.images, np.nan)

    @property
    def choices(self) -> dict[str, str]:
        """Which option of the groups that matter most the run was made with."""
        chosen = self.summary.get("choices", {})
        return {group: str(chosen[group]) for group in GROUPS if chosen.get(group) not in (None, "None")}

    @property
    def command(self) -> str:
        """The command line that made the run, if it was kept."""
        return str(self.summary.get("command", ""))

    @cached_property
    def roles(self) -> dict[tuple[int, int], str]:
        """What the data's truth says of cells (object, label), where it has one."""
        file = self.folder / str(self.summary.get("truth", ""))
        if not file.is_file():
            return {}
        known = json.loads(file.read_text())["cells"]
        named = [c for c in known if c["object"] in self.objects and c.get("label") in self.labels]
        return {(self.objects.index(c["object"]), self.labels.index(c["label"])): c["role"] for c in named}

    @cached_property
    def cells(self) -> dict[str, list[float | str | None]]:
        """Further columns of the matrix, flat (O x L), where the run has them; None where unmeasured."""
        file = self.folder / "cells.parquet"
        if not file.is_file():
            return {}
        table = pq.read_table(file)
        place = codes(table["object"], self.objects) * len(self.labels) + codes(table["label"], self.labels)
        found: dict[str, list[float | str | None]] = {}
        for column in (c for c in CELLS if c in table.column_names):
            values: list[float | str | None] = [None] * (len(self.objects) * len(self.labels))
            for i, value in zip(place, table[column].to_pylist(), strict=True):
                number = isinstance(value, float)
                values[i] = (
                    None if number and not np.isfinite(value) else round(value, 4) if number else value
                )
            found[column] = values
        return found

    def blocks(self, file: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The rows of a Parquet file, a block at a time."""
        for batch in pq.ParquetFile(self.folder / f"{file}.parquet").iter_batches(BLOCK, columns=columns):
            yield pa.Table.from_batches([batch])

    def box_counts(self, box: list[float]) -> bool:
        """Whether a box (x0, y0, x1, y1, score, and what decides) of a picture that counts, counts itself."""
        if not box[4] > np.float32(self.thresholds.score):
            return False
        weight = np.array(box[5:6], np.float32)
        return not self.explained or bool(self.thresholds.looked_at(weight, weight)[0])

    def strength(self, score: Numbers, weight: Numbers) -> Numbers:
        """How strongly regions count (N,): the score, or where a CAM looked what decides, the least chance first."""
        if not self.explained:
            return score
        return weight if self.thresholds.decides == "importance" else 1 - weight

    def counted(self, regions: pd.DataFrame) -> NDArray[np.bool_]:
        """Which regions pass the run's thresholds: strictly above, compared as the stored float32."""
        score, confidence = regions["score"].to_numpy(), regions["confidence"].to_numpy()
        weight = regions[self.thresholds.decides].to_numpy()
        passed = self.thresholds.present(score, confidence)
        return passed & self.thresholds.looked_at(weight, weight) if self.explained else passed
