"""No detector, for pictures that are only to be changed."""

from emocam.detector.base import Detector
from emocam.records.detections import Detections
from emocam.records.picture import Batch


class Nothing(Detector):
    """A detector that finds nothing and knows no object."""

    def forward(self, batch: Batch) -> Detections:
        return Detections.none().to(batch.index.device)
