"""The records that travel between stages.

B images, N regions, L labels, O objects, C channels, (h, w) the cells of a map. Boxes and windows
are (x0, y0, x1, y1) in the frame of the upright image, [0, 1] from left to right and top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Literal, Self, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from emocam.errors import SettingError

Column = TypeVar("Column", Tensor, np.ndarray)
Status = Literal["done", "unreadable", "refused", "failed"]
WHOLE = (0.0, 0.0, 1.0, 1.0)
"""The window of a view that shows all of the image, and nothing else."""


class Record:
    """A frozen dataclass that moves to a device with all it holds."""

    def to(self, device: torch.device | str) -> Self:
        """To an accelerator without waiting, so that it computes meanwhile; the host waits for what it reads."""
        ahead = torch.device(device).type != "cpu"
        return self._with_each(lambda tensor: tensor.to(device, non_blocking=ahead))

    def pin_memory(self) -> Self:
        """In memory that an accelerator fetches from by itself; data loaders call this."""
        return self._with_each(Tensor.pin_memory)

    def _with_each(self, change: Callable[[Tensor], Tensor]) -> Self:
        def changed(value: object) -> object:
            if isinstance(value, Tensor):
                return change(value)
            if isinstance(value, Record):
                return value._with_each(change)
            if isinstance(value, list | tuple) and value and isinstance(value[0], Tensor | list):
                return type(value)(changed(item) for item in value)
            return value

        return replace(self, **{f.name: changed(getattr(self, f.name)) for f in fields(self)})  # type: ignore


@dataclass(frozen=True)
class Picture:
    """An image as a person sees it, with what its data set knows about it."""

    image: Image.Image
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    object: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    masks: np.ndarray | None = None
    known: dict[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """An image that could not be used, and why."""

    path: str
    index: int
    status: Status
    reason: str


@dataclass(frozen=True)
class Detections(Record):
    """Regions of a batch in one packed list: boxes (N, 4), and object, score, image (N,).

    `image` is the position in the batch. `masks` (N, m, m), where a detector has them, lie in the
    frame of their own box.
    """

    boxes: Tensor
    object: Tensor
    score: Tensor
    image: Tensor
    masks: Tensor | None = None

    def __post_init__(self) -> None:
        if self.boxes.ndim != 2 or self.boxes.shape[1] != 4:
            raise ValueError(f"boxes must be (N, 4), got {tuple(self.boxes.shape)}")
        if not len(self.boxes) == len(self.object) == len(self.score) == len(self.image):
            lengths = [len(x) for x in (self.boxes, self.object, self.score, self.image)]
            raise ValueError(f"boxes, object, score and image differ in length: {lengths}")
        # the check would make the host wait for an accelerator in every step
        on_host = self.boxes.device.type == "cpu" and len(self.boxes)
        if on_host and not (self.boxes.min() >= 0 and self.boxes.max() <= 1):
            low, high = self.boxes.min().item(), self.boxes.max().item()
            raise ValueError(f"boxes must lie in [0, 1], got values from {low:g} to {high:g}")

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def none(cls) -> Detections:
        """No region at all."""
        empty = torch.zeros(0, dtype=torch.int64)
        return cls(torch.zeros(0, 4), empty, torch.zeros(0), empty)

    @classmethod
    def pack(cls, images: list[Detections]) -> Detections:
        """One list from one record for each image, in the order of the batch."""
        if not images:
            return cls.none()
        image = torch.cat([torch.full((len(d),), i) for i, d in enumerate(images)])
        masks = [d.masks for d in images if d.masks is not None]
        return cls(
            boxes=torch.cat([d.boxes for d in images]),
            object=torch.cat([d.object for d in images]),
            score=torch.cat([d.score for d in images]),
            image=image.to(torch.int64),
            masks=torch.cat(masks) if len(masks) == len(images) else None,
        )


@dataclass(frozen=True)
class Sample(Record):
    """One image as the components want it; `index` is its place in the listing."""

    path: str
    index: int
    classifier_view: Tensor
    classifier_window: Tensor
    detector_view: Tensor | tuple[Tensor, ...]
    detector_window: Tensor
    annotated: Detections
    known: dict[str, str | float]


@dataclass(frozen=True)
class Batch(Record):
    """B images side by side; `refusals` are those that could not join them.

    `detector_view` is (B, 3, H, W), (B, 0) for a detector that does not look, or a list of
    (3, H, W) where a detector takes pictures of many sizes; of K detectors joined it is a tuple of
    K of these, and `detector_window` (B, K, 4).
    """

    paths: list[str]
    index: Tensor
    classifier_view: Tensor
    classifier_window: Tensor
    detector_view: Tensor | list[Tensor] | tuple[Tensor | list[Tensor], ...]
    detector_window: Tensor
    annotated: Detections
    known: dict[str, list[str | float]]
    refusals: list[Refusal]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def images(self) -> int:
        """All that were opened for it, used or not."""
        return len(self.paths) + len(self.refusals)


@dataclass(frozen=True)
class Prediction(Record):
    """Logits (B, L), and what the classifier derives from them, (B,) each."""

    logits: Tensor
    derived: dict[str, Tensor] = field(default_factory=dict)

    @property
    def label(self) -> Tensor:
        return self.logits.argmax(-1)

    @property
    def confidence(self) -> Tensor:
        """The probability of the predicted label."""
        return self.logits.softmax(-1).amax(-1)


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

    @classmethod
    def none(cls, labels: int) -> Evidence:
        """Of no image at all, with logits (0, L)."""
        nothing = torch.zeros(0, labels)
        return cls(
            [], torch.zeros(0, dtype=torch.int64), Prediction(nothing), None, Detections.none(), nothing[:, 0]
        )


@dataclass(frozen=True)
class Thresholds:
    """What counts: strictly above each of them, as in the paper.

    With `chance`, a region counts whose chance is below it, in place of its importance. Numbers are
    compared as float32, as they are stored; one that is NaN never counts.
    """

    score: float = 0.005
    importance: float = 0.3
    confidence: float = 0.0
    chance: float | None = None

    @property
    def decides(self) -> Literal["importance", "chance"]:
        """The column that says whether a region was looked at."""
        return "importance" if self.chance is None else "chance"

    def present(self, score: Column, confidence: Column) -> Column:
        """Regions (N,) that are there, looked at or not; confidence (N,) is that of their images."""
        return (score > _single(self.score)) & (confidence > _single(self.confidence))

    def looked_at(self, importance: Column, chance: Column | None) -> Column:
        """Regions (N,) that were looked at; to be asked only where a CAM looked."""
        if self.chance is None:
            return importance > _single(self.importance)
        if chance is None:
            raise SettingError(
                f"threshold.chance={self.chance:g} needs evidence with a column chance, and this has none, as it was "
                "written before there was one; run the pictures again, or leave it at threshold.chance=null"
            )
        return chance < _single(self.chance)


def _single(value: float) -> float:
    return float(np.float32(value))
