"""Several detectors as one: each has its own view, and all their regions are in one list."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from emocam.detector.base import Detector
from emocam.errors import SettingError, nearest
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.crops import SideBySide


class Joined(Detector):
    """A detector made of several: `detectors` names those to use of the `members` in the settings.

    An object that two detectors know becomes two objects, each followed by its detector's name:
    `person (darknet)`. Only the chosen members are built.
    """

    def __init__(self, detectors: Sequence[str], **members: Callable[[], Detector]) -> None:
        super().__init__()
        if not detectors or len(set(detectors)) < len(detectors):
            raise SettingError(f"detector.detectors must name different detectors, got {list(detectors)}")
        for name in detectors:
            if name not in members:
                raise SettingError(f"detector.detectors {name!r} is unknown; {nearest(name, members)}")
        self.names = list(detectors)
        self.detectors: Sequence[Detector] = nn.ModuleList(members[name]() for name in detectors)  # type: ignore
        self.view = SideBySide(tuple(detector.view for detector in self.detectors))  # type: ignore[misc]
        self._identify()
        self._name()

    def _identify(self) -> None:
        identities = [detector.identity for detector in self.detectors]
        if all(identities):
            parts = zip(self.names, identities, strict=True)
            self.identity = "joined(" + "; ".join(f"{name}: {identity}" for name, identity in parts) + ")"

    @property
    def advice(self) -> str:  # type: ignore[override]
        """What each of them advises."""
        return "; ".join(detector.advice for detector in self.detectors if detector.advice)

    def allow_fast(self) -> None:
        for detector in self.detectors:
            detector.allow_fast()

    def forbid_fast(self) -> None:
        for detector in self.detectors:
            detector.forbid_fast()
        self._identify()

    def to_bf16(self) -> None:
        for detector in self.detectors:
            detector.to_bf16()
        self._identify()

    def set_annotated_objects(self, objects: Sequence[str]) -> None:
        for detector in self.detectors:
            detector.set_annotated_objects(objects)
        self._name()

    def _name(self) -> None:
        each = [detector.objects for detector in self.detectors]
        known = [object for objects in each for object in objects]
        self.objects = [
            f"{object} ({name})" if known.count(object) > 1 else object
            for name, objects in zip(self.names, each, strict=True)
            for object in objects
        ]

    def forward(self, batch: Batch) -> Detections:
        assert isinstance(batch.detector_view, tuple)
        answers = []
        offset = 0
        for k, detector in enumerate(self.detectors):
            one_view = replace(
                batch, detector_view=batch.detector_view[k], detector_window=batch.detector_window[:, k]
            )
            regions = detector(one_view)
            answers.append(replace(regions, object=regions.object + offset))
            offset += len(detector.objects)
        return _merge(answers)


def _merge(answers: list[Detections]) -> Detections:
    """Join all regions, by image; a region without a mask counts as a whole, where others have masks."""
    image = torch.cat([answer.image for answer in answers])
    rows = torch.argsort(image, stable=True)
    masks = None
    if any(answer.masks is not None for answer in answers):
        side = max(answer.masks.shape[-1] for answer in answers if answer.masks is not None)
        masks = torch.cat([_masks(answer, side) for answer in answers])[rows]
    return Detections(
        boxes=torch.cat([answer.boxes for answer in answers])[rows],
        object=torch.cat([answer.object for answer in answers])[rows],
        score=torch.cat([answer.score for answer in answers])[rows],
        image=image[rows],
        masks=masks,
    )


def _masks(regions: Detections, side: int) -> Tensor:
    if regions.masks is None:
        return regions.boxes.new_ones(len(regions), side, side)
    if regions.masks.shape[-2:] == (side, side):
        return regions.masks
    return interpolate(regions.masks[:, None].float(), (side, side), mode="nearest-exact")[:, 0]
