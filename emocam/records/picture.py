"""A picture on its way to the components, alone and in a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image
from torch import Tensor

from emocam.records.base import Record
from emocam.records.detections import Detections

Status = Literal["done", "unreadable", "refused", "failed"]


class Contents(NamedTuple):
    """Digests of what a picture's row was made of: its file, and what its data set knows of it.

    None where a picture is drawn or its file cannot be read, and where nothing is known.
    """

    digest: str | None = None
    facts: str | None = None


UNKNOWN = Contents()


@dataclass(frozen=True)
class Picture:
    """An upright image, with what its data set knows about it."""

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
    contents: Contents = field(default=UNKNOWN, compare=False)


@dataclass(frozen=True)
class Sample(Record):
    """One image as the components take it; `index` is its place in the listing."""

    path: str
    index: int
    classifier_view: Tensor
    classifier_window: Tensor
    detector_view: Tensor | tuple[Tensor, ...]
    detector_window: Tensor
    annotated: Detections
    known: dict[str, str | float]
    digest: bytes = b""
    thumbnail: Tensor | None = None
    contents: Contents = UNKNOWN


@dataclass(frozen=True)
class Batch(Record):
    """B images side by side; `refusals` are those that could not join them.

    `detector_view` is (B, 3, H, W), (B, 0) for a detector that does not look, or a list of
    (3, H, W) where a detector takes pictures of many sizes; of K detectors joined it is a tuple of
    K of these, and `detector_window` (B, K, 4). `digests` name what the detector sees, where somebody asks.
    `thumbnail` (B, ROWS, COLUMNS) tells which pictures are nearly the same; `contents` are those of each.
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
    digests: list[bytes] = field(default_factory=list)
    thumbnail: Tensor | None = None
    contents: list[Contents] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def images(self) -> int:
        """The number of images opened for the batch, used or not."""
        return len(self.paths) + len(self.refusals)
