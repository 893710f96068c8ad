"""One process a folder: a lock that is held while a run's folder is written to.

The system keeps the lock and drops it with the process, however that ends. `run.lock` in the folder says who
holds it; one that is left behind says that its process was killed.
"""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emocam.errors import SettingError

try:
    import fcntl
except ImportError:  # pragma: no cover - a system without flock has no such lock
    fcntl = None  # type: ignore[assignment]

LOCK = "run.lock"
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_held: "set[RunLock]" = set()


class RunLock:
    """The lock of one folder, held from `acquire` to `release`."""

    def __init__(self, folder: Path, setting: str = "hydra.run.dir") -> None:
        self.folder, self.setting = folder, setting
        self.file = folder / LOCK
        self._opened: int | None = None

    def acquire(self) -> None:
        """Take the lock, or say who holds it; a lock whose process is gone is taken over."""
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            opened = self._open()
            if not _locked(opened):
                holder = _read(opened)
                os.close(opened)
                raise SettingError(
                    f"{self.setting} {self.folder} is in use by another emocam{holder}; "
                    "wait until that ends, or name another folder"
                )
            # the holder before removed the file, perhaps after it was opened here
            if _is_still(opened, self.file):
                break
            os.close(opened)
        told = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        with contextlib.suppress(OSError):  # a full disk: the lock holds without words
            os.ftruncate(opened, 0)
            os.lseek(opened, 0, os.SEEK_SET)
            os.write(opened, json.dumps(told).encode())
        self._opened = opened
        _held.add(self)

    def _open(self) -> int:
        try:
            # a folder may come from anybody: what a link leads to is not written to
            return os.open(self.file, os.O_RDWR | os.O_CREAT | NO_LINK, 0o644)
        except OSError as error:
            if self.file.is_symlink() or self.file.is_dir():
                raise SettingError(
                    f"{self.setting} {self.folder} holds {LOCK}, which must be a plain file and is none; "
                    "remove it, or name another folder"
                ) from error
            raise

    def release(self) -> None:
        """Remove the file, then drop the lock."""
        if self._opened is None:
            return
        if fcntl is None:  # Windows, where a file that is open cannot be removed
            self.close()
        self.file.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close the file and leave it: in a forked child this leaves the lock with its parent."""
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None
            _held.discard(self)


def is_held(folder: Path) -> bool:
    """Return whether a process holds the folder's lock."""
    try:
        opened = os.open(folder / LOCK, os.O_RDWR | NO_LINK)
    except OSError:
        return False
    try:
        return not _locked(opened)
    finally:
        os.close(opened)


@contextmanager
def locked(folder: Path, setting: str = "hydra.run.dir") -> Iterator[None]:
    """Hold the folder's lock for a while."""
    lock = RunLock(folder, setting)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _locked(opened: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system that knows no locks
        return True
    return True


def _is_still(opened: int, file: Path) -> bool:
    try:
        there, own = file.stat(), os.fstat(opened)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)


def _read(opened: int) -> str:
    """Return who holds the lock, as far as the file says it."""
    try:
        os.lseek(opened, 0, os.SEEK_SET)
        told = json.loads(os.read(opened, 4096))
        return f" (process {told['pid']} on {told['host']}, since {told['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _after_fork() -> None:
    # workers that open pictures may outlive the process that holds the lock
    for lock in list(_held):
        lock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
