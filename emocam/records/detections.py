"""Regions that a detector found."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from emocam.records.base import Record


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

    def rows(self, rows: Tensor) -> Detections:
        """Pick regions by their numbers (M,)."""
        masks = None if self.masks is None else self.masks[rows]
        return Detections(self.boxes[rows], self.object[rows], self.score[rows], self.image[rows], masks)

    def for_rows_of(self, image: Tensor) -> Detections:
        """Return the regions of each of these images (P,), which may repeat; `image` is then the place among P."""
        place, region = (image[:, None] == self.image[None].to(image.device)).nonzero(as_tuple=True)
        return replace(self.rows(region), image=place)

    @classmethod
    def none(cls) -> Detections:
        """Return a record without regions."""
        empty = torch.zeros(0, dtype=torch.int64)
        return cls(torch.zeros(0, 4), empty, torch.zeros(0), empty)

    @classmethod
    def pack(cls, images: list[Detections]) -> Detections:
        """Join one record for each image into one list, in the order of the batch."""
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
