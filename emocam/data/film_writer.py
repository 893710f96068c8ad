"""Films that browsers play: H.264, or VP9, in MP4, each frame at its own time."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image

from emocam.data.film import load_av
from emocam.errors import SettingError

TICKS = 90_000
"""A second's ticks: whole numbers of them are the steps of 24, 25, 30 and 29.97 frames a second."""
CODECS = {
    "libx264": {"preset": "veryfast", "crf": "23", "bf": "0"},  # frames are stored in their order
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "32", "b:v": "0"},
}
"""Encoders that write what browsers play, the first that FFmpeg has."""
LIVE = {"libx264": {"tune": "zerolatency", "g": "50"}, "libvpx-vp9": {"lag-in-frames": "0", "g": "50"}}
WHOLE = {"movflags": "+faststart"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}


def film_encoder(file: Path, setting: str) -> str:
    """Return the first encoder that FFmpeg has of those whose films browsers play."""
    av = load_av()
    for name in CODECS:
        try:
            av.codec.Codec(name, "w")
        except ValueError:  # av.codec.codec.UnknownCodecError is one
            continue
        return name
    raise SettingError(
        f"{setting}: {file.name} cannot be written, since this PyAV has none of the encoders {', '.join(CODECS)} whose "
        "films browsers play; pip install --force-reinstall 'av<20' brings a build that has them"
    )


class FilmWriter:
    """A film that is written frame by frame; of frames with an odd side, the last row or column is repeated.

    The first frame gives the film's size; a frame of another one is fitted into it. Times are seconds and go up: a
    frame at the time of the last one, or before it, is shown a tick later. A film of `fragments` plays as far as
    it was written, even if nobody closed it; another one is complete once it is closed, and can be searched
    from its start. `setting` names the film in errors.
    """

    def __init__(self, file: Path, fragments: bool = False, setting: str = "overlay.mp4") -> None:
        self.file, self.setting = file, setting
        self.codec = film_encoder(file, setting)
        self.fragments = fragments
        self.frames = 0
        self._container: Any = None
        self._stream: Any = None
        self._last: int | None = None
        self._step = TICKS // 25

    @property
    def size(self) -> tuple[int, int] | None:
        """The film's width and height; None before its first frame."""
        return None if self._stream is None else (self._stream.width, self._stream.height)

    def add(self, frame: Image.Image | np.ndarray, time: float) -> float:
        """Write a frame, a picture or RGB pixels (height, width, 3), and return the second at which it is shown."""
        av = load_av()
        pixels = np.asarray(frame.convert("RGB") if isinstance(frame, Image.Image) else frame)
        if self._stream is None:
            self._begin(pixels.shape[1], pixels.shape[0])
        tick = round(time * TICKS)
        if self._last is not None:
            tick = max(tick, self._last + 1)
            self._step = tick - self._last
        picture = av.VideoFrame.from_ndarray(self._fitted(pixels), format="rgb24")
        picture.pts, picture.time_base = tick, Fraction(1, TICKS)
        picture.duration = self._step
        self._container.mux(self._timed(self._stream.encode(picture)))
        self._last = tick
        self.frames += 1
        return tick / TICKS

    def close(self) -> None:
        """Finish the film; one that has no frame leaves no file."""
        if self._container is None:
            return
        container, self._container = self._container, None
        try:
            container.mux(self._timed(self._stream.encode()))
        finally:
            container.close()

    def __enter__(self) -> "FilmWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _timed(self, packets: list[Any]) -> list[Any]:
        """Give packets the usual step: only the film's last needs it, which is shown as long as the one before."""
        for packet in packets:
            packet.duration = self._step
        return packets

    def _begin(self, width: int, height: int) -> None:
        av = load_av()
        options = FRAGMENTS if self.fragments else WHOLE
        self._container = av.open(str(self.file), "w", format="mp4", options=options)
        stream = self._container.add_stream(self.codec)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.options = CODECS[self.codec] | (LIVE[self.codec] if self.fragments else {})
        stream.codec_context.time_base = stream.time_base = Fraction(1, TICKS)
        stream.codec_context.thread_count = 1
        try:
            self._container.start_encoding()
        except (OSError, ValueError) as error:
            self._container = None
            reason = getattr(error, "strerror", None) or error
            raise SettingError(f"{self.setting} {self.file} cannot be written ({reason})") from None
        self._stream = stream

    def _fitted(self, pixels: np.ndarray) -> np.ndarray:
        """Return pixels in the film's size: as they are, with a row or column more, or between borders."""
        width, height = self._stream.width, self._stream.height
        down, across = height - pixels.shape[0], width - pixels.shape[1]
        if down or across:
            if down in (0, 1) and across in (0, 1):
                pixels = np.pad(pixels, ((0, down), (0, across), (0, 0)), mode="edge")
            else:
                image = Image.fromarray(pixels)
                factor = min(width / image.width, height / image.height)
                inner = image.resize(
                    (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
                )
                whole = Image.new("RGB", (width, height))
                whole.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
                pixels = np.asarray(whole)
        return np.ascontiguousarray(pixels)
