"""Random numbers that are the same on every machine and with every version of NumPy."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """A random generator made of raw integers, since NumPy promises to keep only SeedSequence and these."""

    def __init__(self, *seed: int) -> None:
        self.bits = np.random.PCG64(np.random.SeedSequence(seed))

    def number(self, low: float, high: float) -> float:
        """Draw a number of at least `low` and below `high`."""
        return low + (high - low) * ((int(self.bits.random_raw()) >> 11) * 2.0**-53)

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number from `low` to `high`, both included."""
        return int(self.number(low, high + 1))

    def chance(self, share: float) -> bool:
        return self.number(0, 1) < share

    def one(self, options: Sequence[T]) -> T:
        return options[self.whole(0, len(options) - 1)]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Draw `count` different options, in random order."""
        left = list(options)
        return [left.pop(self.whole(0, len(left) - 1)) for _ in range(count)]

    def bytes(self, *shape: int) -> np.ndarray:
        """Draw random bytes as uint8 of this shape."""
        count = int(np.prod(shape))
        raw = self.bits.random_raw((count + 7) // 8)
        return raw.astype("<u8").view(np.uint8)[:count].reshape(shape)
