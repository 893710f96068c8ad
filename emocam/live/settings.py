"""The settings of `emocam watch`, checked where they enter."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from emocam.errors import SettingError

HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class WatchSettings:
    """What is watched and how it is shown: `watch.save`, `watch.page` and the rest of conf/watch.

    `window` is null for one where there is a display. A film's file is shown as fast as it was filmed, and what comes
    too fast is dropped; without `pace` each of its frames is looked at, however long that takes.
    """

    source: str | None = None
    save: str | None = None
    page: bool = False
    port: int = 0
    window: bool | None = None
    pace: bool = True
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.source is None or not str(self.source).strip():
            raise SettingError("SOURCE must be a camera's number such as 0, a film, a pipe or an address")
        for name, value, kinds in (
            ("page", self.page, (bool,)),
            ("pace", self.pace, (bool,)),
            ("window", self.window, (bool, type(None))),
        ):
            if not isinstance(value, kinds):
                raise SettingError(f"watch.{name} must be true or false, got {value!r}")
        if (
            isinstance(self.port, bool)
            or not isinstance(self.port, int)
            or not 0 <= self.port <= HIGHEST_PORT
        ):
            raise SettingError(
                f"watch.port must be a whole number up to {HIGHEST_PORT}, 0 for any that is free, got {self.port!r}"
            )
        seconds = self.seconds
        if seconds is not None and (
            isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0
        ):
            raise SettingError(f"watch.seconds must be a number above 0, or null, got {seconds!r}")
        if self.save is not None:
            self._check_save(Path(str(self.save)).expanduser())

    @property
    def film(self) -> Path | None:
        """The film that is written."""
        return None if self.save is None else Path(self.save).expanduser()

    @staticmethod
    def _check_save(file: Path) -> None:
        if file.suffix.lower() != ".mp4":
            raise SettingError(f"watch.save must be a film that ends in .mp4, got {file}")
        if file.exists():
            raise SettingError(
                f"watch.save {file} is there already, and is not written over; name another file"
            )
        if not file.parent.is_dir():
            raise SettingError(
                f"watch.save {file}: there is no folder {file.parent}; make it, or name another"
            )


def camera_number(source: str) -> int | None:
    """Return the number of a camera that a source names, as `0` or `/dev/video0`; None for any other source."""
    name = source.strip().removeprefix("/dev/video")
    return int(name) if name.isascii() and name.isdigit() and len(name) < 4 else None


def without_secrets(source: str) -> str:
    """Return a source as a run's settings keep it: an address without user, password and query."""
    if "://" not in source:
        return source
    parts = urlsplit(source)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
