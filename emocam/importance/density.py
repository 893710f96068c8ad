"""The map's mass per area, measured against the picture it is in."""

from torch import Tensor

from emocam.importance.base import Importance
from emocam.importance.regions import picture_means, region_means, share_of_regions
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation


class Density(Importance):
    """The weight d / (1 + d) for a region (N,) that holds d times the mass per area of its picture.

    It is 1/2 where the region is as dense as the picture, 3/4 where it is three times as dense, 0 where
    nothing is. Unlike the mean it does not rise when all of a map does. With masks, the mask counts in
    place of the box.
    """

    def __call__(self, explanation: Explanation, detections: Detections) -> Tensor:
        whole = picture_means(explanation)[detections.image]
        return share_of_regions(region_means(explanation, detections), whole)
