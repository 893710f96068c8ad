"""The results of a step for a batch, before any threshold."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from emocam.records.base import Record
from emocam.records.detections import Detections
from emocam.records.picture import Contents, Refusal


@dataclass(frozen=True)
class Prediction(Record):
    """Logits (B, L), and the values that the classifier derives from them, (B,) each.

    `features` (B, C) are the means of the explained layer's channels, where a run keeps them.
    With `values` the logits are numbers, of which no probability follows. There `asked` is the label that all
    images have, where one direction of one value is asked of each.
    """

    logits: Tensor
    derived: dict[str, Tensor] = field(default_factory=dict)
    features: Tensor | None = None
    values: bool = False
    asked: int | None = None

    @property
    def label(self) -> Tensor:
        if self.asked is not None:
            return torch.full_like(self.logits[:, 0], self.asked).long()
        return self.logits.argmax(-1)

    @property
    def confidence(self) -> Tensor:
        """The probability of the predicted label; 1 with values."""
        return torch.ones_like(self.logits[:, 0]) if self.values else self.logits.softmax(-1).amax(-1)


@dataclass(frozen=True)
class Explanation(Record):
    """Maps (B, h, w) in [0, 1] over windows (B, 4) of their images; outside a map is 0."""

    maps: Tensor
    window: Tensor


@dataclass(frozen=True)
class Evidence(Record):
    """Everything found in a batch, before any threshold.

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
    def none(cls, labels: int) -> Evidence:
        """Return a record of no image, with logits (0, L)."""
        nothing = torch.zeros(0, labels)
        return cls(
            [], torch.zeros(0, dtype=torch.int64), Prediction(nothing), None, Detections.none(), nothing[:, 0]
        )
