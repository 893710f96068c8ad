"""A folder of pictures and their boxes, written with COCO's JSON."""

import csv
import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from emocam.settings.read_files import noted
from emocam.world.gaze import COLUMNS, Look

LOOKS_FILE = "fixations.csv"
MARK = "emocam_world"
"""In `info` of an export: the world whose pictures these are."""
FIRST = 256
"""Bytes of the file in which the mark stands: a large file of others need not be read for it."""
Box = tuple[float, float, float, float]


class Export:
    """A writer of picture after picture; `instances.json` comes last, so that it marks a complete folder."""

    def __init__(self, folder: Path, objects: Sequence[str], world: str) -> None:
        self.world = world
        self.folder = folder.expanduser()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.category = {object: i for i, object in enumerate(objects, 1)}
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []

    def add(
        self,
        path: str,
        image: Image.Image,
        regions: Sequence[tuple[str, Box]],
        truth: str,
        outlines: Sequence[dict[str, Any]] | None = None,
    ) -> None:
        """Add a picture; boxes are x0, y0, x1, y1 in pixels, outlines as COCO's `segmentation` has them."""
        number = len(self.images) + 1
        image.save(self.folder / path)
        known = {"truth": truth} if truth else {}  # of a world of values there is none
        self.images.append(
            {"id": number, "file_name": path, "width": image.width, "height": image.height, **known}
        )
        for place, (object, (x0, y0, x1, y1)) in enumerate(regions):
            annotation: dict[str, Any] = {
                "id": len(self.annotations) + 1,
                "image_id": number,
                "category_id": self.category[object],
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": (x1 - x0) * (y1 - y0),
                "iscrowd": 0,
            }
            if outlines is not None:
                annotation["segmentation"] = outlines[place]
            self.annotations.append(annotation)

    def add_looks(self, looks: Iterable[Look]) -> None:
        """Write where people looked at the pictures, as a table."""
        with (self.folder / LOOKS_FILE).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(looks)

    def close(self) -> None:
        """Write the annotations of all pictures."""
        categories = [{"id": i, "name": object} for object, i in self.category.items()]
        info = {"description": "pictures drawn by EmoCAM", MARK: self.world}
        content = {
            "info": info,
            "images": self.images,
            "annotations": self.annotations,
            "categories": categories,
        }
        (self.folder / "instances.json").write_text(json.dumps(content), encoding="utf-8")


def write_values(folder: Path, known: Mapping[str, Mapping[str, object]]) -> None:
    """Write values.csv, which `data=table` reads: what is known of each picture, a row each."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["path", *next(iter(known.values()), {})])
    rows.writerows([path, *facts.values()] for path, facts in known.items())
    (folder.expanduser() / "values.csv").write_text(text.getvalue(), encoding="utf-8")


def exported_world(file: Path, pictures: Collection[str]) -> str | None:
    """Return the world of which these pictures are an export, told by its JSON; None where any is not in it."""
    try:
        with noted(file).open("rb") as opened:
            if f'"{MARK}"'.encode() not in opened.read(FIRST):
                return None
        content = json.loads(noted(file).read_text(encoding="utf-8"))
        listed = {str(image["file_name"]) for image in content["images"]}
        world = str(content["info"][MARK])
    except (OSError, ValueError, KeyError, TypeError):  # somebody else's file
        return None
    return world if listed.issuperset(pictures) else None
