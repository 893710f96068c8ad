"""The weight of a region, given the map of its image."""

from typing import Protocol

from torch import Tensor

from emocam.records.detections import Detections
from emocam.records.evidence import Explanation


class Importance(Protocol):
    """A way to weigh regions."""

    def __call__(self, explanation: Explanation, detections: Detections) -> Tensor:
        """Return the weight of each region (N,), in [0, 1]."""
