"""What a command does, given the components that its settings name."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from emocam.attribution.base import Attribution
from emocam.cam.base import CAM
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.detector.base import Detector
from emocam.detector.cached import CachedDetector
from emocam.effect.base import Effect
from emocam.errors import SettingError
from emocam.importance.base import Importance
from emocam.network.label_names import LabelNames, check_renamed
from emocam.network.many_labels import check_many, label_thresholds
from emocam.network.weights import fingerprint
from emocam.paste.base import Change
from emocam.records.thresholds import Thresholds
from emocam.settings.check import changes_names
from emocam.settings.digests import Digests
from emocam.settings.read_files import Files, recorded_files

Precision = Literal[32, "bf16"]


@dataclass
class Components:
    """Components, each built when it is first asked for: a replay never loads a network.

    `precision` is that of the networks, `fast` allows faster ways of computing them, `cache` the folder that holds
    detections and evidence, `trainer` the arguments of Lightning's trainer; `own_code` says that a user's modules
    take part, whose changes no key names, `classifier_named` whether the command line chose the classifier, or the
    defaults did, and `renames` and `relabels` whether a replay gives objects and labels other names than the
    evidence has. `settings` are all that was composed, for keys and digests; a component gets its value instead.
    `features` asks for those of the explained layer. `evidence_from` is the finished run whose evidence was taken,
    where it was, and `took` the sentence on what a long run took. `read` are the files that each component read
    while it was built. `log` gives numbers of a step to the tracking store while the work goes on, where the run is
    tracked; `build_from` builds a component of other settings than these.
    """

    folder: Path
    settings: dict[str, Any]
    build: Callable[[str], Any]
    precision: Precision = 32
    fast: bool = True
    cache: Path | None = None
    trainer: dict[str, Any] = field(default_factory=dict)
    quiet: bool = False
    seed: int = 0
    features: bool = False
    own_code: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    evidence_from: Path | None = None
    took: str = field(default="", init=False)
    classifier_named: bool = True
    renames: bool = False
    relabels: bool = False
    read: dict[str, Files] = field(default_factory=dict, init=False)
    log: Callable[[Mapping[str, float], int], None] | None = None
    build_from: Callable[[str, dict[str, Any]], Any] | None = None

    @property
    def accelerator(self) -> str:
        """The device that the trainer was asked for."""
        return self.trainer.get("accelerator", "auto")

    def build_with(self, name: str, settings: dict[str, Any]) -> Any:
        """Build a component as other settings describe it."""
        assert self.build_from is not None
        return self.build_from(name, settings)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the summary's seconds."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - start

    @cached_property
    def digests(self) -> Digests:
        """The digests of files, remembered beside the other caches."""
        return Digests(self.cache)

    def _built(self, name: str) -> Any:
        with recorded_files(self.digests) as files:
            component = self.build(name)
        self.read[name] = files
        return component

    @cached_property
    def data(self) -> Data:
        data: Data = self._built("data")
        data.store = self.cache
        return data

    @cached_property
    def listing(self) -> Sequence[str]:
        """The images of the run: a large folder is walked once."""
        return self.data.listing()

    @cached_property
    def classifier(self) -> Classifier:
        classifier: Classifier = self._built("classifier")
        classifier.bf16 = self.precision == "bf16"
        classifier.fast = self.fast
        if classifier.many is not None:
            check_many(classifier, self.settings)
            with recorded_files(self.digests) as files:
                classifier.many = label_thresholds(self.thresholds.label, classifier.labels)
            self.read["classifier"] |= files
        classifier.renamed = self.renamed(classifier)
        return classifier

    def renamed(self, classifier: Classifier) -> LabelNames | None:
        """Return the other names that a classifier's labels are asked to have, or None where they keep theirs."""
        if not changes_names(self.settings.get("labels")):
            return None
        check_renamed(classifier, self.settings)
        names: Callable[[list[str]], LabelNames] = self._built("labels")
        return names(classifier.labels)

    @cached_property
    def weights(self) -> str:
        """The fingerprint of the classifier's weights, wherever they came from."""
        return fingerprint(self.classifier)

    @cached_property
    def detector(self) -> Detector:
        vocabulary: Callable[[Detector], Detector] = self._built("vocabulary")
        detector: Detector = self._built("detector")
        if self.fast:
            detector.allow_fast()
        else:
            detector.forbid_fast()
        if self.precision == "bf16":
            detector.to_bf16()
        if detector.identity is not None and self.cache is not None:
            detector = CachedDetector(detector, self.cache)
        detector = vocabulary(detector)
        detector.set_annotated_objects(self.data.objects)
        return detector

    @cached_property
    def attribution(self) -> Attribution | None:
        return self._built("attribution")

    def cam_for(self, classifier: Classifier) -> CAM | None:
        """Return the CAM for a classifier; refuse an unknown label before the work, not after.

        Of sequences of points it is the attribution's, drawn where the points are.
        """
        cam: CAM | None = self._built("cam")
        if self.attribution is not None and self.data.sequences_of_points:
            from emocam.predict.point_maps import point_maps  # a picture's run has no use for it

            return point_maps(self.data, self.listing, self.attribution, classifier)
        if cam is not None:
            cam.check_sees(classifier)
            if cam.label_index(classifier.labels_asked) is not None and classifier.many is not None:
                raise SettingError(
                    f"cam.target={cam.target} asks for one label, and with classifier.many each picture is asked for "
                    "all that it has; leave cam.target away"
                )
            if classifier.values is not None and cam.explained == "probability":
                raise SettingError(
                    "cam.score=probability asks for the probability of a label, and with classifier.values the "
                    "answers are numbers; give cam.score=logit"
                )
        return cam

    @cached_property
    def cam(self) -> CAM | None:
        return self.cam_for(self.classifier)

    @cached_property
    def paste(self) -> Change | None:
        return self._built("paste")

    @cached_property
    def effect(self) -> Effect | None:
        return self._built("effect")

    @cached_property
    def importance(self) -> Importance:
        return self._built("importance")

    @cached_property
    def thresholds(self) -> Thresholds:
        return self._built("threshold")
