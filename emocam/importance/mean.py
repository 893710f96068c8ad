"""The importance of the paper: the sum of CAM activation inside the box, over the box's area."""

from torch import Tensor

from emocam.importance.base import Importance
from emocam.importance.regions import region_means
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation


class Mean(Importance):
    """The map's mean inside the region (N,), in [0, 1], or inside its mask, where there are masks."""

    def __call__(self, explanation: Explanation, detections: Detections) -> Tensor:
        return region_means(explanation, detections)
