"""YOLO's text files: a line `class x y width height` a box, or `class x y x y ...` an outline."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from emocam.data.annotations.builder import TableBuilder
from emocam.data.annotations.masks import Polygons
from emocam.data.annotations.records import AnnotationTable
from emocam.data.annotations.source import Source, finite_text
from emocam.errors import SettingError

NAMES = ("classes.txt", "obj.names", "labels.txt", "predefined_classes.txt")
LISTS = ("train.txt", "val.txt", "test.txt", "valid.txt")
"""What else lies in such folders: names of classes, and lists of images."""
ROUNDING = 0.01
"""How far outside of the image a corner may lie before it is no rounding."""


def _names_in_yaml(source: Source) -> list[str] | None:
    try:
        content = yaml.safe_load(source.text())
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise source.unreadable("YAML", error) from None
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise source.fault("names", "numbered from 0 without a gap", list(names))
        names = [names[i] for i in range(len(names))]
    if names is None:
        return None
    if not isinstance(names, list):
        raise source.fault("names", "a list of classes", names)
    return [source.name(f"names[{i}]", str(name)) for i, name in enumerate(names)]


def read_names(place: Path) -> list[str] | None:
    """The classes that a YAML file or a list beside or above the labels names."""
    folders = [place, place.parent] if place.is_dir() else []
    files = [place] if place.is_file() else [f for d in folders for f in sorted(d.glob("*.y*ml"))]
    for file in files:
        if names := _names_in_yaml(Source(file)):
            return names
    for file in (d / name for d in folders for name in NAMES):
        if file.is_file():
            return [line.strip() for line in Source(file).text().splitlines() if line.strip()]
    return None


def label_files(folder: Path) -> list[Path]:
    """All text files that may hold boxes: those below `labels`, where there is such a folder."""
    found = [f for f in sorted(folder.rglob("*.txt")) if f.name not in (*NAMES, *LISTS)]
    found = [f for f in found if not f.stem.lower().startswith(("readme", "license"))]
    return [f for f in found if "labels" in f.relative_to(folder).parts[:-1]] or found


def _lines(source: Source) -> Iterator[tuple[str, list[float]]]:
    """Each line's place and numbers, which are checked as far as all kinds of lines agree."""
    for i, line in enumerate(source.text().splitlines(), 1):
        words = line.split()
        if not words:
            continue
        numbers = [number for word in words if (number := finite_text(word)) is not None]
        fine = len(words) == 5 or (len(words) >= 7 and len(words) % 2)
        if not fine or len(numbers) < len(words):
            raise source.fault(f"line {i}", "`class x y width height`, or `class` and an outline", line)
        if not all(-ROUNDING <= n <= 1 + ROUNDING for n in numbers[1:]):
            raise source.fault(f"line {i}", "in fractions of the image, [0, 1]", line)
        yield f"line {i}", numbers


def read_yolo(place: Path) -> AnnotationTable:
    """Boxes by the path of the label file; an outline gives its box, and its mask where masks are drawn."""
    folder = place if place.is_dir() else place.parent
    names = read_names(place)
    if names is None:
        raise SettingError(
            f"data.annotations {place} does not name its classes; expected `names` in data.yaml, or classes.txt"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SettingError(f"data.annotations {place}: class names must differ, got {twice!r} twice")
    gathering = TableBuilder()
    for file in label_files(folder):
        if file == place:
            continue
        source = Source(file)
        image = file.relative_to(folder).with_suffix("").as_posix()
        gathering.image(image)
        for where, (number, *values) in _lines(source):
            if number not in range(len(names)):
                raise source.fault(where, f"a class from 0 to {len(names) - 1}", number)
            if len(values) == 4:
                x, y, width, height = values
                box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
                if width < 0 or height < 0:
                    raise source.fault(where, "of a size that is not negative", values)
                gathering.add(image, names[int(number)], box)
            else:
                points = np.array(values).reshape(-1, 2)
                corners = [*points.min(0).tolist(), *points.max(0).tolist()]
                gathering.add(image, names[int(number)], corners, Polygons([points]))
    return gathering.table(names)
