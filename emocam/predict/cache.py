"""Evidence is found once: a finished run lends its tables to another that asks for the same.

The same are settings, pictures and the files that settings name, by size and time, our code, the
weights in the cache, and the installed packages. Under their name the cache keeps where such runs
lie, and how large and how old their tables were: one that was changed since, or is gone, lends
nothing. Nor is anything lent with classes of the user's own, since nothing says when these change.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from emocam.data.address import listed_files
from emocam.data.base import Data
from emocam.network.weights import cached
from emocam.predict.keys import written_key
from emocam.results.chunks import Chunks
from emocam.results.file_list import file_entry
from emocam.results.files import FILES
from emocam.results.ledger import read_ledger
from emocam.settings.paths import PACKAGE
from emocam.system.run_lock import is_held

MOST_IMAGES = 1_000_000
"""To look at more files than these costs minutes on a network's disk."""
MOST_LENDERS = 4
COPIED_FROM = ".lent"
"""The file that says where a folder's tables were copied from."""


def stamp(file: Path) -> tuple[int, ...] | None:
    """Return size and times of a file; None where there is none, as of a picture that is drawn."""
    try:
        state = file.stat()
    except (OSError, ValueError):
        return None
    # the second time changes with permissions, too, on which it depends what can be read
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns


class EvidenceCache:
    """Where evidence lies that was found before, for runs over one listing; without a cache it knows nothing."""

    def __init__(self, cache: Path | None, data: Data, listing: Sequence[str]) -> None:
        self.folder: Path | None = None
        if cache is not None and len(listing) <= MOST_IMAGES:
            self.folder = cache / "evidence"
            self.seen = _seen(data, listing)

    def _file(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{hashlib.sha256(f'{key}{self.seen}'.encode()).hexdigest()[:32]}.json"

    def _lenders(self, key: str) -> list[dict[str, Any]]:
        try:
            return list(json.loads(self._file(key).read_text())["runs"])
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def copy_to(self, folder: Path, key: str) -> Path | None:
        """Copy the tables of a run with the same evidence into the folder, and return where they were."""
        (folder / COPIED_FROM).unlink(missing_ok=True)
        for run in self._lenders(key) if self.folder else []:
            try:
                source = Path(run["folder"])
                if source != folder.absolute() and _lend(source, folder, key, run["tables"]):
                    return source
            except (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid):
                continue
        return None

    def register(self, folder: Path, key: str) -> None:
        """Note that this finished run can be copied; not where a picture failed, which may not happen again."""
        if self.folder is None or read_ledger(folder).counts.get("failed"):
            return
        place = str(folder.absolute())
        own = {"folder": place, "tables": _tables(folder)}
        others = [run for run in self._lenders(key) if run.get("folder") != place]
        file = self._file(key)
        half = file.with_suffix(f".{hashlib.sha256(place.encode()).hexdigest()[:8]}.tmp")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            half.write_text(json.dumps({"runs": [own, *others][:MOST_LENDERS]}))
            half.replace(file)
        except OSError:  # what was found is in the run's folder all the same
            return


def _seen(data: Data, listing: Sequence[str]) -> str:
    """Name what decides the evidence beside the settings."""
    root = Path(data.root or ".")
    # annotations that are found without being named; not all files, since a run's own may lie here, too
    beside = [file for kind in ("*.json", "*.ann") for file in sorted(root.glob(kind))] if data.root else []
    code = sorted(file for file in PACKAGE.rglob("*") if file.suffix != ".pyc" and file.is_file())
    weights = sorted(cached("").rglob("*"))
    packages = sorted(
        info.name for entry in set(sys.path) if entry for info in Path(entry).glob("*.dist-info")
    )
    found = hashlib.sha256(repr(packages).encode())
    for file in (*beside, *code, *weights, *(root / file for file in listed_files(listing))):
        found.update(f"{file}{stamp(file)}\n".encode(errors="surrogatepass"))
    return found.hexdigest()


def _tables(folder: Path) -> dict[str, str | None]:
    """Return the digests of a run's tables, None for those that it has not."""
    files = {name: folder / f"{name}.parquet" for name in FILES}
    return {name: file_entry(file)["sha256"] if file.is_file() else None for name, file in files.items()}


def _lend(source: Path, folder: Path, key: str, tables: dict[str, str | None]) -> bool:
    """Copy the tables of a run, and return whether what was copied is what it had when it was finished."""
    there = [name for name in FILES if tables[name]]
    whole = Chunks(source, key).stored_key() is None and not is_held(source)
    if not whole or written_key([source / f"{name}.parquet" for name in FILES[:3]]) != key:
        return False
    halves = [folder / f"{name}.parquet.tmp" for name in there]
    for name, half in zip(there, halves, strict=True):
        shutil.copyfile(source / f"{name}.parquet", half)
    if [file_entry(half)["sha256"] for half in halves] != [tables[name] for name in there]:
        for half in halves:
            half.unlink()
        sys.stderr.write(
            f"the tables of {source} were changed or damaged since it finished; nothing is taken from it\n"
        )
        return False
    (folder / COPIED_FROM).write_text(str(source))
    for half in reversed(halves):  # the ledger last: without it a folder is not taken for finished
        half.replace(half.with_suffix(""))
    return True


def copied_from(folder: Path) -> Path | None:
    """Return the run whose tables were copied into this folder, if they were."""
    file = folder / COPIED_FROM
    return Path(file.read_text()) if file.is_file() else None
