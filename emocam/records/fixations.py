"""Where people looked, in one table: fixations or samples of several observers, of pictures or along a film."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Fixations:
    """Places (n, 2) across and down in [0, 1] of the picture, seconds that each lasted, and who looked.

    Each belongs to an `image` (n,) by its path, or to the `onset` (n,) in seconds along a film; the other one is None.
    `aspect` (n,) is the picture's width over its height, as far as the table or the frame tells.
    """

    place: NDArray[np.float64]
    seconds: NDArray[np.float64]
    observer: NDArray[np.int64]
    observers: list[str]
    aspect: NDArray[np.float64]
    image: NDArray[np.object_] | None = None
    onset: NDArray[np.float64] | None = None
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.place)
