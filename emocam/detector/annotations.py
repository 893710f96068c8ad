"""The regions that people drew: the data set's own annotations, each with score 1."""

from collections.abc import Sequence

from emocam.detector.base import Detector
from emocam.errors import SettingError
from emocam.records.detections import Detections
from emocam.records.picture import Batch


class Annotations(Detector):
    """A detector that returns the annotations of the pictures."""

    def set_annotated_objects(self, objects: Sequence[str]) -> None:
        if not objects:
            raise SettingError(
                "detector=annotations needs a data set with annotated objects, and this one has none; "
                "give data.annotations=FILE, or another detector=... (emocam --help lists them)"
            )
        self.objects = list(objects)

    def forward(self, batch: Batch) -> Detections:
        return batch.annotated
