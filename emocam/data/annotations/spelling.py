"""One picture under several spellings of its name: dots, whole paths, capitals, accents of two letters."""

import os
import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from emocam.data.annotations.records import AnnotationTable, Regions
from emocam.errors import SettingError


def folded(name: str) -> str:
    """Return what all spellings of a name have in common on disks that keep no capitals."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def plain_path(name: str) -> str:
    """Return a path without dots: `./a`, `../b/a` and `b/../a` say the same or more than `a` does."""
    parts = posixpath.normpath(name.replace("\\", "/")).split("/")
    while parts and parts[0] == "..":
        parts = parts[1:]
    return "/".join(parts)


def under_root(names: Sequence[str], root: Path, listed: Callable[[], Sequence[str]]) -> dict[str, str]:
    """Return for each name the path of its picture under the root, relative and posix.

    What leads out of the root, or to nothing, stays as it is, and the ledger tells of it. `listed`
    gives the pictures under the root; it is asked only where a name leads to none.
    """
    tops = (Path(root).absolute(), Path(root).resolve())
    spelled = {name: _relative(name, tops) for name in names}
    missing = [path for path in spelled.values() if not os.path.lexists(root / path)]
    known = {folded(path): path for path in listed()} if missing else {}
    found = {path: known.get(folded(path.replace("\\", "/")), path) for path in missing}
    paths = {name: found.get(path, path) for name, path in spelled.items()}
    # where a disk keeps no capitals, two spellings both lead to a file: the same one
    first: dict[str, str] = {}
    for name, path in paths.items():
        other = first.setdefault(folded(path), path)
        if other != path and _same_file(root / other, root / path):
            paths[name] = other
    return paths


def _relative(name: str, tops: tuple[Path, Path]) -> str:
    """Return the name as it leads on from the root, whose path `tops` are; as it is where it leads elsewhere."""
    if "\0" in name or (name == posixpath.normpath(name) and not name.startswith(("/", ".."))):
        return name
    given = tops[0] / name
    ways = [Path(os.path.normpath(given))]
    if Path(name).is_absolute():
        ways.append(given.parent.resolve() / given.name)  # by way of a link, perhaps
    for whole in ways:
        for top in tops:
            if whole != top and whole.is_relative_to(top):
                return whole.relative_to(top).as_posix()
    return name


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def respelled(table: AnnotationTable, paths: dict[str, str], told_by: str) -> AnnotationTable:
    """Return the annotations by the pictures' paths: a picture with two names has the regions of both, once."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, path in paths.items():
        names[path].append(name)
    regions = {
        path: join_regions(
            [table.regions[name] for name in own], f"{told_by}: {' and '.join(map(repr, own[:2]))}"
        )
        for path, own in names.items()
    }
    truth: dict[str, str] = {}
    for name, label in table.truth.items():
        if name in paths and truth.setdefault(paths[name], label) != label:
            raise SettingError(
                f"{told_by}: {paths[name]!r} is called {truth[paths[name]]!r} under one spelling of its name and "
                f"{label!r} under another"
            )
    notes = list(table.notes)
    if twice := sum(len(own) > 1 for own in names.values()):
        notes.append(
            f"{told_by}: {twice:,} pictures are named in more than one spelling; each counts once, with the regions "
            "of all"
        )
    return AnnotationTable(table.objects, regions, truth, notes)


def join_regions(parts: Sequence[Regions], told_by: str) -> Regions:
    """Return the regions of one picture, each once, out of what was said of it under several names."""
    first, *others = parts
    if not others:
        return first
    if any((part.size, part.pixels) != (first.size, first.pixels) for part in others):
        raise SettingError(f"{told_by} are one picture, but their sizes differ")
    boxes, object = (np.concatenate([getattr(part, name) for part in parts]) for name in ("boxes", "object"))
    shapes = [shape for part in parts for shape in part.shapes or [None] * len(part.boxes)]
    kept = _first_of_each(zip(map(tuple, boxes.tolist()), object.tolist(), strict=True))
    own = [shapes[i] for i in kept]
    return Regions(boxes[kept], object[kept], first.size, first.pixels, own if any(own) else None)


def _first_of_each(rows: Iterable[object]) -> list[int]:
    first: dict[object, int] = {}
    for i, row in enumerate(rows):
        first.setdefault(row, i)
    return list(first.values())
