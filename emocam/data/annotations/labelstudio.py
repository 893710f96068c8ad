"""Label Studio's JSON export: what people drew, in percent of the image."""

import math
import re
from collections import Counter, defaultdict
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from emocam.data.annotations.brush import unpack_brush
from emocam.data.annotations.builder import TableBuilder
from emocam.data.annotations.masks import Polygons, Runs, Shape, bounds
from emocam.data.annotations.records import AnnotationTable
from emocam.data.annotations.source import Source, finite
from emocam.data.image_file import SUFFIXES

UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""
LABELS = "labels"
"""The type of a result that names a region which another result drew, and what types of both kinds end in."""
DRAWN = {"rectangle": "width", "ellipse": "radiusX", "polygon": "points", "brush": "rle"}
"""Regions that are read, and a key that only a region of the kind has."""
PLACED = ("x", "points", "rle", "vertices", "imageDataURL", "sequence")
"""Keys of a value that has a place in the picture, or in the frames of a film."""
POINTS = 360
"""On the outline of an ellipse."""
Result = dict[str, Any]


def image_of(address: str) -> str:
    """Return the image's path, out of the address under which it was shown."""
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    path = local[0] if local else unquote(parts.path)
    if "/upload/" in path:
        folder, _, name = path.rpartition("/")
        return f"{folder}/{UPLOADED.sub('', name)}"
    return path


def _address(source: Source, place: str, data: object) -> str:
    """Return where a task's image was shown: of its texts the first that ends as pictures do, or the first."""
    if not isinstance(data, dict):
        raise source.fault(place, "the path of an image, in an object", data)
    texts = [value for value in data.values() if isinstance(value, str)]
    pictures = [text for text in texts if PurePosixPath(image_of(text)).suffix.lower() in SUFFIXES]
    return image_of(source.path(place, next(iter([*pictures, *texts]), None)))


def _kind(result: Result) -> str | None:
    """Return which of DRAWN a result draws, if any."""
    type_ = str(result.get("type"))
    value = result.get("value")
    if type_ == LABELS:  # the region that it names is written out once more
        keys = value if isinstance(value, dict) else {}
        return next((kind for kind, key in DRAWN.items() if key in keys), None)
    kind = type_.removesuffix(LABELS)
    return kind if kind in DRAWN else None


def _key(result: Result, place: int) -> str:
    """Return what results have in common that speak of one region: their id, or their place where they have none."""
    identity = result.get("id")
    return f"id {identity}" if isinstance(identity, str | int) else f"place {place}"


def _size(source: Source, place: str, result: Result) -> tuple[float, float]:
    """Return the width and height in pixels on which the region was drawn."""
    found = [result.get(f"original_{side}") for side in ("width", "height")]
    width, height = (finite(value) or 0 for value in found)
    if min(width, height) < 1:
        raise source.fault(f"{place}.original_width and original_height", "at least 1 pixel", found)
    return width, height


def _corners(source: Source, place: str, kind: str, value: Result) -> np.ndarray:
    """Return points (p, 2) as fractions, before they are turned."""
    if kind == "polygon":
        listed = value.get("points")
        if not isinstance(listed, list) or len(listed) < 3:
            raise source.fault(f"{place}.points", "at least three points", listed)
        points = [
            source.numbers(f"{place}.points[{i}]", "[x, y] in percent", p, 2) for i, p in enumerate(listed)
        ]
        return np.array(points) / 100
    sides = ("x", "y", "radiusX", "radiusY") if kind == "ellipse" else ("x", "y", "width", "height")
    found = [value.get(key) for key in sides]
    x, y, across, down = source.numbers(place, f"{', '.join(sides)} in percent", found, 4)
    if across < 0 or down < 0:
        raise source.fault(place, "of a size that is not negative", found)
    if kind == "ellipse":
        angle = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
        return np.stack([x + across * np.cos(angle), y + down * np.sin(angle)], 1) / 100
    return np.array([[x, y], [x + across, y], [x + across, y + down], [x, y + down]]) / 100


def _rotated(points: np.ndarray, about: np.ndarray, degrees: float, size: tuple[float, float]) -> np.ndarray:
    """Turn clockwise about a point, in pixels, where angles are what they look like."""
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return ((points - about) * size) @ turn / size + about


