"""The memory of a watch over two hours: python benchmarks/live_memory.py CLIP [FRAMES].

First the 180,000 frames that a film of two hours has at 25 a second, with an answer each that needs no network: all
that is kept from frame to frame. Then FRAMES of the clip, over and over, with networks, table and film.
"""

import sys
import tempfile
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
import torch
from live import OurWay
from PIL import Image

from emocam.classifier.compact_face import CompactFace
from emocam.data.film_stream import FilmStream
from emocam.functional.frame_drawing import FrameAnswer
from emocam.live.answers import LiveAnswer, SteadyMean
from emocam.live.page import LivePage
from emocam.live.session import Session
from emocam.live.timeline_rows import TimelineRows

TWO_HOURS = 180_000
PARTS, CLIP = 10, 120


def megabytes() -> float:
    return psutil.Process().memory_info().rss / 1e6


class Looped:
    """The frames of a source again and again, with seconds that go on; the memory is noted ten times."""

    name, paced = "looped", False

    def __init__(self, images: list[Image.Image], frames: int) -> None:
        self.images, self.count = images, frames
        self.memory: list[float] = []

    def frames(self, stop: threading.Event) -> Iterator[tuple[Image.Image, float | None]]:
        for number in range(self.count):
            if number % max(1, self.count // PARTS) == 0:
                self.memory.append(megabytes())
            yield self.images[number % len(self.images)], number / 25
        self.memory.append(megabytes())


class WithoutNetwork:
    """An answer a frame, of faces that come and go."""

    tracker = None
    labels, objects = ["a", "b"], [f"object {number}" for number in range(40)]

    def __init__(self) -> None:
        self.steady, self.frames = SteadyMean(), 0

    def __call__(self, image: Image.Image, time: float) -> list[LiveAnswer]:
        self.frames += 1
        face, odds = self.frames // 40, np.array([0.3, 0.7])
        self.steady.add(face, self.frames / 25, odds)
        return [LiveAnswer(face, 1, odds, {self.frames % 40: 0.5}, FrameAnswer("b 0.70"))]


def main(clip: Path, frames: int) -> None:
    torch.set_num_threads(1)
    images = [image for image, _ in islice(FilmStream(str(clip)).frames(threading.Event()), CLIP)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = Looped(images, TWO_HOURS)
        page = LivePage(lambda: None)
        with TimelineRows(folder / "t.csv", "looped", WithoutNetwork.labels, WithoutNetwork.objects) as rows:
            ending = Session(source, WithoutNetwork(), rows, page=page, every=True).run()
        page.close()
        tell(f"{ending.frames:,} frames without networks, {ending.seconds:.0f} s", source.memory)
        ours = OurWay(CompactFace(weights="random"), "auto", folder, film=True)
        source = Looped(images, frames)
        session = Session(source, ours.answers, ours.rows, ours.film, every=True)
        ending = session.run()
        tell(f"{ending.frames:,} frames with networks, table and film, {ending.seconds:.0f} s", source.memory)


def tell(what: str, memory: list[float]) -> None:
    print(f"{what}: {', '.join(f'{value:.0f}' for value in memory)} MB", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 18_000)
