"""A place that fsspec reads from: its files, parts of them, and its faults in words."""

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from emocam.data.corpus.store_errors import may_pass, needs_credentials, status_of, unhidden
from emocam.errors import Damaged, Refused, SettingError, StoreLost, nearest
from emocam.settings.roots import ADDRESS
from emocam.settings.secret_words import check_no_secret

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "hf": "hf"}
HEADERS = 'what the server takes, such as FSSPEC_{}=\'{{"headers": {{"Authorization": "Bearer TOKEN"}}}}\''
CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; FSSPEC_S3_ANON=true for a public bucket",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or gcloud auth application-default login",
    "hf": "HF_TOKEN",
    "http": HEADERS.format("HTTP"),
    "https": HEADERS.format("HTTPS"),
}
TALKING = ("gcsfs", "huggingface_hub", "fsspec")
"""Libraries that tell of each try; what comes of them is told in a sentence."""
NO_RANGES = (
    "the server sends no parts of files, and a shard is read in parts; fetch the shards, or give a server that knows "
    "HTTP ranges"
)
WAITS = (0.5, 2.0)
"""Seconds before a second and a third try."""
PATIENCE = 15.0
"""Seconds after which a library has tried again itself."""
Touched = tuple[int, int, int, int]
T = TypeVar("T")


@dataclass(frozen=True)
class StoredEntry:
    """A file as its store lists it; `size` is None where it does not tell, as is `touched`."""

    path: str
    size: int | None
    touched: Touched | None


