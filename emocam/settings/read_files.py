"""The one door through which components open files, so that a key can name what was read.

A name, a size or a time tells no two contents apart: files are copied with their times, checkpoints of a
network have one size, and a folder's other files are read without being named.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emocam.settings.digests import Digests

Files = dict[str, str]
"""The digest of each file that was read, by its path."""
_RECORDS: list[tuple[Digests, Files]] = []


@contextmanager
def recorded_files(digests: Digests) -> Iterator[Files]:
    """Record the digests of the files that are read meanwhile."""
    files: Files = {}
    _RECORDS.append((digests, files))
    try:
        yield files
    finally:
        _RECORDS.pop()


def cache_folder() -> Path | None:
    """Return the folder of the caches while a component is built; None where there is none."""
    file = _RECORDS[-1][0].file if _RECORDS else None
    return None if file is None else file.parent


def noted(file: str | Path) -> Path:
    """Return the file that is about to be read, once its digest is recorded where somebody asked for it.

    It is digested before it is read: should it change in between, its digest is not that of the next run.
    """
    path = Path(file)
    for digests, files in _RECORDS:
        if (digest := digests.of(path)) is not None:
            files[str(path)] = digest
    return path
