"""What can be watched: a camera, or a film, a pipe or an address."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from PIL import Image

from emocam.data.film_stream import FilmStream
from emocam.errors import SettingError
from emocam.live.settings import camera_number
from emocam.system.opencv import load_opencv
from emocam.system.quiet import stderr_closed

MISSED = 25
"""Reads in a row without a frame after which a camera is gone."""
WAIT = 0.02


class LiveSource(Protocol):
    """Something that gives frames; `name` is what it is called in tables, `paced` says that it tells its seconds."""

    name: str
    paced: bool

    def frames(self, stop: threading.Event) -> Iterator[tuple[Image.Image, float | None]]:
        """Yield frames, each with its second or None, until there are no more or it is to stop."""


def open_source(source: str) -> LiveSource:
    """Return what a source names; what is not there is said before a network is loaded."""
    number = camera_number(source)
    return FilmStream(source) if number is None else Camera(number)


class Camera:
    """A camera by its number."""

    paced = False

    def __init__(self, number: int, opencv: ModuleType | None = None) -> None:
        self.number, self.name = number, f"camera {number}"
        self._cv2 = opencv or load_opencv("a camera")
        if sys.platform == "linux" and opencv is None and not Path(f"/dev/video{number}").exists():
            there = sorted(file.name.removeprefix("video") for file in Path("/dev").glob("video*"))
            others = f"those of this machine are {', '.join(there)}" if there else "this machine has none"
            raise SettingError(
                f"SOURCE {number}: there is no camera {number}, {others}; expected a camera's number, a film, a pipe "
                "or an address"
            )

    def frames(self, stop: threading.Event) -> Iterator[tuple[Image.Image, float | None]]:
        """Yield what the camera sees, until it gives nothing any more."""
        capture = self._opened()
        try:
            missed, seen = 0, False
            while not stop.is_set() and missed < MISSED:
                there, pixels = capture.read()
                if not there or pixels is None:
                    missed += 1
                    stop.wait(WAIT)
                    continue
                missed, seen = 0, True
                yield Image.fromarray(rgb_of(pixels)), None
            if not seen and not stop.is_set():
                raise self._busy("opens, but gives no picture")
        finally:
            capture.release()

    def _opened(self) -> Any:
        with stderr_closed():  # its drivers talk
            capture = self._cv2.VideoCapture(self.number)
        if not capture.isOpened():
            capture.release()
            raise self._busy("does not open")
        capture.set(self._cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture

    def _busy(self, what: str) -> SettingError:
        return SettingError(
            f"SOURCE {self.number}: camera {self.number} {what}; another program may use it, or you may not be "
            "allowed to (on Linux: the group video); end that program, or name another camera"
        )


def rgb_of(pixels: np.ndarray) -> np.ndarray:
    """Return OpenCV's pixels, grey or blue first, as red, green, blue (height, width, 3)."""
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, 2)
    return np.ascontiguousarray(pixels[:, :, 2::-1])
