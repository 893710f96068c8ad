"""Pictures with annotations in COCO's JSON, https://cocodataset.org/#format-data."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emocam.data.annotated import AnnotationTable, Regions
from emocam.data.folder import Folder
from emocam.errors import SettingError


class _Reader:
    """Reads one file; each fault names the file and the place in it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def fault(self, place: str, expected: str, found: object) -> SettingError:
        return SettingError(
            f"data.annotations {self.file}: {place} must be {expected}, got {str(found)[:80]!r}"
        )

    def content(self) -> dict[str, Any]:
        try:
            content = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise SettingError(f"data.annotations {self.file} cannot be read as JSON ({error})") from None
        for key in ("images", "annotations", "categories"):
            if not isinstance(content, dict) or not isinstance(content.get(key), list):
                raise SettingError(f"data.annotations {self.file} is not COCO's: it has no list {key!r}")
        return content

    def by_id(
        self, records: list[Any], kind: str, keys: dict[str, type | tuple[type, ...]]
    ) -> dict[Any, dict[str, Any]]:
        """Records by their `id`, each with the keys it needs."""
        found: dict[Any, dict[str, Any]] = {}
        for i, record in enumerate(records):
            if not isinstance(record, dict):
                raise self.fault(f"{kind}[{i}]", "an object", record)
            for key, expected in {"id": (int, str), **keys}.items():
                if not isinstance(record.get(key), expected) or isinstance(record.get(key), bool):
                    names = " or ".join(
                        t.__name__ for t in (expected if isinstance(expected, tuple) else (expected,))
                    )
                    raise self.fault(f"{kind}[{i}].{key}", names, record.get(key))
            if record["id"] in found:
                raise self.fault(f"{kind}[{i}].id", "different from all others", record["id"])
            found[record["id"]] = record
        return found

    def box(self, i: int, record: dict[str, Any], size: tuple[int, int]) -> list[float]:
        """x, y, width, height in pixels -> corners in [0, 1]."""
        box = record.get("bbox")
        numbers = isinstance(box, list) and len(box) == 4 and all(isinstance(v, int | float) for v in box)
        if not numbers or not np.isfinite(box).all() or min(box[2:]) < 0:  # type: ignore[arg-type,index]
            raise self.fault(f"annotations[{i}].bbox", "[x, y, width, height] in pixels", box)
        x, y, width, height = box  # type: ignore[misc]
        return [x / size[0], y / size[1], (x + width) / size[0], (y + height) / size[1]]


def read_coco(file: Path) -> AnnotationTable:
    """Boxes by the images' file names; rows follow `categories`, images keep the file's order."""
    reader = _Reader(file)
    content = reader.content()
    number = (int, float)
    images = reader.by_id(content["images"], "images", {"file_name": str, "width": number, "height": number})
    categories = reader.by_id(content["categories"], "categories", {"name": str})
    place = {key: i for i, key in enumerate(categories)}
    boxes: dict[Any, list[list[float]]] = {key: [] for key in images}
    object: dict[Any, list[int]] = {key: [] for key in images}
    for i, record in enumerate(content["annotations"]):
        if not isinstance(record, dict) or record.get("image_id") not in images:
            raise reader.fault(f"annotations[{i}].image_id", "the id of an image", record)
        if record.get("category_id") not in place:
            raise reader.fault(
                f"annotations[{i}].category_id", "the id of a category", record.get("category_id")
            )
        image = images[record["image_id"]]
        if min(image["width"], image["height"]) < 1:
            raise reader.fault(f"images id {image['id']}", "at least 1 pixel wide and high", image)
        boxes[image["id"]].append(reader.box(i, record, (image["width"], image["height"])))
        object[image["id"]].append(place[record["category_id"]])
    regions = {
        image["file_name"]: Regions(
            np.array(boxes[key], np.float32).reshape(-1, 4),
            np.array(object[key], np.int64),
            (image["width"], image["height"]),
        )
        for key, image in images.items()
    }
    truth = {image["file_name"]: str(image["truth"]) for image in images.values() if "truth" in image}
    return AnnotationTable([record["name"] for record in categories.values()], regions, truth)


@dataclass(kw_only=True)
class Coco(Folder):
    """The images that the file lists, in its order; what is missing under `root` is in the ledger."""

    annotations: str | Path | None = None

    def annotated(self) -> AnnotationTable:
        file = (
            Path(self.annotations).expanduser()
            if self.annotations
            else Path(self.root or ".") / "instances.json"
        )
        if not file.is_file():
            raise SettingError(f"data.annotations: there is no file {file}; give COCO's JSON")
        return read_coco(file)

    def paths(self) -> list[str]:
        assert self.table is not None
        if not self.table.regions:
            raise SettingError(f"data.annotations {self.annotations} lists no image")
        return list(self.table.regions)
