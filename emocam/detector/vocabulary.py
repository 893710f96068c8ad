"""Other names for what a detector finds: classes are renamed, merged into parents, selected."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from emocam.detector.base import Detector
from emocam.errors import SettingError, nearest
from emocam.records.detections import Detections
from emocam.records.picture import Batch


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
        self.view, self.digest = detector.view, detector.digest
        self.rename = dict(rename or {})
        self.merge = dict(merge or {})
        self.only = only
        if detector.identity is not None:
            words = f"rename={self.rename}, merge={self.merge}, only={only}"
            self.identity = f"vocabulary({words}, {detector.identity})"
        if detector.objects:
            self._translate(list(detector.objects))

    def set_annotated_objects(self, objects: Sequence[str]) -> None:
        self.detector.set_annotated_objects(objects)
        self._translate(list(self.detector.objects))

    def _translate(self, names: list[str]) -> None:
        """Set `objects`, and for each class of the detector its place among them, or -1."""
        names = renamed(names, self.rename)
        names = merged(names, self.merge)
        every = list(dict.fromkeys(names))
        self.objects = every if self.only is None else selected(every, self.only)
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


def _expect(setting: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise SettingError(f"{setting}: the detector has no object {name!r}; {nearest(name, names)}")


def renamed(names: list[str], rename: Mapping[str, str]) -> list[str]:
    """Rename classes; two may not get the same name."""
    for old, new in rename.items():
        _expect("vocabulary.rename", old, names)
        if new in names and new not in rename:
            raise SettingError(
                f"vocabulary.rename: {new!r} is already an object of the detector; "
                f"to count {old!r} as one of it, say vocabulary.merge={{{new}: [{old}]}}"
            )
    after = [rename.get(name, name) for name in names]
    if len(set(after)) < len(set(names)):
        raise SettingError(
            "vocabulary.rename gives one name to several objects; that is what vocabulary.merge is for"
        )
    return after


def merged(names: list[str], merge: Mapping[str, Sequence[str]]) -> list[str]:
    """Replace classes by their parents."""
    parent: dict[str, str] = {}
    for above, children in merge.items():
        for child in children:
            _expect(f"vocabulary.merge.{above}", child, names)
            if parent.setdefault(child, above) != above:
                raise SettingError(
                    f"vocabulary.merge: {child!r} goes to both {parent[child]!r} and {above!r}"
                )
    return [parent.get(name, name) for name in names]


def selected(names: list[str], only: Sequence[str]) -> list[str]:
    """Return the names that are to be kept."""
    for name in only:
        _expect("vocabulary.only", name, names)
    if not only:
        raise SettingError("vocabulary.only must name at least one object, or be null for all")
    return [name for name in names if name in only]
