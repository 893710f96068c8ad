"""Which part of a corpus a job takes: `3/16` is the third of sixteen.

A shard is every sixteenth picture, so that large pictures or hard ones, which lie together in most
corpora, are spread over all jobs, and each shard is a fair sample of the whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from emocam.errors import SettingError


@dataclass(frozen=True, order=True)
class Shard:
    """Number `number` of `of`, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def read(cls, text: object) -> "Shard":
        found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", str(text))
        if not found or int(found[1]) > int(found[2]):
            raise SettingError(
                f"data.shard must be K/N with K from 1 to N, such as 3/16, or null, or with -m all/N, got {str(text)!r}"
            )
        return cls(int(found[1]), int(found[2]))

    def part(self, listing: Sequence[str]) -> Sequence[str]:
        """Return the shard's images of a listing, in its order."""
        return listing[self.number - 1 :: self.of]
