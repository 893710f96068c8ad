"""What was in each picture when it was explained, to be held against what is decoded when it is opened again."""

import hashlib
from collections.abc import Iterable

import numpy as np

from emocam.data.printed import printable

BYTES = 8
"""Of a picture's mark: a corpus of a million is held in 8 MB."""


class ExplainedContents:
    """The contents of explained pictures, by their printed names; a picture without a digest is held to none."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        marks = np.fromiter(
            ((_mark(image), _mark(f"{image}\n{digest}")) for image, digest in rows), np.dtype((np.uint64, 2))
        )
        self.images, self.contents = np.sort(marks.T)

    def differ(self, path: str, digest: str) -> bool:
        """Return whether a picture was explained, and of other bytes than these."""
        image = printable(path)
        return _among(_mark(image), self.images) and not _among(_mark(f"{image}\n{digest}"), self.contents)


def _mark(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=BYTES).digest(), "big")


def _among(mark: int, marks: np.ndarray) -> bool:
    place = int(np.searchsorted(marks, np.uint64(mark)))
    return place < len(marks) and int(marks[place]) == mark
