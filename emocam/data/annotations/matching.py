"""Which picture of a folder an annotation speaks of."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from emocam.errors import SettingError

TWINS = ("images", "labels", "jpegimages", "annotations")
"""Folders that formats lay side by side: which of them a file lies in tells no two images apart."""
Parts = tuple[str, ...]


def _parts(name: str) -> Parts:
    """Folders and file name; accents as one letter, whatever the file system made of them."""
    composed = unicodedata.normalize("NFC", name.replace("\\", "/"))
    *folders, file = [part for part in PurePosixPath(composed).parts if part != "/"] or [""]
    return (*(folder for folder in folders if folder.lower() not in TWINS), file)


def _shared(one: Parts, other: Parts) -> int:
    """How many folders above the file have the same name, counted upwards."""
    pairs = zip(one[-2::-1], other[-2::-1], strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)) - 1)


class _Pictures:
    """Pictures by their file name, with and without its suffix."""

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        self.by_file: dict[str, list[tuple[Parts, str]]] = defaultdict(list)
        self.by_stem: dict[str, list[tuple[Parts, str]]] = defaultdict(list)
        above = _parts(root.absolute().as_posix())
        for path in paths:
            parts = _parts(path)
            self.by_file[parts[-1]].append(((*above, *parts), path))
            self.by_stem[PurePosixPath(parts[-1]).stem].append(((*above, *parts), path))

    def best(self, name: str) -> tuple[int, list[str]]:
        """How many folders above are shared at most, and the pictures that share so many."""
        parts = _parts(name)
        candidates = self.by_file.get(parts[-1]) or self.by_stem.get(parts[-1]) or []
        shared = [_shared(parts, other) for other, _ in candidates]
        most = max(shared, default=0)
        return most, [path for (_, path), n in zip(candidates, shared, strict=True) if n == most]


def match_images(
    names: Iterable[str], root: Path, paths: Sequence[str], told_by: str, least: int = 0
) -> dict[str, str]:
    """For each name that has one, its picture among `paths`: same file name, then same folders above it.

    At least so many folders must be the same. A name without a suffix fits every suffix. Of two
    names for one picture the one that shares more folders has it; where neither does, and where
    two pictures fit a name alike, that is a fault.
    """
    pictures = _Pictures(root, paths)
    taken: dict[str, tuple[int, str]] = {}
    for name in names:
        shared, fits = pictures.best(name)
        if not fits or shared < least:
            continue
        if len(fits) > 1:
            raise SettingError(
                f"{told_by}: {name!r} may be {fits[0]!r} or {fits[1]!r} of data.root; "
                "write more of its path, or name one folder as data.root"
            )
        before, other = taken.get(fits[0], (-1, ""))
        if shared == before:
            raise SettingError(f"{told_by}: {other!r} and {name!r} both speak of {fits[0]!r} of data.root")
        if shared > before:
            taken[fits[0]] = shared, name
    return {name: path for path, (_, name) in taken.items()}
