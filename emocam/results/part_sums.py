"""What each part of a run adds to the numbers of the whole, kept beside its tables: `sums.parquet`.

It has a row for each object and label that occur together, and one for each picture that stands out of a label; the
rest is in its metadata, with a key of all that it was counted from. Another threshold, another name or other bytes of
a table make another key, and what was counted under it is counted again.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emocam.errors import SettingError
from emocam.records.thresholds import Thresholds
from emocam.results.file_list import file_entry
from emocam.results.files import BOX, EVIDENCE, MAPS, PREDICTIONS, SUMS, parquet
from emocam.results.merge_parts import described_part
from emocam.results.parquet_file import has_table, read_parquet, write_parquet
from emocam.results.part_of_run import PartOfRun, has_parts, part_names
from emocam.results.parts import is_in_parts, read_manifest, remove_table, write_manifest
from emocam.results.run import Run

VERSION = 1
"""Of what is counted, and how."""
COUNTED_FROM = (PREDICTIONS, EVIDENCE, MAPS)
TOLD = b"emocam.sums"
"""The key of the table's metadata that holds the rest."""
CELL = {"object": pa.int32(), "label": pa.int32(), "present": pa.int64(), "kept": pa.int64()} | {
    "chance": pa.float64(),
    "chance_images": pa.float64(),
}
CROP = {
    "image": pa.string(),
    "label": pa.int32(),
    "share": pa.float64(),
    "held": pa.float64(),
} | dict.fromkeys(BOX, pa.float64())


@dataclass(frozen=True)
class PartSums:
    """The sums of one part: `cells` by object and label, `crops` of its pictures, and all else that is `told`."""

    cells: pd.DataFrame
    crops: pd.DataFrame
    told: dict[str, Any]


@dataclass(frozen=True)
class Summed:
    """A part, the file that has its sums or is to have them, and the key of what they are counted from."""

    part: Run
    file: Path
    key: str

    def read(self) -> PartSums | None:
        """Return what was counted; None where it was not, or from something else."""
        try:
            rows = read_parquet(self.file)
            told = json.loads((rows.schema.metadata or {})[TOLD])
            if told.pop("key") != self.key:
                return None
            # cells come first
            cells = len(rows) - pc.count(rows["image"]).as_py()
            crops = rows.slice(cells).select([*CROP]).to_pandas()
            sums = PartSums(rows.slice(0, cells).select([*CELL]).to_pandas(), crops, told)
            return sums if self._fits(sums) else None
        except (SettingError, OSError, ValueError, KeyError, AttributeError, TypeError, pa.ArrowInvalid):
            return None

    def _fits(self, sums: PartSums) -> bool:
        """Return whether sums are of the run's objects and labels: anybody may have written the file."""
        objects, labels = len(self.part.object_names), len(self.part.label_names)
        object, label = (sums.cells[name].to_numpy() for name in ("object", "label"))
        whole = all(type(number) is int for number in (*sums.told["images"], sums.told["flat"]))
        return (
            whole
            and len(sums.told["images"]) == labels
            and [len(column) for column in sums.told["outside"]] == [labels] * 4
            and bool(((object >= 0) & (object < objects) & (label >= 0) & (label < labels)).all())
            and bool(sums.crops["label"].between(0, labels - 1).all())
            and len(np.unique(object.astype(np.int64) * labels + label)) == len(sums.cells)
            and not sums.crops["image"].isna().any()
            and all(float(low) <= float(high) for low, high in sums.told["extremes"].values())
        )

    def write(self, sums: PartSums) -> None:
        """Keep what was counted."""
        tables = [
            pa.Table.from_pandas(frame, pa.schema(kinds), preserve_index=False)
            for frame, kinds in ((sums.cells, CELL), (sums.crops, CROP))
        ]
        told = json.dumps({**sums.told, "key": self.key}).encode()
        rows = pa.concat_tables(tables, promote_options="default").replace_schema_metadata({TOLD: told})
        half = self.file.with_name(f"{self.file.name}.tmp")
        write_parquet(rows, half)
        half.replace(self.file)


def summed_parts(run: Run, thresholds: Thresholds) -> Iterator[Summed]:
    """Yield the parts of a run in parts, or a run as its only part, each with the file of its sums."""
    file = run.path / parquet(SUMS)
    begun = _key_of_all(run, thresholds)
    if not has_parts(run):
        digests = [file_entry(run.file(name))["sha256"] for name in COUNTED_FROM if has_table(run.file(name))]
        yield Summed(run, file, _key(begun, digests))
        return
    tables = [read_manifest(run.file(name)) for name in COUNTED_FROM if has_table(run.file(name))]
    for table in tables:  # what is counted already is not read, and must be what it was counted from
        for number in range(len(table.parts)):
            table.file(number)
    digests_of = [{part.name: part.sha256 for part in table.parts} for table in tables]
    for name in part_names(run):
        digests = [of.get(name, "") for of in digests_of]
        yield Summed(PartOfRun(run, name), file / name, _key(begun, digests))


def _key(begun: str, digests: list[str]) -> str:
    return hashlib.sha256("\n".join([begun, *digests]).encode()).hexdigest()


def _key_of_all(run: Run, thresholds: Thresholds) -> str:
    """Return what the keys of all parts have in common."""
    # as numbers of one kind: 0 and 0.0 are one threshold
    given = {
        name: float(value) if isinstance(value, int) else value for name, value in asdict(thresholds).items()
    }
    told = [VERSION, given, run.label_names, run.object_names]
    return hashlib.sha256(json.dumps(told).encode(errors="surrogateescape")).hexdigest()


def begin_sums(run: Run) -> None:
    """Make room for the sums of a run's parts; what there is of the other form goes."""
    file = run.path / parquet(SUMS)
    if file.exists() and is_in_parts(file) != has_parts(run):
        remove_table(file)
    if has_parts(run):
        file.mkdir(exist_ok=True)


def finish_sums(run: Run, changed: bool) -> None:
    """Write which files the sums of a run in parts are, where any changed: without it they are no table."""
    table = run.path / parquet(SUMS)
    if not has_parts(run):
        return
    names = part_names(run)
    if not changed and has_table(table) and [part.name for part in read_manifest(table).parts] == names:
        return
    for file in table.glob("part-*"):
        if file.name not in names:
            file.unlink()
    if names:
        write_manifest(table, [described_part(table / name) for name in names], {})


def forget_sums(run: Run) -> None:
    """Remove the sums of an earlier command, of whose tables these are not."""
    remove_table(run.path / parquet(SUMS))
