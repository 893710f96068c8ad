"""The importance of the paper: the sum of CAM activation inside the box, over the box's area."""

from torch import Tensor

from emocam.functional.maps import box_means
from emocam.functional.masks import mask_means
from emocam.importance.base import Importance
from emocam.structures import Detections, Explanation


class Mean(Importance):
    """The map's mean inside the region (N,), in [0, 1]; of its mask, where the detector gives masks."""

    def __call__(self, explanation: Explanation, detections: Detections) -> Tensor:
        seen = explanation.maps, explanation.window, detections.boxes
        if detections.masks is not None:
            return mask_means(*seen, detections.masks, detections.image)
        return box_means(*seen, detections.image)
