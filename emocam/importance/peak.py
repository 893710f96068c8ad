"""The highest value of the map inside a region: a small hot spot is enough."""

from torch import Tensor

from emocam.functional.map.peaks import box_peaks, mask_peaks
from emocam.importance.base import Importance
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation


class Peak(Importance):
    """The exact maximum (N,) of the map over the box, or over the cells of its mask, where there is one."""

    def __call__(self, explanation: Explanation, detections: Detections) -> Tensor:
        seen = explanation.maps, explanation.window, detections.boxes
        if detections.masks is not None:
            return mask_peaks(*seen, detections.masks, detections.image)
        return box_peaks(*seen, detections.image)