def _outline(source: Source, place: str, kind: str, result: Result) -> Shape:
    """Return the outline of a region as fractions of the image."""
    value = result["value"]
    if kind == "brush":
        width, height = (int(side) for side in _size(source, place, result))
        listed = value.get("rle")
        whole = isinstance(listed, list) and all(type(v) is int and 0 <= v < 256 for v in listed)
        try:
            if not whole:
                raise ValueError("no list of bytes")
            return Runs.of(unpack_brush(listed, (height, width)))
        except ValueError as error:
            raise source.fault(f"{place}.value.rle", f"a packed brush ({error})", listed) from None
    points = _corners(source, f"{place}.value", kind, value)
    turned = value.get("rotation")
    if turned is not None and finite(turned) is None:
        raise source.fault(f"{place}.value.rotation", "a number of degrees", turned)
    if turned:
        middle = (
            kind == "ellipse"
        )  # Label Studio turns ellipses about their middle, all else about the first corner
        about = points.mean(0) if middle else points[0]
        points = _rotated(points, about, float(turned), _size(source, place, result))
    return Polygons([points])


def _names(source: Source, place: str, result: Result) -> list[str]:
    """Return the classes that a result names; none where its type is a shape alone."""
    type_ = str(result.get("type"))
    if not type_.endswith(LABELS):
        return []
    labels = result["value"].get(type_)
    if not isinstance(labels, list) or not labels:
        raise source.fault(f"{place}.value.{type_}", "a list of names", labels)
    return [source.name(f"{place}.value.{type_}[{i}]", label) for i, label in enumerate(labels)]


def _add(
    source: Source, place: str, gathering: TableBuilder, image: str, result: Result, names: list[str]
) -> bool:
    """Add a region once for each of its names; return whether it covers anything."""
    kind = _kind(result)
    assert kind is not None
    shape = _outline(source, place, kind, result)
    box = bounds(shape)
    if box is None:
        return False
    width, height = (finite(result.get(f"original_{side}")) or 0 for side in ("width", "height"))
    gathering.image(image, (width, height) if min(width, height) >= 1 else None)
    plain = kind == "rectangle" and not result["value"].get("rotation")
    for name in names:
        gathering.add(image, name, box, None if plain else shape)
    return True


def _add_all(
    source: Source, place: str, gathering: TableBuilder, image: str, results: list[Result], left: Counter[str]
) -> None:
    """Add the regions of one annotation; `left` counts those that cannot be read, by what they are.

    A shape and its name may be two results with the same id.
    """
    named: dict[object, list[str]] = defaultdict(list)
    bare: set[object] = set()
    for k, result in enumerate(results):
        if _kind(result) or result.get("type") == LABELS:
            if not isinstance(result.get("value"), dict):
                raise source.fault(f"{place}[{k}].value", "an object", result.get("value"))
            key = _key(result, k)
            if result["type"] == LABELS:
                named[key] += _names(source, f"{place}[{k}]", result)
            elif not str(result["type"]).endswith(LABELS):
                bare.add(key)
    for k, result in enumerate(results):
        here, key, type_ = f"{place}[{k}]", _key(result, k), str(result.get("type"))
        if _kind(result) is None:
            value = result.get("value")
            if type_ != LABELS and isinstance(value, dict) and any(part in value for part in PLACED):
                left[type_] += 1
            elif type_ == LABELS and key not in bare:
                left["labels without a shape that is read"] += 1
            continue
        if type_ == LABELS and key in bare:
            continue
        names = _names(source, here, result) or named[key]
        if not names:
            left["regions without a name"] += 1
        elif not _add(source, here, gathering, image, result, names):
            left["empty brushes"] += 1


def label_studio_table(source: Source, tasks: list[Any]) -> AnnotationTable:
    """Read the first annotation of each task that was not cancelled; other people's are counted in the notes."""
    gathering = TableBuilder()
    left: Counter[str] = Counter()
    several = predicted = 0
    for i, task in enumerate(tasks):
        image = _address(source, f"[{i}].data", task.get("data") if isinstance(task, dict) else None)
        if image in gathering.boxes:
            raise source.fault(f"[{i}].data", "of an image that no other task has", image)
        gathering.image(image)
        annotations = task.get("annotations")
        if not isinstance(annotations, list):
            raise source.fault(f"[{i}].annotations", "a list", annotations)
        read = 0
        for j, annotation in enumerate(annotations):
            results = annotation.get("result") if isinstance(annotation, dict) else None
            if not isinstance(results, list) or not all(isinstance(r, dict) for r in results):
                raise source.fault(f"[{i}].annotations[{j}].result", "a list of objects", results)
            if annotation.get("was_cancelled"):
                continue
            read += 1
            if read == 1:
                _add_all(source, f"[{i}].annotations[{j}].result", gathering, image, results, left)
        several += read > 1
        predicted += not read and bool(task.get("predictions"))
    notes = []
    if left:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in left.most_common())
        notes.append(f"{source.file}: left out, as they are no regions that can be read: {kinds}")
    if several:
        notes.append(
            f"{source.file}: {several:,} pictures were annotated by several people; the first is read"
        )
    if predicted:
        notes.append(f"{source.file}: {predicted:,} pictures have predictions alone, which are not read")
    return gathering.table(notes=notes)
