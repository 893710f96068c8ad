"""What `emocam audit` found of a folder, kept in the cache so that a training or an evaluation can say it."""

import contextlib
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

from emocam.data.folder import walk

PLACE = "audit"


def folder_stamp(root: Path) -> str:
    """Return a digest of a folder's pictures by name, size and time."""
    found = hashlib.sha256()
    for name in walk(root):
        with contextlib.suppress(OSError):
            state = (root / name).stat()
            found.update(f"{name}\n{state.st_size} {state.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return found.hexdigest()


def record_audit(folders: Sequence[Path], sentence: str, cache: Path) -> None:
    """Keep what was found of folders that were held against each other; a cache that cannot be written is none."""
    for root in folders:
        others = [str(other.absolute()) for other in folders if other != root]
        entry = {
            "stamp": folder_stamp(root),
            "with": others,
            "found": sentence,
            "day": time.strftime("%Y-%m-%d"),
        }
        with contextlib.suppress(OSError):
            file = _file(root, cache)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(entry))


def audit_sentence(root: str | Path | None, cache: Path | None) -> str:
    """Return whether the pictures of a data set were audited as they are now, and what was found."""
    if root is None:
        return "these pictures are drawn by EmoCAM, so nothing is audited"
    folder = Path(root)
    cure = f"`emocam audit {root} TEST_FOLDER` looks for copies within and across sets and for labels that disagree"
    if cache is None:
        return f"whether these data were audited is not known without a cache; {cure}"
    try:
        entry = json.loads(_file(folder, cache).read_text())
        stamp, found, day = str(entry["stamp"]), str(entry["found"]), str(entry["day"])
        others = [Path(other).name for other in entry["with"]]
    except (OSError, ValueError, KeyError, TypeError):
        return f"these data were not audited; {cure}"
    if stamp != folder_stamp(folder):
        return f"these data have changed since they were audited on {day}; {cure}"
    beside = f" beside {', '.join(others)}" if others else ""
    return f"these data were audited on {day}{beside}: {found}"


def _file(root: Path, cache: Path) -> Path:
    return cache / PLACE / f"{hashlib.sha256(str(root.absolute()).encode()).hexdigest()[:32]}.json"
