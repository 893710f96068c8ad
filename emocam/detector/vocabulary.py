"""Other names for what a detector finds: classes are renamed, merged into parents, selected."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from emocam.detector.base import Detector
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.settings.name_steps import NameSteps, Speaking

OBJECTS = Speaking("vocabulary", "detector", "object")


class Vocabulary(Detector):
    """A detector's regions under other names; each step uses the names that the one before left.

    `rename` gives old: new. `merge` gives a parent: its children, and the parent may be a class of
    the detector itself. `only` keeps the named classes, and drops the regions of all others.
    """

    place: Tensor

    def __init__(
        self,
        detector: Detector,
        rename: Mapping[str, str] | None = None,
        merge: Mapping[str, Sequence[str]] | None = None,
        only: Sequence[str] | None = None,
    ) -> None:
        super().__init__(detector.score, detector.iou)
        self.detector = detector
        self.view, self.digest, self.advice = detector.view, detector.digest, detector.advice
        self.steps = NameSteps(rename or {}, merge or {}, only, OBJECTS)
        if detector.identity is not None:
            words = f"rename={self.steps.rename}, merge={self.steps.merge}, only={only}"
            self.identity = f"vocabulary({words}, {detector.identity})"
        if detector.objects:
            self._translate(list(detector.objects))

    def set_annotated_objects(self, objects: Sequence[str]) -> None:
        self.detector.set_annotated_objects(objects)
        self._translate(list(self.detector.objects))

    def _translate(self, names: list[str]) -> None:
        """Set `objects`, and for each class of the detector its place among them, or -1."""
        names = self.steps.names(names)
        self.objects = self.steps.kept(names)
        place = [self.objects.index(name) if name in self.objects else -1 for name in names]
        self.drops = -1 in place
        self.register_buffer("place", torch.tensor(place), persistent=False)

    def finish(self) -> None:
        self.detector.finish()

    def forward(self, batch: Batch) -> Detections:
        return self.translate(self.detector(batch))

    def translate(self, found: Detections) -> Detections:
        """Return the detector's own regions under the other names."""
        object = self.place.to(found.object.device)[found.object]
        if not self.drops:
            return replace(found, object=object)
        return replace(found, object=object).rows((object >= 0).nonzero()[:, 0])
