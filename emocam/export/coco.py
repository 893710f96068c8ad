"""COCO's JSON, https://cocodataset.org/#format-data: regions as annotations, what was answered with each image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from emocam.data.annotations.masks import Runs
from emocam.export.json_lists import to_json, write_list
from emocam.export.pictures import ExportedPicture, ExportedPictures, ExportedRegion

FILE = "instances.json"


def write_coco(pictures: ExportedPictures, out: Path) -> list[str]:
    """Write instances.json, and return what is left to say of it."""
    category = {object: number for number, object in enumerate(pictures.run.object_names, 1)}
    with (out / FILE).open("w", encoding="utf-8") as file:
        file.write(f'{{"info": {to_json({"description": "regions that EmoCAM weighed"})},\n"images": ')
        images = write_list(
            file,
            (
                {
                    "id": number,
                    "file_name": picture.image,
                    "width": picture.width,
                    "height": picture.height,
                    **picture.facts,
                }
                for number, picture in enumerate(pictures, 1)
            ),
        )
        file.write(',\n"annotations": ')
        regions = write_list(file, _annotations(pictures, category))
        file.write(',\n"categories": ')
        write_list(file, ({"id": number, "name": object} for object, number in category.items()))
        file.write("}\n")
    return [
        f"{images:,} images and {regions:,} annotations, with importance, chance and kept",
        str(out / FILE),
    ]


def _annotations(pictures: ExportedPictures, category: dict[str, int]) -> Iterator[dict[str, Any]]:
    number = 0
    for image, picture in enumerate(pictures, 1):
        for region in picture.regions:
            number += 1
            yield {
                "id": number,
                "image_id": image,
                "category_id": category[region.object],
                **region_shape(picture, region),
                "iscrowd": 0,
                "score": region.score,
                "importance": region.importance,
                "chance": region.chance,
                "kept": region.kept,
            }


def region_shape(picture: ExportedPicture, region: ExportedRegion) -> dict[str, Any]:
    """Return box, area and outline of a region in pixels."""
    x0, y0, x1, y1 = np.array(region.box) * ([picture.width, picture.height] * 2)
    box = [float(x0), float(y0), float(x1 - x0), float(y1 - y0)]
    if region.mask is None:
        return {"bbox": box, "area": box[2] * box[3], "segmentation": []}
    drawn = _draw(region.mask, (x0, y0, x1, y1), (picture.height, picture.width))
    runs = {"size": [picture.height, picture.width], "counts": Runs.of(drawn).counts.tolist()}
    return {"bbox": box, "area": float(drawn.sum()), "segmentation": runs}


def _draw(mask: np.ndarray, box: tuple[float, ...], size: tuple[int, int]) -> np.ndarray:
    """Return which pixels of a picture a mask (m, m) in its box covers, bool (height, width)."""
    drawn = np.zeros(size, bool)
    left, top, right, bottom = (
        max(0, int(np.floor(box[0]))),
        max(0, int(np.floor(box[1]))),
        min(size[1], int(np.ceil(box[2]))),
        min(size[0], int(np.ceil(box[3]))),
    )
    if right > left and bottom > top:
        pixels = Image.fromarray(mask).resize((right - left, bottom - top), Resampling.BILINEAR)
        drawn[top:bottom, left:right] = np.asarray(pixels) >= 0.5
    return drawn
