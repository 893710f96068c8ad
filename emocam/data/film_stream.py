"""Frames of a film, a pipe or an address as they come, read forward alone, upright and with their seconds."""

import re
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from emocam.data.film import FORMATS, FilmReader, load_av, open_film, upright_frame
from emocam.errors import Refused, SettingError

ADDRESS = re.compile(r"[a-z][a-z0-9+.\-]*://", re.IGNORECASE)
SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "rtp", "udp", "tcp", "srt")
PROTOCOLS = ",".join((*SCHEMES, "tls", "crypto"))
"""What an address may lead to: a playlist that names a file of this machine leads nowhere."""
PIPE_FORMATS = f"{FORMATS},mjpeg,mpjpeg,image2pipe,h264,hevc,yuv4mpegpipe"
STANDARD_INPUT = "-"
UNTIMED = 1 / 25
"""Seconds between frames that tell no time."""
PATIENCE = (10.0, 10.0)
"""Seconds that a network is waited for, before and after the first byte."""


def is_address(source: str) -> bool:
    """Return whether a source is an address and no file."""
    return bool(ADDRESS.match(source))


def printed_source(source: str) -> str:
    """Return a source's name for tables and terminals: of an address neither passwords nor what it asks for."""
    if not is_address(source):
        return "standard input" if source == STANDARD_INPUT else Path(source).name
    parts = urlsplit(source)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


class FilmStream:
    """The frames of a film's file, a pipe (`-` is standard input) or an address.

    `paced` says that its seconds are a film's own, so that it is shown as fast as they go by.
    """

    def __init__(self, source: str) -> None:
        load_av()
        self.source, self.name = source, printed_source(source)
        self.file = None if is_address(source) or source == STANDARD_INPUT else Path(source).expanduser()
        if self.file is None and is_address(source) and urlsplit(source).scheme.lower() not in SCHEMES:
            raise SettingError(
                f"SOURCE {self.name} must be a camera's number, a file, or an address that begins with one of "
                f"{', '.join(SCHEMES)}"
            )
        if self.file is not None and not self.file.exists():
            raise SettingError(
                f"SOURCE {source} is no file; expected a camera's number such as 0, a film, a pipe or an address"
            )
        if self.file is not None and self.file.is_dir():
            raise SettingError(
                f"SOURCE {source} is a folder; a run looks at one: emocam data=video data.root=FOLDER"
            )
        self.paced = self.file is not None and self.file.is_file()

    def begin(self) -> tuple[Any, Any]:
        """Open the source, and return it with its video stream; this may wait for whoever writes into a pipe."""
        av = load_av()
        if self.file is not None and stat.S_ISREG(self.file.stat().st_mode):
            return open_film(self.file)
        if self.file is not None or self.source == STANDARD_INPUT:
            address = "pipe:0" if self.file is None else f"file:{self.file}"
            options = {"protocol_whitelist": "file,pipe", "format_whitelist": PIPE_FORMATS}
            container = av.open(address, options=options)
        else:
            options = {"protocol_whitelist": PROTOCOLS, "rtsp_transport": "tcp"}
            container = av.open(self.source, options=options, timeout=PATIENCE)
        if not container.streams.video:
            container.close()
            raise Refused("holds no pictures, only sound or text")
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        return container, stream

    def frames(self, stop: threading.Event) -> Iterator[tuple[Image.Image, float | None]]:
        """Yield each frame with its second until the source ends or is to stop."""
        container, stream = self.begin()
        last: float | None = None
        with container:
            for frame in FilmReader.decoded(container, stream):
                if stop.is_set():
                    return
                time = frame.time
                if time is None:
                    time = 0.0 if last is None else last + UNTIMED
                last = float(time)
                yield upright_frame(frame), last
