"""A source for tests: frames that are drawn, as many and as fast as they are asked for."""

import threading
from collections.abc import Iterator

import numpy as np
from PIL import Image


class Drawn:
    """Frames of a size each, at a rate or as fast as they are taken; after the last it ends, dies or is silent."""

    name = "drawn"

    def __init__(
        self,
        frames: int,
        size: tuple[int, int] = (64, 48),
        rate: float | None = None,
        end: Exception | str | None = None,
        seconds: list[float] | None = None,
        sizes: dict[int, tuple[int, int]] | None = None,
    ) -> None:
        self.count, self.size, self.rate, self.end = frames, size, rate, end
        self.seconds, self.sizes = seconds, sizes or {}
        self.paced = seconds is not None
        self.asked = 0

    def frames(self, stop: threading.Event) -> Iterator[tuple[Image.Image, float | None]]:
        for number in range(self.count):
            if self.rate is not None:
                stop.wait(1 / self.rate)
            if stop.is_set():
                return
            self.size = self.sizes.get(number, self.size)
            pixels = np.full((self.size[1], self.size[0], 3), number % 256, np.uint8)
            self.asked = number + 1
            yield Image.fromarray(pixels), None if self.seconds is None else self.seconds[number]
        if isinstance(self.end, Exception):
            raise self.end
        if self.end == "silent":
            stop.wait(60)
