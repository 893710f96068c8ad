"""Digests of files by their content, remembered for as long as nothing has touched the file."""

import hashlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from emocam.errors import StoreLost
from emocam.settings.stored_file import StoredFile

FILE = "digests.sqlite"
MOST_UNWRITTEN, LONGEST_UNWRITTEN = 64, 2.0
"""Digests, and seconds, that may be lost when a process ends without a word."""
SETTLED = 2_000_000_000
"""Nanoseconds after which a change must show in a file's times: some disks count in seconds."""
MOST_KNOWN = 65_536
"""Digests that are held beside the store: of a corpus that is larger each is looked up."""
AT_ONCE = 500
"""Files that are asked for in one question to the store."""
READERS = 4
"""Files that are digested at once."""
Touched = tuple[int, int, int, int]
"""Inode, size, and both times of a file: no copy, link or writer leaves all of them as they were."""


class Digests:
    """The sha256 of files. With a `folder` they are remembered there, from one run to the next.

    A file that was touched a moment ago is digested again: its next change may leave the same times.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.file = None if folder is None else folder / FILE
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._store: sqlite3.Connection | None = None
        self._known: dict[str, tuple[Touched, str]] = {}
        self._unwritten: dict[str, tuple[Touched, str]] = {}
        self._written_at = time.monotonic()

    def __getstate__(self) -> dict[str, object]:
        return {"file": self.file}

    def __setstate__(self, state: dict[str, Path | None]) -> None:
        self.file = state["file"]
        self._forget()

    def of(self, file: Path | StoredFile) -> str | None:
        """Return a file's digest; None where there is no regular file that can be read."""
        return self.of_all([file])[0]

    def of_all(self, files: Iterable[str | Path | StoredFile | None]) -> list[str | None]:
        """Return the digests of many files, those that are unknown several at a time; None where there is none.

        A text is an absolute path.
        """
        if self._process != os.getpid():  # a worker has a store of its own
            self._forget()
        looks = self._looks(files)
        unknown = [look for look in looks if look.path and look.digest is None]
        if len(unknown) > 1:
            with ThreadPoolExecutor(READERS) as readers:
                found = list(readers.map(_Look.digested, unknown))
        else:
            found = [look.digested() for look in unknown]
        for look, digest in zip(unknown, found, strict=True):
            look.digest = digest
            self._remember(look)
        return [look.digest for look in looks]

    def _looks(self, files: Iterable[str | Path | StoredFile | None]) -> list["_Look"]:
        looks = [_look(file) for file in files]
        known = self._read([look.path for look in looks if look.touched is not None])
        for look in looks:
            touched, digest = known.get(look.path, (None, None))
            if touched is not None and touched == look.touched:
                look.digest = digest
        return looks

    def _remember(self, look: "_Look") -> None:
        if look.digest is None or look.touched is None or time.time_ns() - look.touched[3] < SETTLED:
            return
        self._known[look.path] = self._unwritten[look.path] = look.touched, look.digest
        waited = time.monotonic() - self._written_at
        if len(self._unwritten) >= MOST_UNWRITTEN or waited > LONGEST_UNWRITTEN:
            self.write()

    def _opened(self) -> sqlite3.Connection | None:
        if self._store is None and self.file is not None:
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self._store = sqlite3.connect(self.file, timeout=10, isolation_level=None)
                self._store.execute("PRAGMA journal_mode=WAL")
                self._store.execute("PRAGMA synchronous=NORMAL")
                self._store.execute(
                    "CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, touched TEXT, sha256 TEXT)"
                )
            except (OSError, sqlite3.Error) as error:
                self._give_up(error)
        return self._store

    def _give_up(self, error: Exception) -> None:
        """Go on without a memory: it only saves time. A damaged store is left for the next run to make anew."""
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        if damaged and self.file is not None:
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self.file.with_name(f"{self.file.name}{suffix}").unlink(missing_ok=True)
        self.file = self._store = None

    def _read(self, paths: list[str]) -> dict[str, tuple[Touched, str]]:
        """Return what is remembered of these files."""
        found = {path: self._known[path] for path in paths if path in self._known}
        asked = [os.fsencode(path) for path in paths if path not in found]
        for start in range(0, len(asked), AT_ONCE):
            store = self._opened()
            if store is None:
                break
            some = asked[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            try:
                rows = store.execute(
                    f"SELECT path, touched, sha256 FROM files WHERE path IN ({marks})", some
                ).fetchall()
            except sqlite3.Error as error:
                self._give_up(error)
                break
            for path, text, digest in rows:
                inode, size, changed, touched = map(int, text.split())
                found[os.fsdecode(path)] = (inode, size, changed, touched), digest
        return found

    def write(self) -> None:
        """Write what was digested to the store."""
        rows = [
            (os.fsencode(path), " ".join(map(str, touched)), digest)
            for path, (touched, digest) in self._unwritten.items()
        ]
        self._unwritten, self._written_at = {}, time.monotonic()
        store = self._opened() if rows else None
        if store is None:
            return
        try:
            store.execute("BEGIN IMMEDIATE")
            store.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)
            store.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up(error)
            return
        if len(self._known) > MOST_KNOWN:
            self._known = {}


@dataclass
class _Look:
    """What is known of one file: where it is, how it was touched, and its digest; `stored` is what reads it."""

    path: str
    touched: Touched | None = None
    digest: str | None = None
    stored: StoredFile | None = None

    def digested(self) -> str | None:
        """Return the digest of the bytes as they are now; None where they cannot be read."""
        if self.stored is None:
            return _sha256(self.path)
        try:
            return hashlib.sha256(self.stored.read()).hexdigest()
        except StoreLost:  # which is no fault of this file's
            raise
        except Exception:  # whatever it is, the ledger tells of it when the picture is opened
            return None


def _look(file: str | Path | StoredFile | None) -> _Look:
    """Return what a file is as it is now; without a path where there is none."""
    if isinstance(file, StoredFile):
        return _Look(file.name, file.touched, stored=file)
    touched = None if file is None else _touched(file)
    if file is None or touched is None:
        return _Look("")
    return _Look(file if isinstance(file, str) else str(file.absolute()), touched)


def _touched(file: str | Path) -> Touched | None:
    try:
        state = os.stat(file)  # noqa: PTH116  # of a million texts no Path is made
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(state.st_mode):  # to read a pipe or a device may never end
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def _sha256(path: str) -> str | None:
    try:
        with Path(path).open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None
