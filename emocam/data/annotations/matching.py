"""Which picture of a folder an annotation speaks of."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from emocam.data.annotations.spelling import folded, plain_path
from emocam.errors import SettingError

TWINS = ("images", "labels", "jpegimages", "annotations")
"""Folders that formats lay side by side: which of them a file lies in tells no two images apart."""
Parts = tuple[str, ...]


def _parts(name: str) -> Parts:
    """Return folders and file name; accents as one letter, whatever the file system made of them."""
    composed = unicodedata.normalize("NFC", plain_path(name))
    *folders, file = [part for part in PurePosixPath(composed).parts if part != "/"] or [""]
    return (*(folder for folder in folders if folder.lower() not in TWINS), file)


def _folded(parts: Parts) -> Parts:
    return tuple(map(folded, parts))


def _shared(one: Parts, other: Parts) -> int:
    """Count the folders above the file that have the same name, upwards."""
    pairs = zip(one[-2::-1], other[-2::-1], strict=False)  # the shorter path ends the comparison
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)) - 1)


@dataclass(frozen=True)
class _Fit:
    """How well a name fits a picture: `whole` where it is the picture's own path, from the root or above it."""

    whole: bool
    shared: int


class _Pictures:
    """Pictures by their file name, with and without its suffix, as written and without its capitals."""

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        self.by_name: list[dict[str, list[str]]] = [defaultdict(list) for _ in range(4)]
        self.above = _parts(root.absolute().as_posix())
        self.parts: dict[str, Parts] = {}
        for path in paths:
            self.parts[path] = parts = _parts(path)
            file, stem = parts[-1], PurePosixPath(parts[-1]).stem
            for known, key in zip(self.by_name, (file, stem, folded(file), folded(stem)), strict=True):
                known[key].append(path)

    def best(self, name: str) -> tuple[_Fit, list[str]]:
        """Return how well the name fits at most, and the pictures that it fits so well."""
        parts = _parts(name)
        written, lower = parts[-1], folded(parts[-1])
        keys = zip(self.by_name, (written, written, lower, lower), strict=True)
        candidates = next((found for known, key in keys if (found := known.get(key))), [])
        fits = {path: self._fit(parts, path) for path in candidates}
        most = max(((fit.shared, fit.whole) for fit in fits.values()), default=(0, False))
        best = _Fit(most[1], most[0])
        return best, [path for path, fit in fits.items() if fit.shared == best.shared]

    def _fit(self, parts: Parts, path: str) -> _Fit:
        own = self.parts[path]
        shared = _shared(parts, (*self.above, *own))
        stem = PurePosixPath(own[-1]).stem
        file = stem if folded(parts[-1]) == folded(stem) else own[-1]
        named = _folded((*self.above, *own[:-1], file))[-len(parts) :] == _folded(parts)
        return _Fit(named and len(parts) >= len(own), shared)


def match_images(
    names: Iterable[str], root: Path, paths: Sequence[str], told_by: str, least: int = 0
) -> dict[str, str]:
    """Return for each name that has one its picture among `paths`: same file name, same folders above it.

    At least so many folders must be the same. A name without a suffix fits every suffix. Of two
    names for one picture the one that is its own path has it, then the one that shares more folders; two
    spellings of its own path both have it. Where neither is nearer, and where two pictures fit a name
    alike, that is a fault.
    """
    pictures = _Pictures(root, paths)
    taken: dict[str, tuple[_Fit, list[str]]] = {}
    for name in names:
        fit, fits = pictures.best(name)
        if not fits or fit.shared < least:
            continue
        if len(fits) > 1:
            raise SettingError(
                f"{told_by}: {name!r} may be {fits[0]!r} or {fits[1]!r} of data.root; "
                "write more of its path, or name one folder as data.root"
            )
        before, others = taken.get(fits[0], (_Fit(False, -1), []))
        if others and _one_spelling(fit, name, before, others[0]):
            others.append(name)
        elif (fit.whole, fit.shared) == (before.whole, before.shared):
            raise SettingError(
                f"{told_by}: {others[0]!r} and {name!r} both speak of {fits[0]!r} of data.root"
            )
        elif (fit.whole, fit.shared) > (before.whole, before.shared):
            taken[fits[0]] = fit, [name]
    return {name: path for path, (_, own) in taken.items() for name in own}


def _one_spelling(fit: _Fit, name: str, before: _Fit, other: str) -> bool:
    """Return whether two names are the same path of one picture, however they spell it."""
    same_file = folded(_parts(name)[-1]) == folded(_parts(other)[-1])
    return fit.whole and before.whole and same_file
