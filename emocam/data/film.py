"""The one door through which films come: frames by their exact times, upright, and read forward.

PyAV decodes them. A film's own times are kept, whatever its rate: they may vary, begin above zero or repeat.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emocam.data.address import read_address
from emocam.data.image_file import open_upright, within_root
from emocam.errors import Damaged, Refused, SettingError

FILM_SUFFIXES = frozenset(
    f".{name}"
    for name in "mp4 m4v mov mkv webm avi mpg mpeg mts m2ts wmv 3gp ogv flv gif".split()  # noqa: SIM905
)
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,asf,flv,ogg,gif"
"""Of a file alone: a playlist, which may name other files and addresses, is none of them."""
WITHOUT_FRAME = frozenset(("vp8", "mpeg1video", "mpeg2video"))
"""Codecs of which a packet may hold no frame that is shown, or its time only for some of them."""
MICROSECOND = 1e-6
MOST_OPEN = 4
"""Films that a process keeps open."""


def load_av() -> Any:
    """Import PyAV, or say how to install it."""
    try:
        import av  # optional
    except ImportError:
        raise SettingError(
            "films are read by PyAV, which is not installed; pip install 'emocam[faces]' (or 'av<20') brings it"
        ) from None
    av.logging.set_level(av.logging.PANIC)  # a damaged film would fill the terminal
    return av


@dataclass(frozen=True)
class FilmIndex:
    """The frames of a film in the order in which they are shown: their ticks (n,) of `base` seconds.

    `keys` are the frames from which decoding can begin, with the ticks (k,) at which they are stored; none
    where the film can only be read from its start. `counted` says that the film tells no times: ticks count frames.
    """

    ticks: np.ndarray
    base: Fraction
    keys: np.ndarray
    stored: np.ndarray
    counted: bool = False
    notes: tuple[str, ...] = ()

    @property
    def times(self) -> np.ndarray:
        """The second of each frame, to a microsecond."""
        return np.round(self.ticks * float(self.base), 6)

    def tick(self, time: float) -> int | None:
        """Return the frame nearest to a second; None where none is within half a step, or a microsecond."""
        if not len(self.ticks):
            return None
        near = int(np.abs(self.ticks * float(self.base) - time).argmin())
        apart = abs(int(self.ticks[near]) * float(self.base) - time)
        return int(self.ticks[near]) if apart <= max(float(self.base) / 2, MICROSECOND) else None

    def key_before(self, tick: int) -> tuple[int, int] | None:
        """Return the last key frame that is shown at or before a tick, and where it is stored."""
        place = int(np.searchsorted(self.keys, tick, side="right")) - 1
        return None if place < 0 else (int(self.keys[place]), int(self.stored[place]))


def open_film(file: Path) -> tuple[Any, Any]:
    """Open a film, and return it with its first video stream; sound alone is refused."""
    av = load_av()
    if not file.is_file():
        raise FileNotFoundError(f"there is no film {file.name}")
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        container = av.open(f"file:{file}", options=options)
    except (av.error.InvalidDataError, av.error.EOFError):
        raise Damaged(
            "is cut off before its table of frames, or is no film" if file.stat().st_size else "is empty"
        ) from None
    if not container.streams.video:
        container.close()
        raise Refused("holds no pictures, only sound or text")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        container.close()
        raise Refused("is in a codec that the installed FFmpeg does not have")
    stream.thread_type = "NONE"
    return container, stream


def index_film(file: Path) -> FilmIndex:
    """List the frames of a film by its packets, without decoding; by decoding where packets do not tell."""
    av = load_av()
    container, stream = open_film(file)
    ticks, keys, stored = [], [], []
    told = stream.codec_context.name not in WITHOUT_FRAME
    base = Fraction(stream.time_base or Fraction(1, 1000))
    with container:
        packets = container.demux(stream)
        while told:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:  # a film that was cut: what is there, is there
                break
            if packet is None:
                break
            if not packet.size or packet.is_discard or packet.is_corrupt:
                continue
            told = packet.pts is not None
            if told:
                ticks.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
                    stored.append(packet.pts if packet.dts is None else packet.dts)
    if not told:
        return _decoded_index(file, base)
    order = np.argsort(np.array(keys, np.int64), kind="stable")
    shown, again = _once(np.array(ticks, np.int64))
    return FilmIndex(
        shown, base, np.array(keys, np.int64)[order], np.array(stored, np.int64)[order], notes=again
    )


def _once(ticks: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return ticks in order, each once, with a note where some repeat."""
    shown = np.unique(ticks)
    repeated = len(ticks) - len(shown)
    return shown, (f"{repeated:,} frames have the time of another, and are left out",) if repeated else ()


def _decoded_index(file: Path, base: Fraction) -> FilmIndex:
    """List the frames by decoding all of them; where one has no time, frames are counted."""
    found = [tick for tick, _ in FilmReader(file, None).frames()]
    none = np.zeros(0, np.int64)
    if None not in found:
        shown, notes = _once(np.array(found, np.int64))
        return FilmIndex(shown, base, none, none, notes=notes)
    container, stream = open_film(file)
    with container:
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    note = f"it tells no times; they are counted at {float(rate):g} frames a second"
    return FilmIndex(np.arange(len(found)), 1 / Fraction(rate), none, none, True, (note,))


