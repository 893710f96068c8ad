"""Pascal VOC's XML, one file an image, http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from emocam.data.annotations.builder import TableBuilder
from emocam.data.annotations.records import AnnotationTable
from emocam.data.annotations.source import Source, finite_text
from emocam.data.annotations.xml_tree import Node, read_markup

CORNERS = ("xmin", "ymin", "xmax", "ymax")


def _box(source: Source, object: Node) -> list[float]:
    """Return corners in pixels counted from 0; VOC counts them from 1 and means whole pixels."""
    box = object.child("bndbox")
    told = [box.said(corner) if box else "" for corner in CORNERS]
    values = [finite_text(text) for text in told]
    x0, y0, x1, y1 = (0.0 if value is None else value for value in values)
    if None in values or x1 < x0 or y1 < y0:
        line = (box or object).line
        raise source.fault(f"line {line}: bndbox", "xmin, ymin, xmax, ymax in pixels, in this order", told)
    return [x0 - 1, y0 - 1, x1, y1]


def _size(source: Source, root: Node) -> tuple[float, float] | None:
    """Return width and height in pixels, or None where they are missing or 0, as some tools leave them."""
    node = root.child("size")
    if node is None:
        return None
    told = node.said("width"), node.said("height")
    width, height = (finite_text(text) for text in told)
    if width is None or height is None or min(width, height) < 0:
        raise source.fault(f"line {node.line}: size", "a width and a height in pixels", told)
    return (width, height) if min(width, height) >= 1 else None


def read_voc(files: Sequence[Path], folder: Path) -> AnnotationTable:
    """Read boxes by `filename`, or by the XML file's own name where that is empty.

    An image keeps the subfolders that its XML file lies in, to tell it from others of its name.
    """
    gathering = TableBuilder()
    parts = 0
    for file in files:
        source = Source(file)
        root = read_markup(source)
        if root.name != "annotation":
            raise source.fault(f"line {root.line}", "VOC's <annotation>", f"<{root.name}>")
        told = root.said("filename").replace("\\", "/")
        below = PurePosixPath(file.relative_to(folder).as_posix())
        image = (below.parent / PurePosixPath(told).name if told else below.with_suffix("")).as_posix()
        if image in gathering.boxes:
            raise source.fault("filename", "different from that of all other files", told)
        gathering.image(image, _size(source, root))
        for object in (node for node in root.children if node.name == "object"):
            name = source.name(f"line {object.line}: name", object.said("name"))
            gathering.add(image, name, _box(source, object))
            parts += sum(node.name == "part" for node in object.children)
    told = (
        f"{folder}: {parts:,} parts of objects (a head, a hand) have boxes of their own, which are not read"
    )
    return gathering.table(pixels=True, notes=[told] if parts else [])
