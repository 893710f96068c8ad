"""The one rule that decides which regions count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from torch import Tensor

from emocam.errors import SettingError

Column = TypeVar("Column", Tensor, np.ndarray)
Value = TypeVar("Value", Tensor, np.ndarray, float)


@dataclass(frozen=True)
class Thresholds:
    """The thresholds above which, strictly, a region counts, as in the paper.

    With `chance`, a region counts if its chance is below it, in place of its importance. Numbers are
    compared as float32, as they are stored; NaN never counts.
    """

    score: float = 0.005
    importance: float = 0.3
    confidence: float = 0.0
    chance: float | None = None
    label: float | str = 0.5
    """Above it a picture has a label, where it may have many: for all labels, or a file `label,threshold`."""

    def __post_init__(self) -> None:
        for name in ("score", "importance", "confidence", "chance"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and 0 <= value <= 1) and (name, value) != ("chance", None):
                raise SettingError(f"threshold.{name} must be a number in [0, 1], got {value!r}")
        one = isinstance(self.label, int | float) and not isinstance(self.label, bool)
        if not (isinstance(self.label, str) or (one and 0 <= self.label <= 1)):
            raise SettingError(
                f"threshold.label must be a number in [0, 1] or a file with label,threshold a line, got {self.label!r}"
            )

    @property
    def decides(self) -> Literal["importance", "chance"]:
        """The column that says whether a region was looked at."""
        return "importance" if self.chance is None else "chance"

    def confident(self, confidence: Column) -> Column:
        """Return which images (B,), or images of regions (N,), are sure enough to count."""
        return confidence > _single(self.confidence)

    def detected(self, score: Column) -> Column:
        """Return which regions (N,) the detector is sure enough of."""
        return score > _single(self.score)

    def present(self, score: Column, confidence: Column) -> Column:
        """Return which regions (N,) are there, looked at or not; confidence (N,) is that of their images."""
        return self.detected(score) & self.confident(confidence)

    def kept(
        self,
        score: Column,
        confidence: Column,
        importance: Column,
        chance: Column | None,
        explained: bool,
    ) -> Column:
        """Return which regions (N,) count; without a CAM, not `explained`, all that are present do."""
        present = self.present(score, confidence)
        return present & self.looked_at(importance, chance) if explained else present

    def strength(self, score: Value, decisive: Value, explained: bool) -> Value:
        """Return how strongly regions (N,) count, by `decisive`, their values of the column `decides`.

        Without a CAM that is their score; a chance is the stronger the smaller it is.
        """
        if not explained:
            return score
        return decisive if self.chance is None else 1 - decisive

    def looked_at(self, importance: Column, chance: Column | None) -> Column:
        """Return which regions (N,) were looked at; asked only where a CAM looked."""
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
