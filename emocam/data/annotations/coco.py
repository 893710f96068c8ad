"""COCO's JSON, https://cocodataset.org/#format-data."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emocam.data.annotations.masks import Shape, bounds
from emocam.data.annotations.outline import read_outline
from emocam.data.annotations.records import AnnotationTable, Regions
from emocam.data.annotations.source import Source, finite

LISTS = ("images", "annotations", "categories")
Id = int | str


def is_coco(content: object) -> bool:
    return isinstance(content, dict) and all(isinstance(content.get(key), list) for key in LISTS)


def _identity(source: Source, place: str, found: object) -> Id:
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise source.fault(place, "a whole number or a text", found)
    return found


def _records(source: Source, content: dict[str, Any], kind: str) -> dict[Id, tuple[str, dict[str, Any]]]:
    """Return the records by their `id`, each with its place in the file."""
    found: dict[Id, tuple[str, dict[str, Any]]] = {}
    for i, record in enumerate(content[kind]):
        place = f"{kind}[{i}]"
        if not isinstance(record, dict):
            raise source.fault(place, "an object", record)
        identity = _identity(source, f"{place}.id", record.get("id"))
        if identity in found:
            raise source.fault(f"{place}.id", "different from all others", identity)
        found[identity] = place, record
    return found


def _different(source: Source, places: list[str], names: list[str], key: str) -> None:
    first: dict[str, str] = {}
    for place, name in zip(places, names, strict=True):
        if name in first:
            raise source.fault(f"{place}.{key}", f"different from that of {first[name]}", name)
        first[name] = place


def _size(source: Source, place: str, record: dict[str, Any]) -> tuple[float, float]:
    width, height = finite(record.get("width")), finite(record.get("height"))
    if not width or not height or min(width, height) < 1:
        found = [record.get("width"), record.get("height")]
        raise source.fault(f"{place}.width and height", "at least 1 pixel", found)
    return width, height


def _missing(found: object) -> bool:
    """Return whether an annotation has no box, which is not the same as a wrong one."""
    return found is None or found == []


def _box(source: Source, place: str, found: object, size: tuple[float, float]) -> list[float]:
    """Turn x, y, width and height in pixels into corners as fractions."""
    expected = "[x, y, width, height] in pixels"
    x, y, width, height = source.numbers(place, expected, found, 4)
    if width < 0 or height < 0:
        raise source.fault(place, f"{expected} of a size that is not negative", found)
    return [x / size[0], y / size[1], (x + width) / size[0], (y + height) / size[1]]


def read_coco(file: Path, masks: bool = False) -> AnnotationTable:
    source = Source(file)
    return coco_table(source, source.json(), masks)


def coco_table(source: Source, content: object, masks: bool = False) -> AnnotationTable:
    """Read boxes by the images' file names; rows follow `categories`, images keep the file's order."""
    if not is_coco(content):
        missing = next((k for k in LISTS if not (isinstance(content, dict) and k in content)), LISTS[0])
        raise source.fault("the content", f"COCO's with lists {', '.join(LISTS)}", f"no list {missing}")
    assert isinstance(content, dict)
    images, categories = _records(source, content, "images"), _records(source, content, "categories")
    names = [source.name(f"{place}.name", record.get("name")) for place, record in categories.values()]
    _different(source, [place for place, _ in categories.values()], names, "name")
    files = [source.path(f"{place}.file_name", record.get("file_name")) for place, record in images.values()]
    _different(source, [place for place, _ in images.values()], files, "file_name")
    sizes = {key: _size(source, *image) for key, image in images.items()}
    reader = AnnotationReader(source, sizes, {key: i for i, key in enumerate(categories)}, masks)
    for i, record in enumerate(content["annotations"]):
        reader.read(f"annotations[{i}]", record)
    regions = {name: reader.regions(key) for name, key in zip(files, images, strict=True)}
    truth = {
        name: source.name(f"{place}.truth", record["truth"])
        for name, (place, record) in zip(files, images.values(), strict=True)
        if "truth" in record
    }
    return AnnotationTable(names, regions, truth, reader.notes)


@dataclass
class AnnotationReader:
    """Reads `annotations` one by one; `sizes` of the images in pixels and `number` of the categories by id."""

    source: Source
    sizes: dict[Id, tuple[float, float]]
    number: dict[Id, int]
    masks: bool
    nowhere: int = 0
    crowds: int = 0
    boxes: dict[Id, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    objects: dict[Id, list[int]] = field(default_factory=lambda: defaultdict(list))
    shapes: dict[Id, list[Shape | None]] = field(default_factory=lambda: defaultdict(list))

    def read(self, place: str, record: object) -> None:
        """Add one annotation, which may have a box, an outline, both, or none and then is only counted."""
        if not isinstance(record, dict):
            raise self.source.fault(place, "an object", record)
        image = _identity(self.source, f"{place}.image_id", record.get("image_id"))
        category = _identity(self.source, f"{place}.category_id", record.get("category_id"))
        if image not in self.sizes:
            raise self.source.fault(f"{place}.image_id", "the id of an image", image)
        if category not in self.number:
            raise self.source.fault(f"{place}.category_id", "the id of a category", category)
        drawn, size = record.get("bbox"), self.sizes[image]
        outline: Shape | None = None
        if self.masks or _missing(drawn):
            outline = read_outline(self.source, f"{place}.segmentation", record.get("segmentation"), size)
        if not _missing(drawn):
            box = _box(self.source, f"{place}.bbox", drawn, size)
        elif outline is None or (around := bounds(outline)) is None:
            self.nowhere += 1
            return
        else:
            box = around
        self.boxes[image].append(box)
        self.objects[image].append(self.number[category])
        self.shapes[image].append(outline)
        self.crowds += record.get("iscrowd") in (1, True)

    def regions(self, image: Id) -> Regions:
        """Return the regions of an image, perhaps none."""
        return Regions(
            np.array(self.boxes[image], np.float64).reshape(-1, 4),
            np.array(self.objects[image], np.int64),
            self.sizes[image],
            shapes=self.shapes[image] if self.masks else None,
        )

    @property
    def notes(self) -> list[str]:
        """What a person should be told about how the annotations were read."""
        notes = []
        if self.nowhere:
            notes.append(
                f"{self.source.file}: {self.nowhere:,} annotations have neither a box nor an outline (keypoints "
                "alone, say) and are left out"
            )
        if self.crowds:
            notes.append(
                f"{self.source.file}: {self.crowds:,} boxes are of crowds (iscrowd), and count as one object each"
            )
        return notes
