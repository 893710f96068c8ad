"""A detector that finds what is bright in the pixels that it is shown."""

import torch

from emocam.detector.base import Detector
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.crops import Unchanged

BRIGHT = 128


class BrightBox(Detector):
    """One box around all bright pixels of a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.objects, self.view = ["Box"], Unchanged()

    def forward(self, batch: Batch) -> Detections:
        boxes = []
        for view in batch.detector_view:
            bright = view[0] > BRIGHT
            rows, columns = bright.any(1).nonzero(), bright.any(0).nonzero()
            height, width = bright.shape
            edges = (
                columns.min() / width,
                rows.min() / height,
                (columns.max() + 1) / width,
                (rows.max() + 1) / height,
            )
            boxes.append(torch.stack([torch.as_tensor(edge) for edge in edges]))
        count = len(boxes)
        return Detections(
            torch.stack(boxes).float(),
            torch.zeros(count, dtype=torch.int64),
            torch.ones(count),
            torch.arange(count),
        )
