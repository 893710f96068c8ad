"""Regions collected one by one, as most formats tell them."""

from collections.abc import Sequence

import numpy as np

from emocam.data.annotations.masks import Shape
from emocam.data.annotations.records import AnnotationTable, Regions


class TableBuilder:
    """Boxes by image; classes are numbered at the end, when all are known."""

    def __init__(self) -> None:
        self.boxes: dict[str, list[Sequence[float]]] = {}
        self.classes: dict[str, list[str]] = {}
        self.shapes: dict[str, list[Shape | None]] = {}
        self.sizes: dict[str, tuple[float, float] | None] = {}

    def image(self, name: str, size: tuple[float, float] | None = None) -> None:
        """Add an image that was annotated, perhaps with nothing."""
        self.boxes.setdefault(name, [])
        self.classes.setdefault(name, [])
        self.shapes.setdefault(name, [])
        self.sizes[name] = size or self.sizes.get(name)

    def add(self, image: str, object: str, box: Sequence[float], shape: Shape | None = None) -> None:
        self.boxes[image].append(box)
        self.classes[image].append(object)
        self.shapes[image].append(shape)

    def table(
        self, objects: Sequence[str] | None = None, pixels: bool = False, notes: Sequence[str] = ()
    ) -> AnnotationTable:
        """Return all regions, with objects in the order given, else by name."""
        names = list(objects or sorted({name for found in self.classes.values() for name in found}))
        place = {name: i for i, name in enumerate(names)}
        regions = {
            image: Regions(
                np.array(boxes, np.float64).reshape(-1, 4),
                np.array([place[name] for name in self.classes[image]], np.int64),
                self.sizes[image],
                pixels,
                self.shapes[image] if any(self.shapes[image]) else None,
            )
            for image, boxes in self.boxes.items()
        }
        return AnnotationTable(names, regions, notes=list(notes))
