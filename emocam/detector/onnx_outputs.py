"""The outputs of exported detectors as boxes and scores: which layout a file has, and how it is read.

YOLOv5 to v7 answer with an objectness before the classes, YOLOv8 to v11 without, a row a channel; files with
their own suppression, as YOLOv10's, with corners, score and class. RT-DETR and DETR answer with queries.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from emocam.errors import SettingError

Layout = Literal["yolov5", "yolov8", "end2end", "rtdetr", "queries", "sized"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
STRETCHED = ("rtdetr", "queries", "sized")
"""Layouts of networks that are shown the whole picture, whatever its proportions."""


def output_layout(
    outputs: Mapping[str, Sequence[int | str | None]], classes: int, said: str, file: str
) -> Layout:
    """Return the layout that the outputs' shapes tell, and where two fit what the file says of itself."""
    if {"logits", "pred_boxes"} <= set(outputs):
        return "queries"
    if {"labels", "boxes", "scores"} <= set(outputs):
        return "sized"
    shape = list(next(iter(outputs.values()))) if len(outputs) == 1 else []
    fitting: list[Layout] = []
    if len(shape) == 3:
        fitting += ["yolov8"] if shape[1] == 4 + classes else []
        fitting += ["yolov5"] if shape[2] == 5 + classes else []
        fitting += ["rtdetr"] if shape[2] == 4 + classes and shape[1] != 4 + classes else []
        fitting += ["end2end"] if shape[2] == 6 and isinstance(shape[1], int) and shape[1] <= 1000 else []
    if len(fitting) > 1:
        told = said.lower().replace("-", "")
        fitting = [one for one in fitting if (one == "rtdetr") == ("rtdetr" in told)] if told else fitting
        fitting = ["end2end"] if fitting == ["yolov5", "end2end"] and shape[1] == 300 else fitting
    if len(fitting) == 1:
        return fitting[0]
    shapes = ", ".join(f"{name} {list(shape)}" for name, shape in outputs.items())
    between = (
        f" fit {' and '.join(fitting)}" if fitting else f" fit no layout that is known for {classes} classes"
    )
    raise SettingError(
        f"detector.weights: the outputs of {file} ({shapes}){between}; give detector.layout, one of: "
        f"{', '.join(LAYOUTS)}, or detector.names with as many names as it has classes"
    )


def decoded(
    layout: Layout, outputs: Mapping[str, Tensor], size: tuple[int, int], classes: int
) -> tuple[Tensor, Tensor]:
    """Return boxes (B, N, 4), corners as parts of the view of `size` (height, width), and scores (B, N, K)."""
    pixels = torch.tensor([size[1], size[0], size[1], size[0]], dtype=torch.float32)
    if layout == "queries":
        logits, boxes = outputs["logits"], outputs["pred_boxes"]
        # DETR has one class more, which is nothing
        scores = logits.softmax(-1)[..., :-1] if logits.shape[-1] == classes + 1 else logits.sigmoid()
        return corners(boxes), scores
    if layout == "sized":
        return outputs["boxes"] / pixels, one_hot(outputs["labels"], outputs["scores"], classes)
    rows = next(iter(outputs.values()))
    if layout == "end2end":
        return rows[..., :4] / pixels, one_hot(rows[..., 5], rows[..., 4], classes)
    if layout == "rtdetr":
        return corners(rows[..., :4]), rows[..., 4:]
    rows = rows.transpose(1, 2) if layout == "yolov8" else rows
    boxes = corners(rows[..., :4]) / pixels
    return boxes, rows[..., 4:] if layout == "yolov8" else rows[..., 4:5] * rows[..., 5:]


def corners(boxes: Tensor) -> Tensor:
    """Convert boxes of middle and size (..., 4) to corners."""
    middle, half = boxes[..., :2], boxes[..., 2:4] / 2
    return torch.cat([middle - half, middle + half], -1)


def one_hot(object: Tensor, score: Tensor, classes: int) -> Tensor:
    """Return scores (B, N, K) that are zero but for each box's own class; classes without a name are left out."""
    columns = torch.arange(classes)
    return (object.round()[..., None] == columns) * score[..., None]
