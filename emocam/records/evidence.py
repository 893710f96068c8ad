"""The results of a step for a batch, before any threshold."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from emocam.records.base import Record
from emocam.records.detections import Detections
from emocam.records.picture import Contents, Refusal


@dataclass(frozen=True)
class Renamed(Record):
    """What pictures are called by other names than the network's own.

    `label` (B,) is the place among the labels that are kept, or -1; `called` (B,) that among all `names`. `own`
    (B, L) are the network's logits of its own labels.
    """

    label: Tensor
    confidence: Tensor
    called: Tensor
    names: list[str]
    own: Tensor


@dataclass(frozen=True)
class Prediction(Record):
    """Logits (B, L), and the values that the classifier derives from them, (B,) each.

    `features` (B, C) are the means of the explained layer's channels, where a run keeps them.
    With `values` the logits are numbers, of which no probability follows. There `asked` is the label that all
    images have, where one direction of one value is asked of each. With `many`, a threshold for each label (L,),
    a picture has all labels whose probability is above theirs, or none. Where labels have other names, logits are of
    those that are kept, and `renamed` says what pictures are called.
    """

    logits: Tensor
    derived: dict[str, Tensor] = field(default_factory=dict)
    features: Tensor | None = None
    values: bool = False
    asked: int | None = None
    many: Tensor | None = None
    renamed: Renamed | None = None

    @property
    def label(self) -> Tensor:
        """The label (B,) of each picture; -1 where it is called by none that is kept."""
        if self.renamed is not None:
            return self.renamed.label
        if self.asked is not None:
            return torch.full_like(self.logits[:, 0], self.asked).long()
        return self.logits.argmax(-1)

    @property
    def own_logits(self) -> Tensor:
        """The network's logits (B, L) of its own labels, whatever names these have."""
        return self.logits if self.renamed is None else self.renamed.own

    @property
    def confidence(self) -> Tensor:
        """The probability of the predicted label; 1 with values."""
        if self.renamed is not None:
            return self.renamed.confidence
        return torch.ones_like(self.logits[:, 0]) if self.values else self.probabilities.amax(-1)

    @property
    def probabilities(self) -> Tensor:
        """The probability of each label (B, L); of many labels each has its own."""
        return self.logits.softmax(-1) if self.many is None else self.logits.sigmoid()

    @property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """The image and the label (P,) of each label that a picture has, in the order of pictures and labels."""
        assert self.many is not None
        image, label = (self.logits.float().sigmoid() > self.many.to(self.logits)).nonzero(as_tuple=True)
        return image, label


@dataclass(frozen=True)
class Explanation(Record):
    """Maps (B, h, w) in [0, 1] over windows (B, 4) of their images; outside a map is 0."""

    maps: Tensor
    window: Tensor


@dataclass(frozen=True)
class Evidence(Record):
    """Everything found in a batch, before any threshold.

    Where a picture may have many labels, maps and regions are those of each `prediction.pairs`, one after another.
    Importance (N,) is NaN without a CAM; chance (N,) and chance_centre (N,) are None then.
    """

    paths: list[str]
    index: Tensor
    prediction: Prediction
    explanation: Explanation | None
    detections: Detections
    importance: Tensor
    known: dict[str, list[str | float]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    chance: Tensor | None = None
    chance_centre: Tensor | None = None
    contents: list[Contents] = field(default_factory=list)

    @classmethod
    def none(cls, labels: int, many: bool = False) -> Evidence:
        """Return a record of no image, with logits (0, L)."""
        nothing = torch.zeros(0, labels)
        prediction = Prediction(nothing, many=torch.zeros(labels) if many else None)
        index = torch.zeros(0, dtype=torch.int64)
        return cls([], index, prediction, None, Detections.none(), nothing[:, 0])
