"""Pictures that EXIF turns, in eight ways: boxes, imported or detected, lie where a person sees them."""

import io
import json
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from child import QUIET, in_child, warm_up
from PIL import Image
from PIL.Image import Transpose
from steps import Part

WIDTH, HEIGHT = 60, 40
BOX = (9, 6, 27, 34)
"""Where the object is in the upright picture, in its pixels."""
STORED = {
    1: None, 2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE, 6: Transpose.ROTATE_90, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_270,
}  # fmt: skip
"""How the upright picture is stored under each number."""
PIXEL = 1.0
Boxes = dict[str, tuple[tuple[int, int], tuple[float, ...]]]
"""Of each picture the size that its annotator saw, and the box."""


def upright() -> Image.Image:
    """Draw the picture: a bright box on dark ground."""
    pixels = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    pixels[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 250
    return Image.fromarray(pixels)


def write_pictures(folder: Path, drawn_on: str) -> Boxes:
    """Write the picture in eight ways, and return its box as an annotator of the upright or stored pixels says it."""
    folder.mkdir()
    said: Boxes = {}
    for number, turn in STORED.items():
        image, mask = upright(), Image.new("L", (WIDTH, HEIGHT))
        mask.paste(255, BOX)
        if turn is not None:
            image, stored_mask = image.transpose(turn), mask.transpose(turn)
        else:
            stored_mask = mask
        seen = mask if drawn_on == "upright" else stored_mask
        said[f"{number}.png"] = (seen.size, tuple(map(float, seen.getbbox() or ())))
        exif = Image.Exif()
        exif[0x0112] = number
        held = io.BytesIO()
        image.save(held, "PNG", exif=exif)
        (folder / f"{number}.png").write_bytes(held.getvalue())
    return said


def coco(folder: Path, said: Boxes) -> str:
    """Write COCO's format."""
    images = [
        {"id": n, "file_name": name, "width": size[0], "height": size[1]}
        for n, (name, (size, _)) in enumerate(said.items())
    ]
    boxes = [
        {"id": n, "image_id": n, "category_id": 1, "bbox": [x0, y0, x1 - x0, y1 - y0]}
        for n, (_, (x0, y0, x1, y1)) in enumerate(said.values())
    ]
    told = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "Box"}]}
    (folder / "boxes.json").write_text(json.dumps(told))
    return "boxes.json"


def studio(folder: Path, said: Boxes) -> str:
    """Write Label Studio's format."""
    tasks = []
    for name, ((width, height), (x0, y0, x1, y1)) in said.items():
        value = {"x": 100 * x0 / width, "y": 100 * y0 / height, "rectanglelabels": ["Box"]}
        value |= {"width": 100 * (x1 - x0) / width, "height": 100 * (y1 - y0) / height}
        result = {
            "type": "rectanglelabels",
            "original_width": width,
            "original_height": height,
            "value": value,
        }
        tasks.append({"data": {"image": name}, "annotations": [{"result": [result]}]})
    (folder / "studio.json").write_text(json.dumps(tasks))
    return "studio.json"


def voc(folder: Path, said: Boxes) -> str:
    """Write VOC's format, whose first pixel is 1."""
    (folder / "voc").mkdir()
    for name, ((width, height), (x0, y0, x1, y1)) in said.items():
        size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
        edges = f"<xmin>{x0 + 1:g}</xmin><ymin>{y0 + 1:g}</ymin><xmax>{x1:g}</xmax><ymax>{y1:g}</ymax>"
        box = f"<object><name>Box</name><bndbox>{edges}</bndbox></object>"
        (folder / "voc" / f"{name[:-4]}.xml").write_text(
            f"<annotation><filename>{name}</filename>{size}{box}</annotation>"
        )
    return "voc"


