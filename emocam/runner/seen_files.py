"""The files that a shard's rows were made of, as they lay there: what a second start of a sweep looks at.

Numbers of a row are held to the digests of its pictures. This is asked before anything is imported, of a thousand
shards one after the other, so it knows a file by its inode, size and times; what it is not sure of is held to digests.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from emocam.settings.paths import PACKAGE

if TYPE_CHECKING:
    from emocam.predict.components import Components

SEEN = ".task.files.json"
COARSE, FINE = 2_000_000_000, 20_000_000
"""Nanoseconds in which a further change may leave the same times, of disks that count in seconds, and of others."""
SECOND = 1_000_000_000
Look = list[int] | None


def tell_seen_files(folder: Path, components: "Components", since: int) -> None:
    """Write which files were seen by a run that began at `since`, unless one of them was touched meanwhile."""
    file = folder / SEEN
    file.unlink(missing_ok=True)
    looks = {path: file_look(path) for path in dict.fromkeys(_files_of(components))}
    if any(found is not None and _may_have_changed(found, since) for found in looks.values()):
        return
    half = folder / f"{SEEN}.{os.getpid()}.tmp"
    half.write_text(json.dumps({"code": code_stamp(), "files": looks}), encoding="utf-8")
    half.replace(file)


def are_as_seen(folder: Path) -> bool:
    """Return whether each file that a shard's rows were made of still lies there as it did, and our code as well."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        told = json.loads((folder / SEEN).read_text(encoding="utf-8"))
        return told["code"] == code_stamp() and all(
            file_look(path) == was for path, was in told["files"].items()
        )
    return False


def file_look(path: str) -> Look:
    """Return a file's inode, size and times; None where there is none."""
    try:
        state = Path(path).stat()
    except (OSError, ValueError):
        return None
    return [state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns]


def code_stamp() -> str:
    """Return what tells the files of this package from others."""
    looks = [(str(file), file_look(str(file))) for file in sorted(PACKAGE.rglob("*.py"))]
    return hashlib.sha256(json.dumps(looks).encode()).hexdigest()[:32]


def now_less(seconds: float) -> int:
    """Return the time so many seconds ago, as files tell it."""
    return time.time_ns() - int(seconds * SECOND)


def _may_have_changed(found: list[int], since: int) -> bool:
    times = found[2:]
    coarse = all(moment % SECOND == 0 for moment in times)
    return max(times) > since - (COARSE if coarse else FINE)


def _files_of(components: "Components") -> Iterator[str]:
    """Yield the files that components read, those of the shard's own pictures, and the folders of all."""
    data = components.data
    yield from (str(Path(path).expanduser().absolute()) for read in components.read.values() for path in read)
    shards = getattr(getattr(data, "corpus", None), "shards", [])
    if shards and data.corpus.store.local:  # type: ignore[attr-defined]
        yield from (str(shard.path) for shard in shards)
    for path in components.listing:
        try:
            file = data.picture_file(path)
        except Exception:  # which was refused: its reason may go with the file
            file = None if data.root is None else Path(data.root) / path
        if isinstance(file, Path):
            yield str(file.absolute())
    root = Path("" if data.root is None else data.root).expanduser()
    if data.root is not None and root.is_dir():  # a picture that is added or removed touches its folder
        yield from _folders(root, bool(getattr(data, "follow_links", False)))


def _folders(root: Path, follow_links: bool) -> Iterator[str]:
    entered: set[str] = set()
    for folder, folders, _ in os.walk(root, followlinks=follow_links):
        real = os.path.realpath(folder)
        if real in entered:  # links may lead in a circle
            folders.clear()
            continue
        entered.add(real)
        yield real
