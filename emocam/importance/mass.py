"""The share of the classifier's attention that lies in a region: large regions weigh more."""

import torch
from torch import Tensor

from emocam.importance.base import Importance
from emocam.importance.regions import picture_means, region_areas, region_means
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation


class Mass(Importance):
    """The share (N,) of the map's integral over the picture that lies inside the box, or its mask.

    It is 1 where all of it does, 0 where nothing is or the map is flat.
    """

    def __call__(self, explanation: Explanation, detections: Detections) -> Tensor:
        inside = region_means(explanation, detections) * region_areas(detections)
        whole = picture_means(explanation)[detections.image]
        return torch.where(whole > 0, inside / torch.where(whole > 0, whole, 1), 0).clamp(0, 1)
