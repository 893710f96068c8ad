"""Label Studio's brush strokes: a picture of red, green, blue and alpha, packed by runs of bits.

The packing is that of @thi.ng/rle-pack, https://www.npmjs.com/package/@thi.ng/rle-pack: the number of words
(32 bits), the bits of a word less one (5), four sizes less one (4 each); then, until all words are there,
a bit that says whether one word is repeated, two bits that choose a size, in so many bits how many words
less one, and the word, or all of the words.
"""

from collections.abc import Sequence

import numpy as np

CHANNELS = 4
"""Of each pixel; the last is alpha, which the brush sets."""
MOST_PIXELS = 89_478_485


class _Bits:
    """Whole numbers out of a row of bits, the highest bit first."""

    def __init__(self, packed: Sequence[int]) -> None:
        self.bits = np.unpackbits(np.array(packed, np.uint8))
        self.place = 0

    def words(self, count: int, size: int) -> np.ndarray:
        """Return the next `count` numbers of `size` bits each: (count,)."""
        end = self.place + count * size
        if end > len(self.bits):
            raise ValueError("the brush ends before its last pixel")
        taken = self.bits[self.place : end].reshape(count, size).astype(np.int64)
        self.place = end
        return taken @ (1 << np.arange(size - 1, -1, -1, dtype=np.int64))

    def word(self, size: int) -> int:
        """Return the next number of so many bits."""
        return int(self.words(1, size)[0])


def unpack_brush(packed: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """Return which pixels of a picture of this size (height, width) the brush touched: bool (height, width)."""
    height, width = size
    if not 0 < height * width <= MOST_PIXELS:
        raise ValueError(f"a picture of {height} x {width} pixels")
    bits = _Bits(packed)
    count = bits.word(32)
    if count != height * width * CHANNELS:
        raise ValueError(f"{count} numbers for {height} x {width} pixels of {CHANNELS}")
    word_size = bits.word(5) + 1
    sizes = [bits.word(4) + 1 for _ in range(4)]
    values = np.zeros(count, np.int64)
    place = 0
    while place < count:
        repeated = bits.word(1)
        run = bits.word(sizes[bits.word(2)]) + 1
        if place + run > count:
            raise ValueError("the brush goes on after its last pixel")
        values[place : place + run] = bits.word(word_size) if repeated else bits.words(run, word_size)
        place += run
    return values.reshape(height, width, CHANNELS)[..., -1] > 0
