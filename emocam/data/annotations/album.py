"""A folder of photographs with outlines, as an album of photographs and cut-outs."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from PIL.Image import Resampling

from emocam.data.annotations.coco import read_coco
from emocam.data.annotations.masks import Polygons
from emocam.data.annotations.records import AnnotationTable
from emocam.data.image_file import open_upright, within_root
from emocam.errors import Refused, SettingError
from emocam.world.album import Album, Photo

LEAST_CUT_OUT = 40
"""Pixels: the side of a square as large as the smallest outline that is cut out."""
LONGEST_CUT_OUT, SHORTER_SIDE = 128, 320
"""Pixels to which cut-outs and photographs are made smaller."""
MOST_CUT_OUTS = 8
"""Of an object, the largest ones."""


def read_album(root: Path, annotations: Path | None, max_pixels: int) -> Album:
    """Read photographs and cut-outs from COCO's JSON with polygons, by default ROOT/instances.json."""
    file = annotations or root / "instances.json"
    if not file.is_file():
        raise SettingError(
            f"data.root: planted photographs need COCO's JSON with polygons, and there is no file {file}; "
            "give it with data.annotations=FILE, or leave data.root away for drawn pictures"
        )
    table = read_coco(file, masks=True)
    check_outlines(table, file)
    photos: list[Photo] = []
    cut_outs: dict[str, list[Image.Image]] = {name: [] for name in table.objects}
    skipped = 0
    for path, regions in table.regions.items():
        try:
            image, _ = open_upright(within_root(root, path), max_pixels)
        except (OSError, Refused):  # one file that cannot be read costs itself alone
            skipped += 1
            continue
        boxes = regions.boxes * np.tile(image.size, 2)
        shapes = regions.shapes or [None] * len(boxes)
        for number, shape in zip(regions.object, shapes, strict=True):
            if isinstance(shape, Polygons) and (cut := cut_polygons(image, shape)) is not None:
                cut_outs[table.objects[number]].append(cut)
        scale = min(1.0, SHORTER_SIDE / min(image.size))
        size = round(image.width * scale), round(image.height * scale)
        named = [
            (table.objects[number], tuple((box * scale).tolist()))
            for number, box in zip(regions.object, boxes, strict=True)
        ]
        photos.append(Photo(image.resize(size, Resampling.LANCZOS), named))  # type: ignore[arg-type]
    if not photos:
        why = f"{skipped:,} pictures, and none can be read" if skipped else "no picture"
        raise SettingError(f"data.annotations {file} lists {why}; planted photographs need some")
    largest = {
        name: sorted(cuts, key=lambda cut: -cut.width * cut.height)[:MOST_CUT_OUTS]
        for name, cuts in cut_outs.items()
        if cuts
    }
    return Album(photos, largest, skipped)


def check_outlines(table: AnnotationTable, file: Path) -> None:
    """Refuse annotations without a polygon, of which nothing can be cut out."""
    shapes = [shape for found in table.regions.values() for shape in found.shapes or []]
    if any(isinstance(shape, Polygons) for shape in shapes):
        return
    boxes = sum(len(found.object) for found in table.regions.values())
    raise SettingError(
        f"data.root: planted photographs need outlines to cut objects out, and {file} has {boxes:,} boxes and no "
        "polygon; annotate polygons (COCO's segmentation), or leave data.root away for drawn pictures"
    )


def cut_polygons(image: Image.Image, shape: Polygons) -> Image.Image | None:
    """Cut what the polygons hold, clear outside of them; None where that is too small to be told."""
    stencil = Image.new("L", image.size)
    pen = ImageDraw.Draw(stencil)
    for points in shape.points:
        # Pillow's coordinates are centres of pixels
        pen.polygon([(x, y) for x, y in (points * image.size - 0.5).tolist()], fill=255)
    box = stencil.getbbox()
    if box is None or (np.asarray(stencil) > 0).sum() < LEAST_CUT_OUT**2:
        return None
    found = image.crop(box)
    found.putalpha(stencil.crop(box))
    found.thumbnail((LONGEST_CUT_OUT, LONGEST_CUT_OUT), Resampling.LANCZOS)
    return found
