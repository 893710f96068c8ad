"""Whether the tables of a run hold each image once, in rows that fit each other; a run in parts goes part by part."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emocam.errors import SettingError
from emocam.results.files import SUMMARY
from emocam.results.ledger import names_with
from emocam.results.name_places import count_repeated, name_marks
from emocam.results.pairs import by_pair, keyed
from emocam.results.parquet_file import read_parquet
from emocam.results.parts import MANIFEST, is_in_parts, read_manifest
from emocam.results.summary import load_summary, read_summary

TABLES = ("ledger", "predictions", "evidence")


def table_faults(folder: Path, there: Mapping[str, Path]) -> Generator[str, None, set[str]]:
    """Yield what is wrong with the rows of a run's tables, and return those that could be read to their end."""
    broken = {name for name in TABLES if name not in there}
    images, regions = [], 0
    try:
        parts = list(_files_of_parts(there))
    except SettingError as error:
        yield str(error)
        return set()
    for files in parts:
        tables: dict[str, pa.Table] = {}
        for name, file in files.items():
            try:
                tables[name] = _read_whole(file, name)
            except (SettingError, OSError) as error:
                broken.add(name)
                reason = " ".join(str(error).split())[:120]
                yield f"{file.relative_to(folder).as_posix()} cannot be read to its end ({reason})"
        if set(TABLES) <= set(tables):
            yield from _row_faults(tables)
            regions += len(tables["evidence"])
        elif not broken:
            yield from _without_rows(files, tables)
        if "ledger" in tables:
            images.append(name_marks(tables["ledger"]["image"].to_pylist()))
    if not broken & set(TABLES):
        yield from _totals(folder, images, regions)
        yield from _effect(folder)
    return set(there) - broken


def _without_rows(files: Mapping[str, Path], tables: Mapping[str, pa.Table]) -> Iterator[str]:
    """Check a part that not all tables have: no picture of it could be used."""
    part = next(iter(files.values())).name
    if set(tables) != {"ledger"}:
        yield f"{part} is in {' and '.join(tables)} alone, and belongs into {', '.join(TABLES)}"
    elif pc.any(pc.equal(tables["ledger"]["status"], "done")).as_py():
        yield f"{part} of ledger.parquet has images that are done, and predictions.parquet has no such part"


def _totals(folder: Path, images: Sequence[np.ndarray], regions: int) -> Iterator[str]:
    """Check that no two parts have an image, and as many as the summary says."""
    rows = sum(len(part) for part in images)
    if len(images) > 1 and (
        twice := count_repeated(np.concatenate(images), lambda marks: names_with(folder, marks))
    ):
        yield f"ledger.parquet has {twice} images in more than one part"
    yield from _summary(folder, rows, regions)


def _files_of_parts(there: Mapping[str, Path]) -> Iterator[dict[str, Path]]:
    """Yield the files of each part, or those of a run that has one of each."""
    if not any(is_in_parts(table) for table in there.values()):
        yield dict(there)
        return
    for table in there.values():
        _check_no_more(table)
    parts = {name: {file.name: file for file in _parts(table)} for name, table in there.items()}
    for number in sorted(set().union(*parts.values())):
        yield {name: files[number] for name, files in parts.items() if number in files}


def _check_no_more(table: Path) -> None:
    """Refuse a file beside the parts of a table: whoever reads the folder as one table reads its rows as well."""
    named = {file.name for file in _parts(table)}
    more = (
        sorted(file.name for file in table.glob("[!_.]*") if file.name not in named) if table.is_dir() else []
    )
    if more:
        raise SettingError(f"{table.name} holds {more[0]}, which its {MANIFEST} does not name; take it out")


def _parts(table: Path) -> list[Path]:
    return read_manifest(table).files if is_in_parts(table) else [table]


def _read_whole(file: Path, name: str) -> pa.Table:
    """Return a table, of maps their images and labels alone, which are few of a run's bytes."""
    # all columns: a file cut short in the middle shows only where it is read
    table = read_parquet(file)
    if name == "maps":
        table = table.select([column for column in ("image", "label") if column in table.column_names])
    # whoever wrote the file anew may have chosen another kind of text
    return table.set_column(table.schema.get_field_index("image"), "image", table["image"].cast(pa.string()))


def _row_faults(tables: dict[str, pa.Table]) -> Iterator[str]:
    ledger, evidence = tables["ledger"], tables["evidence"]
    for name in ("ledger", "predictions", "maps"):
        if name in tables and (twice := repeated(_keys(tables, name))):
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


def _keys(tables: dict[str, pa.Table], name: str) -> pa.ChunkedArray:
    """Return what a table has one row of: images, or an image's labels where it may have many."""
    if name == "pairs":
        return by_pair(tables["predictions"])["image"]
    rows = tables[name]
    return keyed(rows)["image"] if name == "maps" and "label" in rows.column_names else rows["image"]


def _effect(folder: Path) -> Iterator[str]:
    """Check that every trial is there once, of images that are done, and as many as the summary says."""
    file, told = folder / "effect.parquet", read_summary(folder).get("effect_pairs")
    if not file.is_file():
        if told is not None:
            yield f"{file.name} is gone"
        return
    try:
        rows = read_parquet(file)
    except (SettingError, OSError) as error:
        yield f"{file.name} cannot be read to its end ({' '.join(str(error).split())[:120]})"
        return
    ledger = read_parquet(folder / "ledger.parquet", ["image", "status"])
    done = ledger.filter(pc.equal(ledger["status"], "done"))["image"].cast(pa.string())
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


def repeated(images: pa.ChunkedArray) -> list[str]:
    """Return the images that are named more than once."""
    counts = pc.value_counts(images)
    return [entry["values"] for entry in counts.to_pylist() if entry["counts"] > 1]


def _summary(folder: Path, images: int, regions: int) -> Iterator[str]:
    if not (folder / SUMMARY).is_file():
        return
    try:
        summary = load_summary(folder)
    except SettingError as error:
        yield str(error)
        return
    for name, found in (("images", images), ("regions", regions)):
        if summary.get(name) != found:
            yield f"summary.json tells of {summary.get(name)} {name}, but the tables hold {found}"
