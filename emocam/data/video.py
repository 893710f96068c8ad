"""Frames of films as pictures with their exact times, for classifiers of whole scenes."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from emocam.data.address import Address, read_address
from emocam.data.base import Data
from emocam.data.film import FILM_SUFFIXES, FilmIndex, index_film, load_av, open_film, open_frame
from emocam.data.folder import checked_root, walk
from emocam.data.image_file import within_root
from emocam.data.shots import FOUND, shots_of, shots_of_file
from emocam.errors import SettingError
from emocam.records.picture import Picture
from emocam.settings.read_files import noted

NONE = np.zeros(0, np.int64)
UNREADABLE = FilmIndex(NONE, Fraction(1), NONE, NONE)


def sampled(times: np.ndarray, every: float | None) -> np.ndarray:
    """Return which of a film's times (n,) are taken: the first at or after each multiple of `every` seconds."""
    if every is None or not len(times):
        return np.arange(len(times))
    step = np.floor((times - times[0]) / every + 1e-6)
    return np.unique(step, return_index=True)[1]


@dataclass(kw_only=True)
class Video(Data):
    """The films below `root`: of each a frame `every` so many seconds, or all where that is null.

    A film that cannot be read is listed once, itself. `shots` is a table of films and of the seconds at which
    their shots begin, or `found` by the change of the picture; pictures of one shot are then a group.
    """

    every: float | None = 1.0
    shots: str | None = None
    follow_links: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.root = checked_root(self.root, "films")
        if self.every is not None and not self.every > 0:
            raise SettingError(
                f"data.every must be a number of seconds above 0, or null for all, got {self.every}"
            )
        if self.shots not in (None, FOUND) and not Path(str(self.shots)).expanduser().is_file():
            raise SettingError(f"data.shots must be a file or {FOUND}, and there is no file {self.shots}")
        if self.shots not in (None, FOUND):
            noted(Path(str(self.shots)).expanduser())
        load_av()
        self.group = self.group or ("shot" if self.shots else "source")
        self.time = self.time or "time"

    @cached_property
    def files(self) -> list[str]:
        """All films under `root`."""
        files = walk(Path(self.root or "."), self.follow_links, FILM_SUFFIXES)
        if not files:
            raise SettingError(
                f"data.root {self.root} holds no film; expected files ending in "
                f"{', '.join(sorted(FILM_SUFFIXES))}, in it or below it"
            )
        return files

    @cached_property
    def films(self) -> dict[str, FilmIndex]:
        """The frames of each film; none of one that cannot be read."""
        found = {}
        for file in self.files:
            try:
                found[file] = index_film(within_root(Path(self.root or "."), file, self.follow_links))
            except SettingError:
                raise
            except Exception:  # the ledger says why, when it is opened
                found[file] = UNREADABLE
            self.notes += [f"{file}: {note}" for note in found[file].notes]
        return found

    @cached_property
    def addresses(self) -> dict[str, Address]:
        """Each image's film and time, in the order of films and times."""
        return {str(address): address for address in self._addresses()}

    def _addresses(self) -> Iterator[Address]:
        for file, index in self.films.items():
            if not len(index.ticks):
                yield Address(file)
            for time in index.times[sampled(index.times, self.every)].tolist():
                yield Address(file, time)

    @cached_property
    def shot_starts(self) -> dict[str, np.ndarray]:
        """The seconds at which each film's shots begin."""
        if self.shots is None:
            return {}
        if self.shots == FOUND:
            root = Path(self.root or ".")
            return {f: shots_of(root / f, index) for f, index in self.films.items() if len(index.ticks)}
        return shots_of_file(Path(self.shots).expanduser(), self.files)

    def paths(self) -> list[str]:
        return list(self.addresses)

    def known(self, path: str) -> dict[str, str | float]:
        address = read_address(path)
        known: dict[str, str | float] = {"source": address.file, "time": address.time or 0.0}
        if self.shots is not None:
            starts = self.shot_starts.get(address.file, np.zeros(0))
            known["shot"] = f"{address.file}#{np.searchsorted(starts, known['time'], side='right')}"
        return known

    def prepare(self) -> None:
        """List the frames once, before workers begin: they take the list with them."""
        _ = self.addresses, self.shot_starts

    def open(self, path: str) -> Picture:
        address = read_address(path)
        file = within_root(Path(self.root or "."), address.file, self.follow_links)
        if address.time is None:
            container, _ = open_film(file)
            container.close()
            raise ValueError("holds no frame that can be decoded")
        return Picture(
            open_frame(file, address.time, self.max_pixels, self.films[address.file]), known=self.known(path)
        )
