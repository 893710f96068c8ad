"""YOLO's text files: a line `class x y width height` a box, or `class x y x y ...` an outline.

An oriented box, `class` and four corners, is an outline of four points. Of a pose, `class x y width height`
and keypoints, the box is read; that it is no outline only `kpt_shape` in the YAML file tells.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import yaml

from emocam.data.annotations.builder import TableBuilder
from emocam.data.annotations.masks import Polygons
from emocam.data.annotations.records import AnnotationTable
from emocam.data.annotations.source import Source, files_ending, finite_text
from emocam.errors import SettingError

NAMES = ("classes.txt", "obj.names", "labels.txt", "predefined_classes.txt")
LISTS = ("train.txt", "val.txt", "test.txt", "valid.txt")
WORDS = ("readme.txt", "license.txt", "licence.txt", "readme.dataset.txt", "readme.roboflow.txt")
"""What else lies in such folders: names of classes, lists of images, and words of those who made them."""
NAMED = re.compile(r"^names\s*:", re.M)
ROUNDING = 0.01
"""How far outside of the image a corner may lie before it is no rounding."""


@dataclass(frozen=True)
class Classes:
    """The names of the classes, the file that holds them, and how many numbers the keypoints of a line are."""

    names: list[str]
    file: Path
    keypoints: int = 0


def _classes_in_yaml(source: Source) -> Classes | None:
    text = source.text()
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise source.unreadable("YAML", error) from None
    names = content.get("names") if isinstance(content, dict) else None
    if len(NAMED.findall(text)) > 1:  # the last would count, without a word of the first
        raise source.fault("names", "given once", NAMED.findall(text))
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise source.fault("names", "numbered from 0 without a gap", list(names))
        names = [names[i] for i in range(len(names))]
    if names is None:
        return None
    if not isinstance(names, list):
        raise source.fault("names", "a list of classes", names)
    read = [source.name(f"names[{i}]", str(name)) for i, name in enumerate(names)]
    return Classes(read, source.file, _keypoints(source, content.get("kpt_shape")))


def _keypoints(source: Source, shape: object) -> int:
    """Return how many numbers `kpt_shape`, [points, numbers of each], means."""
    if shape is None:
        return 0
    whole = isinstance(shape, list) and len(shape) == 2 and all(type(side) is int for side in shape)
    if not whole or shape[0] < 1 or shape[1] not in (2, 3):  # type: ignore[index]
        raise source.fault("kpt_shape", "[points, 2 or 3]", shape)
    return shape[0] * shape[1]  # type: ignore[index]


def read_classes(place: Path) -> Classes | None:
    """Return the classes that a YAML file or a list beside or above the labels names."""
    folders = [place, place.parent] if place.is_dir() else []
    files = [place] if place.is_file() else [f for d in folders for f in files_ending(d, ".yaml", ".yml")]
    for file in files:
        if (classes := _classes_in_yaml(Source(file))) and classes.names:
            return classes
    for file in (d / name for d in folders for name in NAMES):
        if file.is_file() and not holds_boxes(file):
            lines = Source(file).text().split("\n")
            return Classes([line for line in lines if line.strip()], file)
    return None


def holds_boxes(file: Path) -> bool:
    """Return whether the first line that is not empty is one of a label file."""
    lines = (line.split() for line in Source(file).text().splitlines())
    words = next((words for words in lines if words), [])
    return len(words) >= 5 and all(finite_text(word) is not None for word in words)


def label_files(folder: Path, pictures: Iterable[str] = ()) -> list[Path]:
    """Return all text files that may hold boxes: those below `labels`, where there is such a folder.

    A file that is called as other things in such folders are is one of boxes where a picture has its
    name, or where it holds boxes.
    """
    files = _text_files(folder, pictures)
    return [file for file in files if _below_labels(file, folder)] or files


def _below_labels(file: Path, folder: Path) -> bool:
    return "labels" in file.relative_to(folder).parts[:-1]


def _text_files(folder: Path, pictures: Iterable[str]) -> list[Path]:
    files = files_ending(folder, ".txt", below=True)
    other = {file for file in files if file.name.lower() in (*NAMES, *LISTS, *WORDS)}
    if not other:
        return files
    stems = {_composed(PurePosixPath(path).stem) for path in pictures}
    return [file for file in files if file not in other or _composed(file.stem) in stems or holds_boxes(file)]


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _lines(source: Source, keypoints: int) -> Iterator[tuple[str, list[float]]]:
    """Yield each line's place and numbers, checked as far as all kinds of lines agree; keypoints are cut off."""
    expected = "`class x y width height`, or `class` and an outline"
    if keypoints:
        expected = f"`class x y width height`, or the same and the {keypoints} numbers of kpt_shape"
    for i, line in enumerate(source.text().splitlines(), 1):
        words = line.split()
        if not words:
            continue
        numbers = [number for word in words if (number := finite_text(word)) is not None]
        outline = len(words) >= 7 and len(words) % 2 == 1
        fine = len(words) == 5 or (len(words) == 5 + keypoints if keypoints else outline)
        if not fine or len(numbers) < len(words):
            raise source.fault(f"line {i}", expected, line)
        if keypoints:
            numbers = numbers[:5]
        if not all(-ROUNDING <= n <= 1 + ROUNDING for n in numbers[1:]):
            raise source.fault(f"line {i}", "in fractions of the image, [0, 1]", line)
        yield f"line {i}", numbers


