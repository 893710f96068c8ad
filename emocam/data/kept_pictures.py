"""Pictures that are drawn once in a run: by a worker, for the page and for whatever opens them again."""

import mmap
import struct
from typing import Any

from PIL import Image

MOST = 1_000
"""Pictures kept: 90 MB of the world's usual ones. The others are drawn again."""
LARGEST = 224 * 224 * 3
"""Bytes of a picture that is kept."""
SIZE = struct.Struct("<HH")
SLOT = SIZE.size + LARGEST


class KeptPictures:
    """Memory for pictures by their number, shared with all processes that are forked later.

    The system gives it as it is written to. Two that draw one picture at once write the same bytes.
    """

    def __init__(self, pictures: int) -> None:
        self.count = min(pictures, MOST)
        self._memory: mmap.mmap | None = mmap.mmap(-1, self.count * SLOT)

    def __getstate__(self) -> dict[str, Any]:
        return {"count": 0, "_memory": None}  # a process that is not forked has none of it

    def put(self, number: int, picture: Image.Image) -> None:
        """Keep a picture, if there is a place for it."""
        pixels = picture.tobytes()
        if self._memory is None or not 0 <= number < self.count or len(pixels) > LARGEST:
            return
        start = number * SLOT
        self._memory[start + SIZE.size : start + SIZE.size + len(pixels)] = pixels
        SIZE.pack_into(self._memory, start, *picture.size)  # last, when all of it is there

    def get(self, number: int) -> Image.Image | None:
        """Return a picture that was kept."""
        if self._memory is None or not 0 <= number < self.count:
            return None
        start = number * SLOT
        width, height = SIZE.unpack_from(self._memory, start)
        if not width:
            return None
        pixels = self._memory[start + SIZE.size : start + SIZE.size + width * height * 3]
        return Image.frombytes("RGB", (width, height), pixels)
