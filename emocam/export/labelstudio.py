"""Label Studio's tasks with predictions, https://labelstud.io/guide/predictions: a person can correct them there."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emocam.data.printed import unprinted
from emocam.export.json_lists import write_list
from emocam.export.pictures import ExportedPicture, ExportedPictures, ExportedRegion

TASKS, VIEW = "tasks.json", "labeling_config.xml"


def write_labelstudio(pictures: ExportedPictures, out: Path) -> list[str]:
    """Write tasks.json and labeling_config.xml, and return how a project is made of them."""
    root = pictures.root.resolve()
    run = pictures.run
    with (out / TASKS).open("w", encoding="utf-8") as file:
        count = write_list(file, (_task(picture, root.name) for picture in pictures))
        file.write("\n")
    (out / VIEW).write_text(_view(run.object_names, run.label_names), encoding="utf-8")
    return [
        f"{count:,} tasks; start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and "
        f"LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={root.parent},",
        f"add {root} to a project as local storage, and import",
        f"  {out / VIEW}   as its labeling interface",
        f"  {out / TASKS}   as its tasks",
    ]


def _task(picture: ExportedPicture, folder: str) -> dict[str, Any]:
    place = quote(f"{folder}/{unprinted(picture.image)}", errors="surrogateescape")
    answer = {
        "type": "choices",
        "from_name": "answer",
        "to_name": "image",
        "value": {"choices": [picture.facts["label"]]},
    }
    regions = (_result(picture, region, number) for number, region in enumerate(picture.regions))
    return {
        "data": {"image": f"/data/local-files/?d={place}", **picture.facts},
        "predictions": [{"model_version": "EmoCAM", "result": [answer, *regions]}],
    }


def _result(picture: ExportedPicture, region: ExportedRegion, number: int) -> dict[str, Any]:
    x0, y0, x1, y1 = (100 * side for side in region.box)
    return {
        "id": f"region{number}",
        "type": "rectanglelabels",
        "from_name": "object",
        "to_name": "image",
        "original_width": picture.width,
        "original_height": picture.height,
        "image_rotation": 0,
        "score": region.score,
        "value": {
            "x": x0,
            "y": y0,
            "width": x1 - x0,
            "height": y1 - y0,
            "rotation": 0,
            "rectanglelabels": [region.object],
        },
        "meta": {"text": [_weight(region)]},
    }


def _weight(region: ExportedRegion) -> str:
    """Return in words what the map says of a region."""
    kept = "counts" if region.kept else "does not count"
    return kept if region.importance is None else f"importance {region.importance:.3f}, {kept}"


def _view(objects: list[str], labels: list[str]) -> str:
    """Return the project's interface: the objects to draw and the labels to choose."""
    drawn: Iterator[str] = (f'    <Label value="{escape(name)}"/>' for name in objects)
    chosen: Iterator[str] = (f'    <Choice value="{escape(name)}"/>' for name in labels)
    lines = [
        "<View>",
        '  <Image name="image" value="$image"/>',
        '  <RectangleLabels name="object" toName="image">',
        *drawn,
        "  </RectangleLabels>",
        '  <Choices name="answer" toName="image">',
        *chosen,
        "  </Choices>",
        "</View>",
    ]
    return "\n".join(lines) + "\n"