def read_yolo(place: Path, pictures: Iterable[str] = ()) -> AnnotationTable:
    """Read boxes by the path of the label file.

    An outline gives its box, and its mask where masks are drawn. `pictures` are the paths of the pictures.
    """
    folder = place if place.is_dir() else place.parent
    classes = read_classes(place)
    if classes is None:
        raise SettingError(
            f"data.annotations {place} does not name its classes; expected `names` in data.yaml, or classes.txt"
        )
    names = classes.names
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SettingError(f"data.annotations {place}: class names must differ, got {twice!r} twice")
    gathering = TableBuilder()
    files = [file for file in label_files(folder, pictures) if file not in (place, classes.file)]
    outlines = boxes = 0
    for file in files:
        source = Source(file)
        image = file.relative_to(folder).with_suffix("").as_posix()
        gathering.image(image)
        for where, (number, *values) in _lines(source, classes.keypoints):
            if number not in range(len(names)):
                raise source.fault(where, f"a class from 0 to {len(names) - 1}", number)
            boxes += 1
            if len(values) == 4:
                x, y, width, height = values
                box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
                if width < 0 or height < 0:
                    raise source.fault(where, "of a size that is not negative", values)
                gathering.add(image, names[int(number)], box)
            else:
                outlines += 1
                points = np.array(values).reshape(-1, 2)
                corners = [*points.min(0).tolist(), *points.max(0).tolist()]
                gathering.add(image, names[int(number)], corners, Polygons([points]))
    unread = len([f for f in _text_files(folder, pictures) if f not in (place, classes.file)]) - len(files)
    return gathering.table(names, notes=_notes(folder, classes, boxes, outlines, unread))


def _notes(folder: Path, classes: Classes, boxes: int, outlines: int, unread: int) -> list[str]:
    """Return what a person should be told of how the lines were read."""
    notes = []
    if classes.keypoints and boxes:
        notes.append(
            f"{folder}: lines are poses, as kpt_shape in {classes.file.name} says: their boxes are read, their "
            "keypoints are not"
        )
    if outlines:
        notes.append(
            f"{folder}: {outlines:,} of {boxes:,} lines are outlines (segments or oriented boxes), and their box is "
            "the one around them; were they poses, kpt_shape in the YAML file would say so"
        )
    if unread:
        notes.append(
            f"{folder}: {unread:,} text files lie in no folder `labels`, as others do, and are not read"
        )
    return notes
