"""Evidence is found once: a finished run lends its tables to another that asks for the same.

The same are settings, our code, the files that were read, by their content, and the installed packages. Under
their name the cache keeps where such runs are, and the digests of their tables: one that was changed since, or
is gone, lends nothing. Rows of pictures that changed are not lent. Nor is anything lent with classes of the
user's own, since nothing says when what these import changes.
"""

import hashlib
import json
import shutil
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from emocam.errors import SettingError
from emocam.predict.components import Components
from emocam.predict.keys import written_key
from emocam.predict.stale import Stale, go_on_from, say_stale, stale_in
from emocam.results.chunks import Chunks
from emocam.results.file_list import file_entry
from emocam.results.files import FILES, LEDGER
from emocam.results.ledger import read_ledger
from emocam.results.parts import is_in_parts, replace_table
from emocam.system.run_lock import is_held

MOST_IMAGES = 1_000_000
"""To look at more files than these costs minutes on a network's disk."""
MOST_LENDERS = 4
FAULTS = (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid, SettingError)
"""What a lender's folder may lead to: it then lends nothing."""
COPIED_FROM = ".lent"
"""The file that says where a folder's tables were copied from."""


class EvidenceCache:
    """Where evidence is that was found before, for runs over one corpus; without a cache it knows nothing."""

    def __init__(self, cache: Path | None, components: Components) -> None:
        self.folder: Path | None = None
        self.components = components
        if cache is not None and len(components.listing) <= MOST_IMAGES:
            self.folder = cache / "evidence"

    def _file(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{hashlib.sha256(f'{key}{package_names()}'.encode()).hexdigest()[:32]}.json"

    def _lenders(self, key: str) -> list[dict[str, Any]]:
        try:
            return list(json.loads(self._file(key).read_text())["runs"])
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def copy_to(self, folder: Path, key: str) -> Path | None:
        """Copy the tables of a run with the same evidence into the folder, and return where they were.

        Where no run knows all pictures, the rows of the one that knows most of them are taken as chunks.
        """
        forget_source(folder)
        best: tuple[int, Path, Stale, dict[str, Any]] | None = None
        for run in self._lenders(key) if self.folder else []:
            try:
                source = Path(run["folder"])
                if source == folder.absolute() or not _is_whole(source, key):
                    continue
                stale = stale_in(self.components, source)
                if not stale and _lend(source, folder, run["tables"]):
                    return source
                if stale.kept and (best is None or stale.kept > best[0]):
                    best = stale.kept, source, stale, run["tables"]
            except FAULTS:
                continue
        if best is not None and best[2]:
            self._lend_rows(*best[1:], Chunks(folder, key))
        return None

    def _lend_rows(self, source: Path, stale: Stale, tables: dict[str, Any], chunks: Chunks) -> None:
        """Make chunks of the rows that still hold, where the run's tables are what they were."""
        with suppress(*FAULTS):
            if _tables(source) == tables:
                go_on_from(source, chunks, stale)
                say_stale(chunks.folder.parent, stale, source)
                return
        _say_damaged(source)

    def register(self, folder: Path, key: str) -> None:
        """Note that this finished run can be copied; not where a picture failed, which may not happen again."""
        # a table in parts is as large as what is not looked for here
        if self.folder is None or is_in_parts(folder / f"{LEDGER}.parquet"):
            return
        if read_ledger(folder).counts.get("failed"):
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


@cache
def package_names() -> str:
    """Name the installed packages, whose code decides numbers, too."""
    folders = (Path(entry) for entry in set(sys.path) if entry)
    packages = sorted(info.name for folder in folders for info in folder.glob("*.dist-info"))
    return hashlib.sha256(repr(packages).encode()).hexdigest()


def _tables(folder: Path) -> dict[str, str | None]:
    """Return the digests of a run's tables, None for those that it has not."""
    files = {name: folder / f"{name}.parquet" for name in FILES}
    return {name: file_entry(file)["sha256"] if file.is_file() else None for name, file in files.items()}


def _is_whole(source: Path, key: str) -> bool:
    """Return whether a finished run of this key is there, and nobody is at work on it."""
    whole = Chunks(source, key).stored_key() is None and not is_held(source)
    return whole and written_key([source / f"{name}.parquet" for name in FILES[:3]]) == key


def _lend(source: Path, folder: Path, tables: dict[str, str | None]) -> bool:
    """Copy the tables of a run, and return whether what was copied is what it had when it was finished."""
    there = [name for name in FILES if tables[name]]
    halves = [folder / f"{name}.parquet.tmp" for name in there]
    for name, half in zip(there, halves, strict=True):
        shutil.copyfile(source / f"{name}.parquet", half)
    if [file_entry(half)["sha256"] for half in halves] != [tables[name] for name in there]:
        for half in halves:
            half.unlink()
        _say_damaged(source)
        return False
    (folder / COPIED_FROM).write_text(str(source))
    for half in reversed(halves):  # the ledger last: without it a folder is not taken for finished
        replace_table(half, half.with_suffix(""))
    return True


def _say_damaged(source: Path) -> None:
    sys.stderr.write(
        f"the tables of {source} were changed or damaged since it finished; nothing is taken from it\n"
    )


def copied_from(folder: Path) -> Path | None:
    """Return the run whose tables were copied to this folder."""
    file = folder / COPIED_FROM
    return Path(file.read_text()) if file.is_file() else None


def forget_source(folder: Path) -> None:
    """Remove the note that a folder's tables were copied: they are its own from now on."""
    (folder / COPIED_FROM).unlink(missing_ok=True)