@dataclass
class FilmReader:
    """A film that is read forward: it goes back, or over a key frame, only where it is asked to.

    Without an `index` every frame but a later one is looked for from the start.
    """

    file: Path
    index: FilmIndex | None
    max_pixels: int | None = None
    _container: Any = field(default=None, init=False, repr=False)
    _decoding: Iterator[Any] | None = field(default=None, init=False, repr=False)
    _last: int | None = field(default=None, init=False, repr=False)

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._container = self._decoding = self._last = None

    def _open(self) -> None:
        self._container, stream = open_film(self.file)
        context = stream.codec_context
        if self.max_pixels is not None and context.width * context.height > self.max_pixels:
            self.close()
            raise Refused(f"has more than data.max_pixels={self.max_pixels:,} pixels")
        self._decoding = self.decoded(self._container, stream)

    @staticmethod
    def decoded(container: Any, stream: Any) -> Iterator[Any]:
        """Yield frames; what cannot be decoded is left out, as players do."""
        av = load_av()
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                frames = packet.decode()
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                if packet is None or not packet.size:
                    return
                continue
            yield from frames

    def frames(self) -> Iterator[tuple[int | None, Any]]:
        """Yield every frame from the start, with its tick."""
        self.close()
        self._open()
        assert self._decoding is not None
        counted = self.index is not None and self.index.counted
        for number, frame in enumerate(self._decoding):
            yield number if counted else frame.pts, frame
        self.close()

    def frame(self, tick: int) -> Any:
        """Return the frame shown at a tick; where it cannot be decoded, that is an error."""
        if self._last is None or tick <= self._last or self._is_far(tick):
            self._go_to(tick)
        found = self._forward(tick)
        if found is None and self.index is not None and len(self.index.keys):
            self.close()  # some formats seek past what was asked for
            self._open()
            found = self._forward(tick)
        if found is None:
            self.close()
            raise ValueError("the frame at this time cannot be decoded")
        return found

    def _is_far(self, tick: int) -> bool:
        key = self.index.key_before(tick) if self.index is not None else None
        return key is not None and self._last is not None and key[0] > self._last

    def _go_to(self, tick: int) -> None:
        key = self.index.key_before(tick) if self.index is not None else None
        if self._container is None or key is None:
            self.close()
            self._open()
        if key is None:
            return
        stream = self._container.streams.video[0]
        self._container.seek(key[1], stream=stream)
        self._decoding = self.decoded(self._container, stream)
        self._last = None

    def _forward(self, tick: int) -> Any:
        """Return the frame at a tick, decoding up to it; None where the film has passed it, or is over."""
        assert self._decoding is not None
        counted = self.index is not None and self.index.counted
        for frame in self._decoding:
            now = (-1 if self._last is None else self._last) + 1 if counted else frame.pts
            if now is None:
                continue
            self._last = now
            if now == tick:
                return frame
            if now > tick:
                return None
        return None


def upright_frame(frame: Any) -> Image.Image:
    """Return a frame as a person sees it: turned as a phone was held, with square pixels."""
    image = Image.fromarray(
        np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90))
    )
    aspect = getattr(frame, "sample_aspect_ratio", None)
    if aspect and aspect != 1:
        sideways = frame.rotation % 180 != 0
        ratio = 1 / Fraction(aspect) if sideways else Fraction(aspect)
        image = image.resize((max(1, round(image.width * ratio)), image.height))
    return image


_lock = threading.Lock()
_open_films: OrderedDict[tuple[str, int], FilmReader] = OrderedDict()
_of_parent: list[OrderedDict[tuple[str, int], FilmReader]] = []


def _forget_films() -> None:
    """Begin without open films: a process that was forked shares its parent's place in each file.

    They are kept all the same: to close them would wait for decoders' threads, which were not forked.
    """
    global _lock, _open_films
    _lock = threading.Lock()
    _of_parent.append(_open_films)
    _open_films = OrderedDict()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_films)


def open_frame(file: Path, time: float, max_pixels: int, index: FilmIndex | None = None) -> Image.Image:
    """Open the frame of a film that is shown at a second; another time than a frame's own is refused."""
    with _lock:
        key = (str(file), max_pixels)
        reader = _open_films.pop(key, None) or FilmReader(file, index or index_film(file), max_pixels)
        assert reader.index is not None
        tick = reader.index.tick(time)
        if tick is None:
            raise Refused(f"has no frame at {time:.6f} s")
        try:
            frame = reader.frame(tick)
            _open_films[key] = reader
        finally:
            while len(_open_films) > MOST_OPEN:
                _open_films.popitem(last=False)[1].close()
        return upright_frame(frame)


def open_image(root: Path, path: str, max_pixels: int) -> Image.Image:
    """Open a picture, or a frame of a film, by its path in a run's tables; a face in one needs its data set."""
    address = read_address(path)
    if address.face is not None:
        raise Refused("is a face, whose place in the picture its data set alone knows")
    file = within_root(root, address.file)
    if address.time is not None:
        return open_frame(file, address.time, max_pixels)
    return open_upright(file, max_pixels)[0]
