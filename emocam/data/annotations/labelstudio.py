"""Label Studio's JSON export: rectangles and polygons in percent of the image."""

import math
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from emocam.data.annotations.builder import TableBuilder
from emocam.data.annotations.masks import Polygons
from emocam.data.annotations.records import AnnotationTable
from emocam.data.annotations.source import Source, finite

UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""
KINDS = ("rectanglelabels", "polygonlabels")


def image_of(address: str) -> str:
    """The image's path, out of the address under which it was shown."""
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    path = local[0] if local else unquote(parts.path)
    if "/upload/" in path:
        folder, _, name = path.rpartition("/")
        return f"{folder}/{UPLOADED.sub('', name)}"
    return path


def _corners(source: Source, place: str, kind: str, value: dict[str, Any]) -> np.ndarray:
    """Points (p, 2) as fractions."""
    if kind == "polygonlabels":
        listed = value.get("points")
        if not isinstance(listed, list) or len(listed) < 3:
            raise source.fault(f"{place}.points", "at least three points", listed)
        points = [
            source.numbers(f"{place}.points[{i}]", "[x, y] in percent", p, 2) for i, p in enumerate(listed)
        ]
        return np.array(points) / 100
    found = [value.get(key) for key in ("x", "y", "width", "height")]
    x, y, width, height = source.numbers(place, "x, y, width, height in percent", found, 4)
    if width < 0 or height < 0:
        raise source.fault(place, "of a size that is not negative", found)
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]]) / 100


def _rotated(points: np.ndarray, degrees: float, size: tuple[float, float]) -> np.ndarray:
    """Turned clockwise about the first corner, in pixels, where angles are what they look like."""
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return ((points - points[0]) * size) @ turn / size + points[0]


def _add(source: Source, place: str, gathering: TableBuilder, image: str, result: dict[str, Any]) -> None:
    kind, value = result.get("type"), result.get("value")
    if kind not in KINDS:
        return
    if not isinstance(value, dict):
        raise source.fault(f"{place}.value", "an object", value)
    labels = value.get(kind)
    if not isinstance(labels, list) or not labels:
        raise source.fault(f"{place}.value.{kind}", "a list of names", labels)
    points = _corners(source, f"{place}.value", kind, value)
    width, height = (finite(result.get(f"original_{side}")) or 0 for side in ("width", "height"))
    size = (width, height) if min(width, height) >= 1 else None
    turned = finite(value.get("rotation")) or 0
    if turned:
        points = _rotated(points, turned, size or (1, 1))
    shape = Polygons([points]) if turned or kind == "polygonlabels" else None
    gathering.image(image, size)
    for i, label in enumerate(labels):
        name = source.name(f"{place}.value.{kind}[{i}]", label)
        gathering.add(image, name, [*points.min(0).tolist(), *points.max(0).tolist()], shape)


def label_studio_table(source: Source, tasks: list[Any]) -> AnnotationTable:
    """The first annotation of each task that was not cancelled; other people's are left out."""
    gathering = TableBuilder()
    for i, task in enumerate(tasks):
        data = task.get("data") if isinstance(task, dict) else None
        address = next((v for v in (data or {}).values() if isinstance(v, str)), None)
        image = image_of(source.path(f"[{i}].data", address))
        if image in gathering.boxes:
            raise source.fault(f"[{i}].data", "of an image that no other task has", image)
        gathering.image(image)
        annotations = task.get("annotations")
        if not isinstance(annotations, list):
            raise source.fault(f"[{i}].annotations", "a list", annotations)
        for j, annotation in enumerate(annotations):
            results = annotation.get("result") if isinstance(annotation, dict) else None
            if not isinstance(results, list) or not all(isinstance(r, dict) for r in results):
                raise source.fault(f"[{i}].annotations[{j}].result", "a list of objects", results)
            if annotation.get("was_cancelled"):
                continue
            for k, result in enumerate(results):
                _add(source, f"[{i}].annotations[{j}].result[{k}]", gathering, image, result)
            break
    return gathering.table()
