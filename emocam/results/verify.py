"""Whether a run's folder holds every listed image exactly once, in whole files."""

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

import pyarrow.compute as pc

from emocam.errors import SettingError
from emocam.results.file_list import changed_files, read_file_list
from emocam.results.files import (
    FILE_LIST,
    LEDGER,
    PAIR_STATE,
    PROBE_HEAD,
    REDUCTION,
    REDUCTION_STATE,
    TRAINING_STATE,
    WEIGHTS,
    parquet,
)
from emocam.results.parquet_file import has_table, read_parquet
from emocam.results.picture_faults import picture_faults
from emocam.results.run import Run
from emocam.results.summary import read_summary
from emocam.results.verify_tables import TABLES, repeated, table_faults

REST = ("association.csv", "association_percent.csv", "labels.csv", "summary.json")


def is_training(folder: Path) -> bool:
    """Return whether a training left the folder, which has weights and no predictions."""
    files = read_file_list(folder) or {}
    return (WEIGHTS in files or PROBE_HEAD in files) and not has_table(folder / "predictions.parquet")


def is_reduction(folder: Path) -> bool:
    """Return whether `task=reduce` left the folder, which has curves and no predictions."""
    return parquet(REDUCTION) in (read_file_list(folder) or {}) and not has_table(
        folder / "predictions.parquet"
    )


def folder_faults(folder: Path) -> Iterator[str]:
    """Yield a sentence for what is missing, doubled or cut short."""
    for name in ("shards", "pasting", "trying", PAIR_STATE, TRAINING_STATE, REDUCTION_STATE):
        if (folder / name).is_dir():
            yield f"{folder} is not finished: it still holds {name}; the same command goes on where it stopped"
            return
    odd = [file for file in folder.rglob("*") if file.exists() and not (file.is_file() or file.is_dir())]
    for file in odd:  # to read a pipe never ends
        yield f"{file.relative_to(folder)} is no file, but a pipe, a socket or a device"
    if odd:
        return
    listed = read_file_list(folder)
    if listed is None and (folder / FILE_LIST).is_file():
        yield f"{FILE_LIST} cannot be read"
    yield from changed_files(folder, listed or {})
    if is_training(folder):
        return
    if is_reduction(folder):
        yield from _reduction(folder)
        return
    there: dict[str, Path] = {}
    for name in (*TABLES, "maps"):
        table = folder / f"{name}.parquet"
        if has_table(table):
            there[name] = table
        elif (name != "maps" or _explained(folder)) and not _is_listed(table.name, listed or {}):
            yield f"{table.name} is gone"
    for name in REST:
        if not (folder / name).is_file() and name not in (listed or {}):
            yield f"{name} is gone"
    readable = yield from table_faults(folder, there)
    if not set(TABLES) <= readable:
        return
    yield from picture_faults(folder)
    if "maps" in readable or not _explained(folder):
        from emocam.results.derived_faults import derived_faults  # counting takes torch

        yield from derived_faults(Run(folder))


def _is_listed(name: str, listed: Collection[str]) -> bool:
    """Return whether files.json names a table, or a part of it: that it is gone is told by that."""
    return any(PurePosixPath(file).parts[:1] == (name,) for file in listed)


def _explained(folder: Path) -> bool:
    """Return whether a CAM looked at the pictures, so that there were maps."""
    return bool(read_summary(folder).get("explained"))


def _reduction(folder: Path) -> Iterator[str]:
    """Check that each label, order, number of points and way of asking has one row."""
    try:
        rows = read_parquet(folder / parquet(REDUCTION))
        ledger = read_parquet(folder / parquet(LEDGER))
    except (SettingError, OSError) as error:
        yield f"{folder} cannot be read to its end ({' '.join(str(error).split())[:160]})"
        return
    asked = ["label", "order", "points", "retrained"]
    choices = rows.group_by(asked).aggregate([([], "count_all")])
    if len(choices) < len(rows):
        yield f"{parquet(REDUCTION)} has {len(rows) - len(choices)} rows more than once"
    expected = 1
    for name in asked:
        expected *= len(pc.unique(rows[name]))
    if len(choices) < expected:
        yield f"{parquet(REDUCTION)} misses {expected - len(choices)} of {expected} rows"
    if twice := repeated(ledger["image"]):
        yield f"{parquet(LEDGER)} has {len(twice)} images more than once, such as {twice[0]!r}"
    if len(ledger) != (listed := read_summary(folder).get("images")):
        yield f"summary.json tells of {listed} images, but {parquet(LEDGER)} holds {len(ledger)}"
