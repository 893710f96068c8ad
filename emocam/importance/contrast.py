"""The weight of a region against what lies around it."""

import torch
from torch import Tensor

from emocam.functional.box.boxes import area
from emocam.functional.map.maps import box_integrals
from emocam.functional.map.rings import surround, widen
from emocam.importance.base import Importance
from emocam.importance.regions import region_means, share_of_regions
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation

LEAST = 1e-6
"""Of a box's area: where the picture leaves less around it, there is nothing to compare with."""


class Contrast(Importance):
    """The share inside / (inside + ring) of means (N,): (inside - ring) / (inside + ring), moved to [0, 1].

    The ring around the box has its area, as far as the picture has room. It is 1/2 where both are alike or
    nothing is around, 1 where nothing is in the ring, 0 where nothing is inside. With a mask the inside is
    the mask's, and the ring still lies around its box.
    """

    def __call__(self, explanation: Explanation, detections: Detections) -> Tensor:
        inside = region_means(explanation, detections)
        image = detections.image
        boxes = widen(detections.boxes.double())
        around = surround(detections.boxes)
        room = area(around) - area(boxes)
        mass = box_integrals(explanation.maps, explanation.window, around, image).double()
        mass = mass - box_integrals(explanation.maps, explanation.window, boxes, image).double()
        ring = (mass / room.clamp(min=1e-30)).clamp(0, 1).to(inside.dtype)
        return share_of_regions(inside, torch.where(room > LEAST * area(boxes), ring, inside))
