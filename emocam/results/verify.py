"""Whether a run's folder holds every listed image exactly once, in whole files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
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
    SUMMARY,
    TRAINING_STATE,
    WEIGHTS,
    parquet,
)
from emocam.results.pairs import by_pair, keyed
from emocam.results.parquet_file import read_parquet
from emocam.results.picture_faults import picture_faults
from emocam.results.run import Run
from emocam.results.summary import load_summary, read_summary

TABLES = ("ledger", "predictions", "evidence")


REST = ("association.csv", "association_percent.csv", "labels.csv", "summary.json")


def is_training(folder: Path) -> bool:
    """Return whether a training left the folder, which has weights and no predictions."""
    files = read_file_list(folder) or {}
    return (WEIGHTS in files or PROBE_HEAD in files) and not (folder / "predictions.parquet").is_file()


def is_reduction(folder: Path) -> bool:
    """Return whether `task=reduce` left the folder, which has curves and no predictions."""
    return (
        parquet(REDUCTION) in (read_file_list(folder) or {})
        and not (folder / "predictions.parquet").is_file()
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
    tables: dict[str, pa.Table] = {}
    for name in (*TABLES, "maps"):
        file = folder / f"{name}.parquet"
        if not file.is_file():
            if (name != "maps" or _explained(folder)) and file.name not in (listed or {}):
                yield f"{file.name} is gone"
            continue
        try:
            tables[name] = _read_whole(file)
        except (SettingError, OSError) as error:
            yield f"{file.name} cannot be read to its end ({' '.join(str(error).split())[:120]})"
    for name in REST:
        if not (folder / name).is_file() and name not in (listed or {}):
            yield f"{name} is gone"
    if not set(TABLES) <= set(tables):
        return
    yield from _rows(folder, tables)
    yield from picture_faults(folder)
    if "maps" in tables or not _explained(folder):
        from emocam.results.derived_faults import derived_faults  # counting takes torch

        yield from derived_faults(Run(folder))


def _read_whole(file: Path) -> pa.Table:
    """Return a table, of maps their images and labels alone, which are few of a run's bytes."""
    # all columns: a file cut short in the middle shows only where it is read
    table = read_parquet(file)
    if file.stem == "maps":
        table = table.select([column for column in ("image", "label") if column in table.column_names])
    # whoever wrote the file anew may have chosen another kind of text
    return table.set_column(table.schema.get_field_index("image"), "image", table["image"].cast(pa.string()))


def _explained(folder: Path) -> bool:
    """Return whether a CAM looked at the pictures, so that there were maps."""
    return bool(_told(folder).get("explained"))


def _told(folder: Path) -> dict[str, Any]:
    """Read the summary; nothing where it cannot be read, a fault that is reported elsewhere."""
    return dict(read_summary(folder))


def _rows(folder: Path, tables: dict[str, pa.Table]) -> Iterator[str]:
    ledger, evidence = tables["ledger"], tables["evidence"]
    for name in ("ledger", "predictions", "maps"):
        if name in tables and (twice := _twice(_keys(tables, name))):
            yield f"{name}.parquet has {len(twice)} images more than once, such as {twice[0]!r}"
    done = ledger.filter(pc.equal(ledger["status"], "done"))["image"]
    for name in ("predictions", "maps"):
        if name in tables:
            expected = (
                _keys(tables, "pairs") if name == "maps" and "label" in tables[name].column_names else done
            )
            yield from _same(expected, _keys(tables, name), name)
    strange = pc.unique(evidence["image"].filter(pc.invert(pc.is_in(evidence["image"], done))))
    if len(strange):
        yield f"evidence.parquet has regions of {len(strange)} images that are not done, such as {strange[0].as_py()!r}"
    yield from _regions(ledger, evidence)
    yield from _summary(folder, ledger, evidence)
    yield from _effect(folder, done)


def _keys(tables: dict[str, pa.Table], name: str) -> pa.ChunkedArray:
    """Return what a table has one row of: images, or an image's labels where it may have many."""
    if name == "pairs":
        return by_pair(tables["predictions"])["image"]
    rows = tables[name]
    return keyed(rows)["image"] if name == "maps" and "label" in rows.column_names else rows["image"]


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
    if twice := _twice(ledger["image"]):
        yield f"{parquet(LEDGER)} has {len(twice)} images more than once, such as {twice[0]!r}"
    if len(ledger) != (listed := _told(folder).get("images")):
        yield f"summary.json tells of {listed} images, but {parquet(LEDGER)} holds {len(ledger)}"


def _effect(folder: Path, done: pa.ChunkedArray) -> Iterator[str]:
    """Check that every trial is there once, of images that are done, and as many as the summary says."""
    file, told = folder / "effect.parquet", _told(folder).get("effect_pairs")
    if not file.is_file():
        if told is not None:
            yield f"{file.name} is gone"
        return
    try:
        rows = read_parquet(file)
    except (SettingError, OSError) as error:
        yield f"{file.name} cannot be read to its end ({' '.join(str(error).split())[:120]})"
        return
    strange = rows["image"].filter(pc.invert(pc.is_in(rows["image"], done)))
    if len(strange):
        yield f"{file.name} tells of images that are not done, such as {strange[0].as_py()!r}"
    trials = rows.group_by(["image", "object", "label", "fill"]).aggregate([([], "count_all")])
    if len(trials) < len(rows):
        yield f"{file.name} has {len(rows) - len(trials)} rows more than once"
    pairs = len(trials.group_by(["image", "object", "label"]).aggregate([]))
    if told not in (None, pairs):
        yield f"summary.json tells of {told} effect_pairs, but {file.name} holds {pairs}"


def _regions(ledger: pa.Table, evidence: pa.Table) -> Iterator[str]:
    """Check that each image has as many regions as the ledger counted when they were found."""
    found = evidence.group_by("image").aggregate([([], "count_all")])
    both = ledger.select(["image", "regions"]).join(found, "image", join_type="left outer")
    there = pc.fill_null(both["count_all"], 0)
    for more, word in (
        (pc.less(there, both["regions"]), "misses"),
        (pc.greater(there, both["regions"]), "doubles"),
    ):
        odd = both.filter(more)
        if len(odd):
            yield f"evidence.parquet {word} regions of {len(odd)} images, such as {odd['image'][0].as_py()!r}"


def _same(done: pa.ChunkedArray, images: pa.ChunkedArray, name: str) -> Iterator[str]:
    for left, right, word in ((done, images, "misses"), (images, done, "has besides")):
        odd = left.filter(pc.invert(pc.is_in(left, right)))
        if len(odd):
            yield f"{name}.parquet {word} {len(odd)} images, such as {odd[0].as_py()!r}"


def _twice(images: pa.ChunkedArray) -> list[str]:
    counts = pc.value_counts(images)
    return [entry["values"] for entry in counts.to_pylist() if entry["counts"] > 1]


def _summary(folder: Path, ledger: pa.Table, evidence: pa.Table) -> Iterator[str]:
    if not (folder / SUMMARY).is_file():
        return
    try:
        summary = load_summary(folder)
    except SettingError as error:
        yield str(error)
        return
    for name, found in (("images", len(ledger)), ("regions", len(evidence))):
        if summary.get(name) != found:
            yield f"summary.json tells of {summary.get(name)} {name}, but the tables hold {found}"
