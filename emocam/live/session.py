"""One watch from its first frame to its end, however it ends: what was recorded is whole."""

import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from PIL import Image

from emocam.data.film_writer import FilmWriter
from emocam.errors import SettingError
from emocam.functional.frame_drawing import draw_frame
from emocam.live.answers import LiveAnswers
from emocam.live.capture import Capture, LiveFrame
from emocam.live.keys import quit_key
from emocam.live.page import LivePage
from emocam.live.source import LiveSource
from emocam.live.timeline_rows import TimelineRows
from emocam.live.window import LiveWindow

PATIENCE = 10.0
"""Seconds without a frame after which a source is held to be gone."""
STEP = 0.05
"""Seconds after which keys and signals are looked at, where no frame comes."""
RECENT = 2.0
"""Seconds over which the rate that is shown is counted."""
NOTE = "what the network answers"


@dataclass
class Ending:
    """How a watch ended and what it saw; `fault` is the sentence about what ended it before anybody asked."""

    reason: str = "stopped"
    fault: str | None = None
    frames: int = 0
    faces: int = 0
    dropped: int = 0
    seconds: float = 0.0
    film_frames: int = 0
    sizes: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Session:
    """A watch: frames of a source are answered for, drawn and shown, and a row of numbers is kept of each answer.

    A picture is kept only where there is a film. `limit` are seconds after which it ends.
    """

    source: LiveSource
    answers: LiveAnswers
    timeline: TimelineRows
    film: FilmWriter | None = None
    page: LivePage | None = None
    window: LiveWindow | None = None
    every: bool = False
    limit: float | None = None
    tell: Callable[[str], None] = lambda sentence: None
    stop: threading.Event = field(default_factory=threading.Event)
    ending: Ending = field(default_factory=Ending)
    _recent: deque[float] = field(default_factory=deque)

    def run(self) -> Ending:
        """Watch until the source ends or somebody stops it, and close what was recorded."""
        capture = Capture(self.source, self.every)
        began = time.monotonic()
        with ExitStack() as closing:
            closing.callback(self._close_film)
            closing.callback(capture.close)
            self.stop = closing.enter_context(stopping(self.stop))
            quits = closing.enter_context(quit_key())
            capture.start()
            try:
                self._watch(capture, quits, began)
            except SettingError as error:
                self.ending.reason, self.ending.fault = "failed", str(error)
            except OSError as error:
                self.ending.reason = "failed"
                self.ending.fault = (
                    f"no more could be written ({error.strerror or error}); what was written is kept"
                )
        self.ending.dropped = capture.dropped
        self.ending.seconds = time.monotonic() - began
        return self.ending

    def _watch(self, capture: Capture, quits: Callable[[], bool], began: float) -> None:
        last = began
        while not self.stop.is_set():
            now = time.monotonic()
            if quits() or (self.window is not None and not self.window.is_open()):
                return
            if self.limit is not None and now - began >= self.limit:
                self.ending.reason = "time"
                return
            frame = capture.take(STEP)
            if frame is not None:
                last = time.monotonic()
                self._look(frame, capture)
            elif capture.ended:
                self._end_of_source(capture)
                return
            elif now - last > PATIENCE:
                self.ending.reason = "silent"
                self.ending.fault = f"{self.source.name} gave no picture for {PATIENCE:g} s{self._kept()}"
                return

    def _end_of_source(self, capture: Capture) -> None:
        fault = capture.fault
        self.ending.reason = "source"
        if isinstance(fault, SettingError):
            raise fault
        if fault is not None:
            reason = " ".join(str(getattr(fault, "strerror", None) or fault).split())[:200]
            seen = self.ending.frames > 0
            what = "cannot be read any further" if seen else "cannot be read"
            self.ending.fault = (
                f"{'' if seen else 'SOURCE '}{self.source.name} {what} ({reason}){self._kept()}"
            )
        elif not self.ending.frames and not capture.dropped:
            self.ending.fault = f"SOURCE {self.source.name} ended before its first picture"

    def _kept(self) -> str:
        return "; what was recorded is kept" if self.ending.frames else ""

    def _look(self, frame: LiveFrame, capture: Capture) -> None:
        """Answer for a frame, and show, draw and record it as far as anybody asked for that."""
        size = frame.image.size
        if size not in self.ending.sizes[-1:]:
            if self.ending.sizes:
                before = self.ending.sizes[-1]
                film = "; the film keeps its first size" if self.film is not None else ""
                self.tell(
                    f"pictures are {size[0]} x {size[1]} from {frame.time:.1f} s on, "
                    f"and were {before[0]} x {before[1]}{film}"
                )
            self.ending.sizes = [*self.ending.sizes[:7], size]
        found = self.answers(frame.image, frame.time)
        shown: float | None = None
        if (
            self.film is not None
            or self.window is not None
            or (self.page is not None and self.page.shown.viewers)
        ):
            drawn = draw_frame(
                frame.image, [answer.drawn for answer in found], f"{NOTE}   {frame.time:.1f} s"
            )
            shown = self._show(drawn, frame.time)
        self.timeline.add(frame.time, found, shown)
        self.ending.frames += 1
        self.ending.faces += len(found)
        if self.page is not None:
            self.page.shown.state["numbers"] = self._numbers(capture, frame, len(found))

    def _show(self, drawn: Image.Image, second: float) -> float | None:
        if self.window is not None and not self.window.show(drawn):
            self.stop.set()
        if self.page is not None:
            self.page.shown.show(drawn)
        if self.film is None:
            return None
        shown = self.film.add(drawn, second)
        self.ending.film_frames += 1
        return shown

    def _numbers(self, capture: Capture, frame: LiveFrame, answers: int) -> dict[str, Any]:
        now = time.monotonic()
        self._recent.append(now)
        while now - self._recent[0] > RECENT:
            self._recent.popleft()
        rate = (len(self._recent) - 1) / max(now - self._recent[0], 1e-3)
        return {
            "second": f"{frame.time:.1f}",
            "frames": f"{self.ending.frames + 1:,}",
            "dropped": f"{capture.dropped:,}",
            "frames a second": f"{rate:.0f}",
            "faces" if self.answers.tracker is not None else "answers": answers,
        }

    def _close_film(self) -> None:
        if self.film is None:
            return
        try:
            self.film.close()
        except OSError as error:  # the disk is full: the film plays as far as it was written
            self.ending.fault = (
                self.ending.fault or f"the film could not be finished ({error.strerror or error})"
            )


@contextmanager
def stopping(stop: threading.Event) -> Iterator[threading.Event]:
    """Let Ctrl-C and SIGTERM end the watch after the frame that is at work; a second one ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set() and callable(before[number]):
            before[number](number, frame)
        stop.set()

    for number in (int(signal.SIGINT), int(signal.SIGTERM)):
        before[number] = signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def kept_sentences(folder: Path, film: Path | None) -> list[str]:
    """Return what of a watch is kept, and what never is: it stands where somebody starts one."""
    pictures = (
        f"{film}: a film of the pictures, with what is drawn into them"
        if film is not None
        else "no picture: watch.save=FILE.mp4 would keep a film"
    )
    return [
        f"kept: numbers of each frame, the answers and what they rest on, in {folder}; {pictures}",
        "never kept: sound, names, and who anybody is; nothing is sent anywhere but to a tracking store that you name",
        "shown is what the network answers about pixels, not what anybody feels",
    ]


def write_line(sentence: str) -> None:
    """Write a line to standard error."""
    from emocam.system.terminal import shown

    sys.stderr.write(shown([sentence]))