@dataclass
class Store:
    """A file system by the address of a folder in it; `setting` is what named it."""

    address: str
    setting: str = "data.root"
    _opened: tuple[int, Any, str] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        check_no_secret(self.address, self.setting)
        if "::" in self.address:
            raise SettingError(f"{self.setting} must be one address without ::, got {self.address!r}")

    def __getstate__(self) -> dict[str, Any]:
        return {"address": self.address, "setting": self.setting, "_opened": None}

    @property
    def system(self) -> Any:
        """The file system, made anew in each process: its connections do not outlive a fork."""
        return self._system()[0]

    @property
    def local(self) -> bool:
        """Whether this is a folder of this machine, whose faults no second try mends."""
        return ADDRESS.match(self.address) is None

    @property
    def whole(self) -> str:
        """The address, of this machine the absolute path."""
        return self.top if self.local else self.address

    @property
    def top(self) -> str:
        """The folder's path, as the file system spells it."""
        return self._system()[1].rstrip("/")

    def _system(self) -> tuple[Any, str]:
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), *self._connected())
        return self._opened[1:]

    def _connected(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations

        found = ADDRESS.match(self.address)
        protocol = found["protocol"].lower() if found else "file"
        if protocol not in known_implementations:
            raise SettingError(
                f"{self.setting} {self.address}: there is no store called {protocol}://; "
                f"{nearest(protocol, ['s3', 'gs', 'hf', 'https', 'http', 'file', 'memory'])}"
            )
        for name in TALKING:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            return url_to_fs(self.address, use_listings_cache=False)
        except ImportError as error:
            extra = EXTRAS.get(protocol)
            cure = f"pip install 'emocam[{extra}]'" if extra else " ".join(str(error).split())
            raise SettingError(
                f"{self.setting} {self.address}: what reads {protocol}:// is not installed; {cure}"
            ) from None
        except Exception as error:  # each store has errors of its own
            raise self.fault(error) from None

    def fault(self, error: Exception, address: str | None = None) -> SettingError:
        """Return in a sentence what a store's error says of an address."""
        if isinstance(error, SettingError):
            return error
        error, address = unhidden(error), address or self.address
        words, kind = " ".join(str(error).split())[:200], type(error).__name__
        if isinstance(error, FileNotFoundError) or status_of(error) == 404:
            return SettingError(f"{self.setting} {address}: there is nothing at this address ({words})")
        if needs_credentials(error):
            protocol = (ADDRESS.match(self.address) or ["", ""])[0].removesuffix("://")
            where = CREDENTIALS.get(EXTRAS.get(protocol, protocol), "the credentials that this store takes")
            return SettingError(f"{self.setting} {address} may not be read ({kind}: {words}); give {where}")
        return SettingError(f"{self.setting} {address} cannot be read ({kind}: {words})")

    def entry(self, path: str) -> StoredEntry:
        """Return one file as its store describes it, or raise in a sentence that it is not there."""
        try:
            return _entry(path, self._asked(lambda: self.system.info(path)))
        except Exception as error:  # each store has errors of its own
            raise self.fault(error, self.system.unstrip_protocol(path)) from None

    @property
    def is_folder(self) -> bool:
        """Whether there is a folder at the address; a fault of the store's is raised in a sentence."""
        try:
            return bool(self._asked(lambda: self.system.isdir(self.top)))
        except Exception as error:  # each store has errors of its own
            raise self.fault(error) from None

    def entries(self) -> Iterator[list[StoredEntry]]:
        """Yield the files in and below the folder, those of one folder at a time."""
        try:
            folders, entered = [self.top], {self.top}
            while folders:
                folder = folders.pop()
                inner, files = self._asked(lambda folder=folder: self._one_folder(folder))  # type: ignore[misc]
                folders += [path for path in inner if path not in entered]
                entered |= set(inner)
                yield [_entry(path, info) for path, info in files]
        except Exception as error:  # each store has errors of its own
            raise self.fault(error) from None

    def matching(self, pattern: str) -> list[str]:
        """Return the paths that a pattern with * stands for, sorted."""
        try:
            # no sign but * stands for others: a folder may be called [1]
            escaped = re.sub(r"[\[?]", r"[\g<0>]", self.system._strip_protocol(pattern))
            return sorted(self._asked(lambda: self.system.glob(escaped)))
        except Exception as error:  # each store has errors of its own
            raise self.fault(error) from None

    def read(self, path: str, start: int, stop: int) -> bytes:
        """Read a part of a file; what is lost on the way is tried again."""

        def read() -> bytes:
            data = self._part(path, start, stop)
            if len(data) < stop - start and not self.local:
                raise OSError(f"{len(data):,} of {stop - start:,} bytes came")
            # a server that knows no ranges sends the whole
            return data[start:stop] if len(data) > stop - start else data

        return self.trying(read, path)

    def read_whole(self, path: str, size: int = -1) -> bytes:
        """Read a file; when less comes than it was long, which may be by now its length, it is read twice."""

        def read() -> bytes:
            data: bytes = self.system.cat_file(path)
            return data

        data = self.trying(read, path)
        return data if len(data) >= size or self.local else self.trying(read, path)

    def _part(self, path: str, start: int, stop: int) -> bytes:
        """Read a part and no more; where a store has no way of its own, fsspec reads ahead five megabytes."""
        from fsspec.spec import AbstractFileSystem

        data: bytes
        if self.local or type(self.system).cat_file is not AbstractFileSystem.cat_file:
            data = self.system.cat_file(path, start=start, end=stop)
            return data
        with self.system.open(path, "rb", cache_type="none") as file:
            file.seek(start)
            data = file.read(stop - start)
        return data

    def trying(self, attempt: Callable[[], T], path: str) -> T:
        """Return what an attempt to read gives, tried again after a fault of the store's."""
        if self.local:
            return attempt()
        for wait in (*WAITS, None):
            began = time.monotonic()
            try:
                return attempt()
            except (Refused, Damaged, SettingError):
                raise  # what we say of the file ourselves
            except FileNotFoundError:
                if self._is_there():
                    raise
                error: Exception = FileNotFoundError(f"{self.address} is gone")
            except Exception as caught:  # each store has errors of its own
                if "range requests" in str(caught):
                    raise SettingError(f"{self.setting} {self.address}: {NO_RANGES}") from None
                error = caught
            if wait is None or needs_credentials(error) or time.monotonic() - began > PATIENCE:
                break
            time.sleep(wait)
        raise self._lost(error, path) from None

    def _lost(self, error: Exception, path: str) -> StoreLost:
        """Return why no more can be read, and that the work goes on later."""
        words = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        reason = f"{self.setting} {self.address} no longer answers ({path}: {words})"
        if needs_credentials(error):
            reason = str(self.fault(error))
        return StoreLost(
            f"{reason}; what is done is kept, and the same command with the same hydra.run.dir goes on"
        )

    def _asked(self, ask: Callable[[], T]) -> T:
        """Return what a store answers of its files, asked again where it failed itself."""
        for wait in () if self.local else WAITS:
            began = time.monotonic()
            try:
                return ask()
            except Exception as error:  # each store has errors of its own
                if not may_pass(error) or time.monotonic() - began > PATIENCE:
                    raise
            time.sleep(wait)
        return ask()

    def _one_folder(self, folder: str) -> tuple[list[str], list[tuple[str, dict[str, Any]]]]:
        """Return the folders in a folder, and its files by name; fsspec's own walk leaves out what it cannot list."""
        folders, files = [], []
        for info in self.system.ls(folder, detail=True):
            path = info["name"].rstrip("/")
            if path == folder:  # itself
                continue
            if info["type"] == "directory":
                folders.append(path)
            else:
                files.append((path, info))
        return folders, sorted(files, key=lambda file: file[0])

    def _is_there(self) -> bool:
        try:
            return bool(self.system.exists(self.top))
        except Exception:  # it does not answer
            return False


def _entry(path: str, info: dict[str, Any]) -> StoredEntry:
    """Return a file by what its store says of it; its tag, or when it was written, tell whether it is the same."""
    size = info.get("size")
    if "ino" in info:  # of this machine
        state = Path(path).stat()
        touched = (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        return StoredEntry(path, state.st_size, touched)
    names = ("ETag", "etag", "md5Hash", "blob_id", "xet_hash", "mtime", "LastModified", "created")
    marks = [str(info[name]) for name in names if info.get(name) is not None]
    if not marks or size is None:
        return StoredEntry(path, None if size is None else int(size), None)
    mark = int.from_bytes(hashlib.sha256("\n".join(marks).encode()).digest()[:7], "big")
    return StoredEntry(path, int(size), (mark, int(size), 0, 0))
