"""The last steps that detectors share: undo the letterbox, remove overlaps, pack one list."""

import torch
from torch import Tensor

from emocam.functional.box.boxes import from_window
from emocam.functional.box.nms import suppress
from emocam.records.detections import Detections


def pack_regions(
    boxes: Tensor, object: Tensor, score: Tensor, image: Tensor, window: Tensor, iou: float | None
) -> Detections:
    """Pack boxes (N, 4), given in the frames of views of window (B, 4), in the frame of the image.

    They are sorted by image, the best first. Overlap is judged before the boxes are cut at the border, as
    darknet does; a box completely outside the image is dropped. With `iou` None no overlap is judged.
    """
    boxes = from_window(boxes.double(), window.double()[image])
    if iou is not None:
        rows = suppress(boxes, score, (image << 32) + object, iou)
        boxes = boxes[rows]
        object = object[rows]
        score = score[rows]
        image = image[rows]
    boxes = boxes.clamp(0, 1).float()
    inside = (boxes[:, 2:] > boxes[:, :2]).all(-1)
    rows = torch.argsort(score, descending=True, stable=True)
    rows = rows[torch.argsort(image[rows], stable=True)]
    rows = rows[inside[rows]]
    return Detections(boxes[rows], object[rows], score[rows], image[rows])
