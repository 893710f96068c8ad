"""Damaged annotations: each file is read or refused in a sentence that names it, and no box is without a number."""

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from pictures import damaged
from steps import Part

A_STEP = 100
SLOW = 2.0
NAMES = ("a.png", "b.png")
COCO = {
    "images": [{"id": i, "file_name": name, "width": 40, "height": 30} for i, name in enumerate(NAMES)],
    "categories": [{"id": 1, "name": "Ball"}, {"id": 2, "name": "Kite"}],
    "annotations": [
        {"id": i, "image_id": i % 2, "category_id": 1 + i % 2, "bbox": [i, 5, 20, 20]} for i in range(4)
    ],
}
STUDIO = [
    {
        "data": {"image": name},
        "annotations": [
            {
                "result": [
                    {
                        "type": "rectanglelabels", "original_width": 40, "original_height": 30,
                        "value": {"x": 10, "y": 20, "width": 30, "height": 40, "rectanglelabels": ["Ball"]},
                    }
                ]
            }
        ],
    }
    for name in NAMES
]  # fmt: skip
VOC = (
    "<annotation><filename>a.png</filename><size><width>40</width><height>30</height><depth>3</depth></size>"
    "<object><name>Ball</name><bndbox><xmin>3</xmin><ymin>4</ymin><xmax>20</xmax><ymax>22</ymax></bndbox></object>"
    "</annotation>"
)
TABLE = "image,object,x0,y0,x1,y1\na.png,Ball,.1,.1,.5,.5\nb.png,Kite,.2,.3,.4,.9\n"
OPEN_IMAGES = "ImageID,LabelName,XMin,XMax,YMin,YMax\na,/m/1,.1,.5,.1,.5\nb,/m/2,.2,.4,.3,.9\n"
READERS: dict[str, tuple[str, str]] = {
    "coco": ("boxes.json", json.dumps(COCO)),
    "label studio": ("studio.json", json.dumps(STUDIO)),
    "voc": ("voc/a.xml", VOC),
    "yolo": ("yolo/a.txt", "0 .5 .5 .4 .4\n1 .2 .2 .1 .1\n"),
    "table": ("boxes.csv", TABLE),
    "open images": ("open.csv", OPEN_IMAGES),
}


def step(number: int, folder: Path, shared: Path, most: int = A_STEP) -> dict[str, Any]:
    """Read some damaged files of each kind."""
    from emocam.data.annotations.formats import read_annotations
    from emocam.errors import SettingError

    dice = random.Random(f"annotations {number}")
    counts: dict[str, Any] = {"files": 0, "read": 0, "refused": 0, "faults": []}
    for kind, (name, good) in READERS.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        place = file if file.parent == folder else file.parent
        if kind == "yolo":
            (place / "data.yaml").write_text("names: [Ball, Kite]\n")
        file.write_bytes(good.encode())
        read_annotations(place)  # undamaged it is one
        for which in range(most):
            content = damaged([good.encode()], dice)
            file.write_bytes(content)
            began = time.process_time()
            counts["files"] += 1
            try:
                read_annotations(place)
                counts["read"] += 1
            except SettingError:
                counts["refused"] += 1
            except Exception as error:
                counts["faults"].append(
                    f"{kind} {which} of step {number}: {type(error).__name__}: {error}; {content!r}"
                )
            if time.process_time() - began > SLOW:
                counts["faults"].append(
                    f"{kind} {which} of step {number} took more than {SLOW:g} s: {content!r}"
                )
    return counts


PART = Part(step, 10)
