"""The numbers of a run in parts as sums of those of its parts, each of which is counted once and kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from emocam.cells.chance import chance_sums
from emocam.cells.occurrences import read_occurrences
from emocam.cells.outside import OutsideSums, fullest, read_outside
from emocam.metric.association_counts import AssociationCounts
from emocam.records.thresholds import Thresholds
from emocam.results.files import EVIDENCE, SUMS, parquet
from emocam.results.parquet_file import has_table
from emocam.results.part_sums import CELL, CROP, PartSums, begin_sums, finish_sums, summed_parts
from emocam.results.run import Run

Extremes = dict[str, tuple[float, float]]
KEYS = ("object", "label")
MOST_CROPS = 256
"""Parts whose crops are held until the best of them are chosen."""


@dataclass
class WholeSums:
    """The sums of all parts that were added: counts and sums of chances (O, L), and what is of labels or of all.

    Counts are whole numbers and equal those of an undivided run. Chances and shares are added part by part, so that
    their last digit may be another than where pictures are added one by one.
    """

    objects: int
    labels: int
    by_chance: bool = True
    outside: OutsideSums = field(init=False)
    extremes: Extremes = field(default_factory=dict)
    flat: int = 0

    def __post_init__(self) -> None:
        self.images = np.zeros(self.labels, np.int64)
        self._cells = {name: np.zeros((self.objects, self.labels)) for name in CELL if name not in KEYS}
        self.outside = OutsideSums(*np.zeros((4, self.labels)))
        self._crops: list[pd.DataFrame] = []

    def add(self, part: PartSums) -> None:
        """Add a part."""
        told = part.told
        self.images += np.array(told["images"], np.int64)
        cell = tuple(part.cells[name].to_numpy() for name in KEYS)
        for name, total in self._cells.items():
            total[cell] += part.cells[name].to_numpy()  # each cell has one row
        self.by_chance &= told["by_chance"]
        self.outside += OutsideSums(*np.array(told["outside"], float))
        for name, (low, high) in told["extremes"].items():
            ends = self.extremes.get(name, (low, high))
            self.extremes[name] = min(ends[0], low), max(ends[1], high)
        self.flat += told["flat"]
        self._crops.append(part.crops)
        if len(self._crops) > MOST_CROPS:
            self._crops = [fullest(pd.concat(self._crops))]

    @property
    def counts(self) -> AssociationCounts:
        """The association matrix."""
        kept, present = (torch.from_numpy(self._cells[name].astype(np.int64)) for name in ("kept", "present"))
        return AssociationCounts(kept, present, torch.from_numpy(self.images))

    @property
    def chance(self) -> NDArray[np.float64]:
        """The level of chance of each cell (O, L); NaN where there is none."""
        if not self.by_chance:
            return np.full((self.objects, self.labels), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            level: NDArray[np.float64] = self._cells["chance"] / self._cells["chance_images"]
        return level

    @property
    def crops(self) -> pd.DataFrame:
        """The crops of each label that hold most outside all objects."""
        return fullest(pd.concat([pd.DataFrame({name: [] for name in CROP}), *self._crops]))


def read_sums(run: Run, thresholds: Thresholds) -> WholeSums:
    """Return the sums of a run: what a part has at these thresholds is read, what it has not is counted and kept."""
    whole = WholeSums(len(run.object_names), len(run.label_names))
    begin_sums(run)
    counted = 0
    for summed in summed_parts(run, thresholds):
        sums = summed.read()
        if sums is None:
            counted += 1
            sums = sum_part(summed.part, thresholds)
            summed.write(sums)
        whole.add(sums)
    finish_sums(run, counted > 0)
    return whole


def sum_part(part: Run, thresholds: Thresholds) -> PartSums:
    """Count one part."""
    found = read_occurrences(part, thresholds)
    labels = len(part.label_names)
    counted = found.count(found.label, labels)
    chance = chance_sums(part, thresholds) if part.explained else None
    total, images = np.zeros((2, *counted.kept.shape)) if chance is None else chance
    columns = {"present": counted.present, "kept": counted.kept, "chance": total, "chance_images": images}
    there = np.nonzero((columns["present"] > 0) | (images > 0))
    cells = pd.DataFrame(dict(zip(KEYS, there, strict=True)) | {k: v[there] for k, v in columns.items()})
    outside = OutsideSums(*np.zeros((4, labels)))
    crops = [pd.DataFrame({name: [] for name in CROP})]
    if part.explained:
        for block in read_outside(part, thresholds):
            outside += OutsideSums.of(block, labels)
            crops.append(fullest(block))
    told = {
        "images": counted.images.tolist(),
        "by_chance": chance is not None,
        "outside": [column.tolist() for column in vars(outside).values()],
        "extremes": _widest(finite_extremes(part)),
        "flat": sum(int((~maps.flatten(1).any(1)).sum()) for maps, _ in part.explanations()),
    }
    return PartSums(cells, fullest(pd.concat(crops))[[*CROP]], told)


def _widest(blocks: Iterator[Extremes]) -> Extremes:
    found: Extremes = {}
    for block in blocks:
        for name, (low, high) in block.items():
            ends = found.get(name, (low, high))
            found[name] = min(ends[0], low), max(ends[1], high)
    return found


def finite_extremes(run: Run) -> Iterator[dict[str, tuple[float, float]]]:
    """Yield the smallest and the greatest finite importance and chance of each block's regions."""
    known = run.columns(EVIDENCE)
    for rows in run.rows(EVIDENCE, [name for name in ("importance", "chance") if name in known]):
        extremes = {name: _extremes(rows[name]) for name in rows.column_names}
        yield {name: ends for name, ends in extremes.items() if ends is not None}


def _extremes(column: pa.ChunkedArray) -> tuple[float, float] | None:
    ends = pc.min_max(column.filter(pc.is_finite(column))).as_py()
    return None if ends["min"] is None else (ends["min"], ends["max"])


def sums_faults(run: Run) -> Iterator[str]:
    """Yield what differs between the sums that a run keeps and those of its tables, counted once more."""
    table = run.path / parquet(SUMS)
    if run.many or not has_table(table):
        return
    for summed in summed_parts(run, run.thresholds):
        name = summed.file.relative_to(run.path).as_posix()
        kept = summed.read()
        if kept is None:
            yield f"{name} holds the sums of other tables or thresholds than the run's"
            continue
        expected = sum_part(summed.part, run.thresholds)
        differing = [what for what, same in _alike(kept, expected) if not same]
        if differing:
            yield f"{name}: {', '.join(differing)} are not those that the part's tables give"


def _alike(one: PartSums, other: PartSums) -> Iterator[tuple[str, bool]]:
    """Yield what sums are of, and whether two have the same; sums of many numbers are so to nine digits."""
    for name in CELL:
        yield name, _close(*(sums.cells[name].to_numpy(float) for sums in (one, other)))
    for name in CROP:
        crops = [sums.crops[name].tolist() for sums in (one, other)]
        yield f"crops' {name}", crops[0] == crops[1]
    yield "images", one.told["images"] == other.told["images"]
    yield "shares outside", _close(*(np.array(sums.told["outside"], float) for sums in (one, other)))
    for name in ("by_chance", "flat"):
        yield name, one.told[name] == other.told[name]
    ends = [{name: tuple(pair) for name, pair in sums.told["extremes"].items()} for sums in (one, other)]
    yield "extremes", ends[0] == ends[1]


def _close(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-9, atol=1e-12)
