"""Several detectors as one: each has its own view, and all their regions stand in one list."""

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
    """`detectors` names those that look, of the `members` that the settings describe.

    An object that two detectors know is two objects, each with its detector's name behind it:
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

    def to_bf16(self) -> None:
        for detector in self.detectors:
            detector.to_bf16()
        self._identify()

    def set_annotated_objects(self, objects: Sequence[str]) -> None:
        for detector in self.detectors:
            detector.set_annotated_objects(objects)
        self._name()

    def _name(self) -> None:
        each = [getattr(detector, "objects", []) for detector in self.detectors]
        known = [object for objects in each for object in objects]
        self.objects = [
            f"{object} ({name})" if known.count(object) > 1 else object
            for name, objects in zip(self.names, each, strict=True)
            for object in objects
        ]

    def forward(self, batch: Batch) -> Detections:
        assert isinstance(batch.detector_view, tuple)
        found = []
        offset = 0
        for k, detector in enumerate(self.detectors):
            own = replace(
                batch, detector_view=batch.detector_view[k], detector_window=batch.detector_window[:, k]
            )
            regions = detector(own)
            found.append(replace(regions, object=regions.object + offset))
            offset += len(detector.objects)
        return _merge(found)


def _merge(found: list[Detections]) -> Detections:
    """All regions, by image; a region without a mask is covered as a whole, where others have masks."""
    image = torch.cat([regions.image for regions in found])
    rows = torch.argsort(image, stable=True)
    masks = None
    if any(regions.masks is not None for regions in found):
        side = max(regions.masks.shape[-1] for regions in found if regions.masks is not None)
        masks = torch.cat([_masks(regions, side) for regions in found])[rows]
    return Detections(
        boxes=torch.cat([regions.boxes for regions in found])[rows],
        object=torch.cat([regions.object for regions in found])[rows],
        score=torch.cat([regions.score for regions in found])[rows],
        image=image[rows],
        masks=masks,
    )


def _masks(regions: Detections, side: int) -> Tensor:
    if regions.masks is None:
        return regions.boxes.new_ones(len(regions), side, side)
    if regions.masks.shape[-2:] == (side, side):
        return regions.masks
    return interpolate(regions.masks[:, None].float(), (side, side), mode="nearest-exact")[:, 0]
