"""A source read in a thread of its own, of which the newest frame is kept and the others are counted."""

import threading
import time
from dataclasses import dataclass

from PIL import Image

from emocam.live.source import LiveSource

LATE = 1.0
"""Seconds that a film may be behind its own pace before that is begun anew: it was stopped, or its times jump."""


@dataclass(frozen=True)
class LiveFrame:
    """A frame and its second: a film's own, or since the start."""

    image: Image.Image
    time: float


class Capture:
    """Reads a source until it ends or is to stop; a frame that nobody took before the next is dropped and counted.

    A source that tells its seconds is read as fast as they go by. With `every`, no frame is dropped: the next one is
    read when the last was taken. All frames but one that waits are taken or dropped.
    """

    def __init__(self, source: LiveSource, every: bool = False) -> None:
        self.source, self.every = source, every
        self.read = self.dropped = 0
        self.fault: Exception | None = None
        self.ended = False
        self._newest: LiveFrame | None = None
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._began = self._due = 0.0
        self._first: float | None = None
        # a driver or a pipe may never return: the process does not wait for it
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._began = time.monotonic()
        self._thread.start()

    def take(self, timeout: float) -> LiveFrame | None:
        """Return the newest frame, waiting for it as long as `timeout`; None where there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self.ended, timeout)
            frame, self._newest = self._newest, None
            self._changed.notify_all()
            return frame

    def close(self, timeout: float = 2.0) -> None:
        """Stop reading; a frame that waits is dropped."""
        self._stop.set()
        with self._changed:
            self.dropped += self._newest is not None
            self._newest = None
            self._changed.notify_all()
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            for image, second in self.source.frames(self._stop):
                if self._stop.is_set():
                    break
                if second is not None and self.source.paced and not self.every:
                    self._keep_pace(second)
                now = time.monotonic() - self._began
                self._put(LiveFrame(image, now if second is None or not self.source.paced else second))
        except (
            Exception
        ) as error:  # of a driver, a network or a file: said at the end, and what was kept is kept
            self.fault = error
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def _keep_pace(self, second: float) -> None:
        """Wait until a film's frame is due."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._due = second, now
        due = self._due + second - self._first
        if not -LATE <= due - now <= LATE:
            self._first, self._due, due = second, now, now
        self._stop.wait(max(0.0, due - now))

    def _put(self, frame: LiveFrame) -> None:
        with self._changed:
            if self.every:
                self._changed.wait_for(lambda: self._newest is None or self._stop.is_set())
            self.read += 1
            if self._stop.is_set():
                self.dropped += 1
                return
            self.dropped += self._newest is not None
            self._newest = frame
            self._changed.notify_all()
