"""A table in parts: a folder of Parquet files, and a manifest that says which, with how many rows, of what bytes.

The folder has the name that the table's file would have, such as `evidence.parquet/`, so that pandas, DuckDB and
Arrow read it as they read the file. The manifest is data: it names files of its own folder alone.
"""

import hashlib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from emocam.errors import SettingError

MANIFEST = "_manifest.json"
"""Readers of folders of Parquet leave out what begins with an underscore."""
NAME = re.compile(r"part-\d{5,}\.parquet")


@dataclass(frozen=True)
class TablePart:
    """One file of a table: its name, its rows and row groups, its bytes and their digest, and that of its footer.

    The footer has the key of the run that wrote the file, and tells its rows from others; it is read with the rows.
    """

    name: str
    rows: int
    row_groups: int
    size: int
    sha256: str
    footer: str = ""


@dataclass(frozen=True)
class Manifest:
    """The parts of a table in their order, and the metadata of the whole."""

    table: Path
    parts: tuple[TablePart, ...]
    metadata: Mapping[bytes, bytes]

    @property
    def files(self) -> list[Path]:
        return [self.table / part.name for part in self.parts]

    def file(self, number: int) -> Path:
        """Return the file of a part; raise where it is another than the one that was written."""
        part = self.parts[number]
        file = self.table / part.name
        try:
            state = file.stat()
        except OSError:
            raise gone(file) from None
        if state.st_size != part.size or part.footer not in (
            "",
            _footer(file, state.st_mtime_ns, state.st_ctime_ns),
        ):
            raise SettingError(
                f"{file} is not the part that was written, by its size or its footer; `emocam merge` of the shards "
                "makes it again"
            )
        return file

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


def part_name(number: int) -> str:
    """Return the file name of a part."""
    return f"part-{number:05d}.parquet"


def is_in_parts(table: Path) -> bool:
    """Return whether a table is a folder of parts."""
    return table.is_dir()


def write_manifest(table: Path, parts: Sequence[TablePart], metadata: Mapping[bytes, bytes]) -> None:
    """Write the manifest of a folder of parts, in one step: without it the folder is no table."""
    told = {
        "parts": [asdict(part) for part in parts],
        "metadata": {key.decode(): value.decode() for key, value in metadata.items()},
    }
    half = table / f"{MANIFEST}.tmp"
    half.write_text(json.dumps(told, indent=0), encoding="utf-8")
    half.replace(table / MANIFEST)


def read_manifest(table: Path) -> Manifest:
    """Read which parts a table has, and hold their names to its own folder."""
    file = table / MANIFEST
    try:
        state = file.stat()
    except OSError:
        raise SettingError(
            f"{table} is a folder without {MANIFEST}, so it is no table in parts; `emocam merge` of its "
            "shards makes it again"
        ) from None
    return _read(table, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(64)
def _read(table: Path, *_: int) -> Manifest:
    file = table / MANIFEST
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        metadata = {str(key).encode(): str(value).encode() for key, value in told["metadata"].items()}
        parts = tuple(
            TablePart(
                str(part["name"]),
                int(part["rows"]),
                int(part["row_groups"]),
                int(part["size"]),
                str(part["sha256"]),
                str(part.get("footer", "")),
            )
            for part in told["parts"]
        )
        if (
            min((number for part in parts for number in (part.rows, part.row_groups, part.size)), default=0)
            < 0
        ):
            raise ValueError("a count below 0")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:160]
        raise SettingError(
            f"{file} is damaged ({type(error).__name__}: {reason}); `emocam merge` of the shards makes it again"
        ) from None
    if not parts:
        raise SettingError(f"{file} names no part; `emocam merge` of the shards makes it again")
    names = [part.name for part in parts]
    for name in names:
        if not NAME.fullmatch(name):
            raise SettingError(f"{file} names {name!r}, which is no part of its own folder")
        if (table / name).is_symlink():
            raise SettingError(f"{file} names {name!r}, which is a link and no file of its own folder")
        if (table / name).exists() and not (table / name).is_file():  # to read a pipe never ends
            raise SettingError(f"{file} names {name!r}, which is no file")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise SettingError(f"{file} names {twice[0]!r} more than once")
    if unnamed := sorted(
        one.name for one in table.iterdir() if NAME.fullmatch(one.name) and one.name not in names
    ):
        raise SettingError(f"{table} holds {unnamed[0]}, which its {MANIFEST} does not name; take it out")
    return Manifest(table, parts, metadata)


@lru_cache(1 << 16)
def _footer(file: Path, *_: int) -> str:
    return footer_digest(file)


def footer_digest(file: Path) -> str:
    """Return the digest of what stands at the end of a Parquet file: its rows' places, bounds and metadata."""
    with file.open("rb") as opened:
        opened.seek(0, os.SEEK_END)
        size = opened.tell()
        opened.seek(max(0, size - 8))
        length = int.from_bytes(opened.read(4), "little")
        opened.seek(max(0, size - 8 - length))
        return hashlib.sha256(opened.read(length + 8)).hexdigest()[:32]


def check_aligned(folder: Path, tables: Sequence[str]) -> None:
    """Check that those of a run's tables that are in parts have the same ones, in one order."""
    there = [folder / table for table in tables if is_in_parts(folder / table)]
    for table in there[1:]:
        one, other = ([part.name for part in read_manifest(one).parts] for one in (there[0], table))
        if one != other:
            raise SettingError(
                f"{table} has other parts than {there[0].name} beside it ({len(other):,} and {len(one):,}); `emocam "
                "merge` of the shards makes both again"
            )


def gone(part: Path) -> SettingError:
    """Return the sentence on a part that its manifest names and that is not there."""
    return SettingError(f"{part} is gone; `emocam merge` of the shards makes it again")


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the disk is another: parts are replaced and never written to."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def table_size(table: Path) -> int:
    """Return a table's bytes."""
    return read_manifest(table).size if is_in_parts(table) else table.stat().st_size


def copy_table(source: Path, target: Path) -> None:
    """Copy a table; the parts of one are the same files under a second name."""
    half = target.with_name(f"{target.name}.tmp")
    remove_table(half)
    if is_in_parts(source):
        manifest = read_manifest(source)
        if missing := [file for file in manifest.files if not file.is_file()]:
            raise gone(missing[0])
        half.mkdir()
        for file in manifest.files:
            link_or_copy(file, half / file.name)
        write_manifest(half, manifest.parts, manifest.metadata)
    else:
        shutil.copyfile(source, half)
    replace_table(half, target)


def remove_table(table: Path) -> None:
    """Remove a table in either form, if it is there."""
    if is_in_parts(table) and not table.is_symlink():
        shutil.rmtree(table)
    else:
        table.unlink(missing_ok=True)


def replace_table(half: Path, table: Path) -> None:
    """Rename a table that was written aside; a folder cannot take the place of a file, nor a file that of a folder."""
    if is_in_parts(half) or is_in_parts(table):
        remove_table(table)
    half.replace(table)
