"""What a region weighs, given the map of its image."""

from typing import Protocol

from torch import Tensor

from emocam.structures import Detections, Explanation


class Importance(Protocol):
    def __call__(self, explanation: Explanation, detections: Detections) -> Tensor:
        """The weight of each region (N,), in [0, 1]."""
