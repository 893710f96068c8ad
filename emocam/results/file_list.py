"""`files.json`: every file of a finished run with its size and digest, written last."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TypedDict

from emocam.results.files import FILE_LIST
from emocam.results.parts import MANIFEST, read_manifest

NOT_LISTED = (FILE_LIST, "run.lock", ".tracking.json", ".task.json", ".task.files.json")
"""Files that come and go beside a finished run's."""


class Entry(TypedDict):
    """What is known of a file's bytes."""

    sha256: str
    size: int


def file_entry(file: Path) -> Entry:
    """Return the digest and size of a file."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"sha256": digest, "size": file.stat().st_size}


def write_file_list(folder: Path) -> None:
    """Write files.json, once all other files of the run are there."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix != ".tmp")
    names = {file: file.relative_to(folder).as_posix() for file in files}
    known = _entries_of_parts(folder)
    _write(
        folder,
        {name: known.get(file) or file_entry(file) for file, name in names.items() if name not in NOT_LISTED},
    )


def _entries_of_parts(folder: Path) -> dict[Path, Entry]:
    """Return what manifests say of the parts of tables: these are large, and were digested when they were written."""
    manifests = [read_manifest(file.parent) for file in folder.glob(f"*/{MANIFEST}")]
    return {
        manifest.table / part.name: Entry(sha256=part.sha256, size=part.size)
        for manifest in manifests
        for part in manifest.parts
    }


def update_file_list(folder: Path, *names: str) -> None:
    """Write anew what files.json says of files that were rewritten after it."""
    known = read_file_list(folder)
    if known is not None:
        _write(folder, known | {name: file_entry(folder / name) for name in names})


def read_file_list(folder: Path) -> dict[str, Entry] | None:
    """Return what files.json says; None for runs of before there was one, and where it cannot be read."""
    try:
        listed = json.loads((folder / FILE_LIST).read_text(encoding="utf-8"))["files"]
        return {
            str(name): Entry(sha256=entry["sha256"], size=entry["size"]) for name, entry in listed.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def changed_files(folder: Path, listed: dict[str, Entry]) -> Iterator[str]:
    """Yield a sentence for each listed file that is gone or has other bytes; further files are no fault."""
    for name, entry in listed.items():
        file = folder / name
        if (
            not PurePosixPath(name).parts
            or PurePosixPath(name).is_absolute()
            or ".." in PurePosixPath(name).parts
        ):
            yield f"{FILE_LIST} names {name!r}, which is no file of this folder"
        elif not file.is_file():
            yield f"{name} is gone"
        elif (size := file.stat().st_size) != entry["size"]:
            yield f"{name} has {size:,} bytes, and the run wrote {entry['size']:,}"
        elif file_entry(file)["sha256"] != entry["sha256"]:
            yield f"{name} has other bytes than the run wrote"


def _write(folder: Path, entries: dict[str, Entry]) -> None:
    half = folder / f"{FILE_LIST}.tmp"
    half.write_text(json.dumps({"files": entries}, indent=0), encoding="utf-8", errors="surrogateescape")
    half.replace(folder / FILE_LIST)
