"""Which picture of a folder an annotation speaks of."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from emocam.errors import SettingError

TWINS = ("images", "labels", "jpegimages", "annotations")
"""Folders that formats lay side by side: which of them a file lies in tells no two images apart."""


def _parts(name: str) -> tuple[str, ...]:
    """Folders and file name; accents as one letter, whatever the file system made of them."""
    composed = unicodedata.normalize("NFC", name.replace("\\", "/"))
    *folders, file = [part for part in PurePosixPath(composed).parts if part != "/"] or [""]
    return (*(folder for folder in folders if folder.lower() not in TWINS), file)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many folders above the file have the same name, counted upwards."""
    pairs = zip(one[-2::-1], other[-2::-1], strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)) - 1)


def join(names: Iterable[str], paths: Sequence[str], told_by: str) -> dict[str, str]:
    """For each name that has one, its picture among `paths`: same file name, then same folders above it.

    A name without a suffix of its own fits every suffix. Two pictures that fit equally well are a
    fault, and so are two names for one picture.
    """
    by_file: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    by_stem: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for path in paths:
        parts = _parts(path)
        by_file[parts[-1]].append((parts, path))
        by_stem[PurePosixPath(parts[-1]).stem].append((parts, path))
    found: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in names:
        parts = _parts(name)
        candidates = by_file.get(parts[-1]) or by_stem.get(parts[-1])
        if not candidates:
            continue
        best = max(_shared(parts, other) for other, _ in candidates)
        fits = [path for other, path in candidates if _shared(parts, other) == best]
        if len(fits) > 1:
            raise SettingError(
                f"{told_by}: {name!r} may be {fits[0]!r} or {fits[1]!r} of data.root; "
                "write more of its path, or name one folder as data.root"
            )
        if fits[0] in taken:
            raise SettingError(
                f"{told_by}: {taken[fits[0]]!r} and {name!r} both speak of {fits[0]!r} of data.root"
            )
        found[name], taken[fits[0]] = fits[0], name
    return found
