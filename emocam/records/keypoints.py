"""Named points of a face, and how they move: what landmark networks see in place of a picture."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from emocam.records.base import Record


@dataclass(frozen=True)
class PointLayout:
    """P points by name, each with its region; `right_eye` and `left_eye` are the places of the points around each."""

    name: str
    points: tuple[str, ...]
    regions: tuple[str, ...]
    right_eye: tuple[int, ...]
    left_eye: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def region_names(self) -> list[str]:
        """The regions in the order in which they first occur."""
        return list(dict.fromkeys(self.regions))

    def members(self, region: str) -> list[int]:
        """Return the places of a region's points."""
        return [place for place, name in enumerate(self.regions) if name == region]


@dataclass(frozen=True)
class PointSequence(Record):
    """Points (T, P, 2), x and y in one unit of length and y down, NaN where not seen; their times (T,) in seconds."""

    points: Tensor
    times: Tensor
    layout: PointLayout

    def __post_init__(self) -> None:
        if self.points.ndim != 3 or self.points.shape[-1] != 2:
            raise ValueError(f"points must be (T, P, 2), got {tuple(self.points.shape)}")
        if len(self.times) != len(self.points):
            raise ValueError(f"{len(self.points)} frames have {len(self.times)} times")
        if self.points.shape[1] != len(self.layout):
            raise ValueError(
                f"{self.points.shape[1]} points do not fit {len(self.layout)} of {self.layout.name}"
            )