def yolo(folder: Path, said: Boxes) -> str:
    """Write YOLO's format."""
    (folder / "yolo").mkdir()
    (folder / "yolo" / "data.yaml").write_text("names: [Box]\n")
    for name, ((width, height), (x0, y0, x1, y1)) in said.items():
        middle = (x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height
        (folder / "yolo" / f"{name[:-4]}.txt").write_text(
            "0 " + " ".join(f"{part:.6f}" for part in middle) + "\n"
        )
    return "yolo"


def table(folder: Path, said: Boxes) -> str:
    """Write a plain table."""
    lines = [
        f"{name},Box,{x0 / w:.6f},{y0 / h:.6f},{x1 / w:.6f},{y1 / h:.6f}"
        for name, ((w, h), (x0, y0, x1, y1)) in said.items()
    ]
    (folder / "boxes.csv").write_text("\n".join(["image,object,x0,y0,x1,y1", *lines]) + "\n")
    return "boxes.csv"


def open_images(folder: Path, said: Boxes) -> str:
    """Write Open Images' format."""
    lines = [
        f"{name[:-4]},Box,{x0 / w:.6f},{x1 / w:.6f},{y0 / h:.6f},{y1 / h:.6f}"
        for name, ((w, h), (x0, y0, x1, y1)) in said.items()
    ]
    (folder / "open.csv").write_text("\n".join(["ImageID,LabelName,XMin,XMax,YMin,YMax", *lines]) + "\n")
    return "open.csv"


IMPORTERS: dict[str, Callable[[Path, Boxes], str]] = {
    "coco": coco, "label studio": studio, "voc": voc, "yolo": yolo, "table": table, "open images": open_images,
}  # fmt: skip
SIZES = ("coco", "label studio", "voc")
"""Formats that say which size the annotator saw, by which a picture that is turned sideways tells itself."""
CASES = list(product(IMPORTERS, ("upright", "stored")))
DETECTORS = {
    "annotations": ("detector=annotations",),
    "one that looks": ("detector={_target_: bright_box.BrightBox}", "allow=[bright_box]"),
}
WORDS = (
    *QUIET,
    "logger=null",
    "cache=null",
    "callback={}",
    "data=folder",
    "data.root=pics",
    "data.workers=0",
    "classifier=planted",
)


def box_faults(folder: Path, name: str) -> Iterator[str]:
    """Yield each picture whose box lies more than a pixel from where it is upright."""
    rows = pd.read_parquet(folder / "evidence.parquet").set_index("image")
    for number in STORED:
        found = rows.loc[[f"{number}.png"]] if f"{number}.png" in rows.index else []
        if len(found) != 1:
            yield f"{name}: turned by {number}: {len(found)} boxes"
            continue
        corners = found[["x0", "y0", "x1", "y1"]].to_numpy()[0] * [WIDTH, HEIGHT, WIDTH, HEIGHT]
        if (off := float(np.abs(corners - BOX).max())) > PIXEL:
            yield f"{name}: turned by {number}: off by {off:.1f} pixels"


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Import boxes that were drawn on upright or stored pixels, and let both detectors find them."""
    warm_up()
    importer, drawn_on = CASES[number % len(CASES)]

    def imported() -> list[str]:
        import emocam

        said = write_pictures(folder / "pics", drawn_on)
        words = (f"data.annotations={IMPORTERS[importer](folder, said)}", f"data.drawn_on={drawn_on}")
        faults = []
        for place, (name, chosen) in enumerate(DETECTORS.items()):
            run = emocam.run(*WORDS, *words, *chosen, f"hydra.run.dir=run-{place}")
            faults += box_faults(run.path, name)
        return faults

    faults, ended = in_child(folder, imported, 300)
    if ended:
        return {"boxes": 0, "faults": [f"{importer}: {fault}" for fault in ended]}
    boxes = len(STORED) * len(DETECTORS)
    told = [f"{importer}, drawn on {drawn_on} pixels, {fault}" for fault in faults]
    return {"boxes": boxes, "within a pixel": boxes - len(faults), "faults": told}


PART = Part(step, len(CASES))
