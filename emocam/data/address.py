"""The address of a part of a file: `b.mp4#t=1.250000&face=2` is a face in a frame of a film."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

PART = re.compile(r"#(?:t=(-?\d+\.\d{6})(?:&face=(\d+))?|face=(\d+))$")
"""A file's own name may hold a # too, but none ends like this with a suffix of pictures or films."""


@dataclass(frozen=True)
class Address:
    """A file, relative and posix, and within it the second of a frame and the number of a face."""

    file: str
    time: float | None = None
    face: int | None = None

    def __str__(self) -> str:
        parts = [] if self.time is None else [f"t={self.time:.6f}"]
        parts += [] if self.face is None else [f"face={self.face}"]
        return f"{self.file}#{'&'.join(parts)}" if parts else self.file


def read_address(path: str) -> Address:
    """Read the path of an image of a corpus; a plain file's is its own name."""
    found = PART.search(path)
    if not found:
        return Address(path)
    time, face = found[1], found[2] or found[3]
    return Address(
        path[: found.start()],
        None if time is None else float(time),
        None if face is None else int(face),
    )


def listed_files(paths: Iterable[str]) -> list[str]:
    """Return the files that images are or come from, each once."""
    return list(dict.fromkeys(read_address(path).file for path in paths))
