"""Frames of films as pictures with their exact times, for classifiers of whole scenes."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from emocam.data.address import Address, read_address
from emocam.data.annotations.timeline.events import EventReader
from emocam.data.base import Data
from emocam.data.film import FILM_SUFFIXES, FilmIndex, index_film, load_av, open_film, open_frame
from emocam.data.folder import checked_root, walk
from emocam.data.image_file import within_root
from emocam.data.observed import FrameShares, frame_shares
from emocam.data.shots import FOUND, shots_of, shots_of_file
from emocam.errors import SettingError
from emocam.records.observers import ObservedEvents
from emocam.records.picture import Picture
from emocam.records.timeline import usual_step
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
    `timeline` is a file, or a folder of files, of what observers say of the films: a frame's true label is what
    more than `agreement` of them say while it is shown, else `none`, which may be the name of a label.
    `words` names the column of words where a table has several.
    """

    every: float | None = 1.0
    shots: str | None = None
    timeline: str | None = None
    agreement: float = 0.5
    none: str | None = None
    words: str | None = None
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
        if self.timeline is not None:
            self._check_timeline(Path(str(self.timeline)).expanduser())
        self.group = self.group or ("shot" if self.shots else "source")
        self.time = self.time or "time"

    def _check_timeline(self, place: Path) -> None:
        """Find mistakes in the timeline before the work, and take its words as labels."""
        if not place.exists():
            raise SettingError(f"data.timeline must be a file or a folder, and there is no {place}")
        if not 0 <= self.agreement < 1:
            raise SettingError(f"timeline.agreement must be in [0, 1), got {self.agreement}")
        words = self.observed.words
        if self.none is not None and self.none in words:
            raise SettingError(f"timeline.none {self.none!r} is a word of the observers; take another name")
        self.labels = [*words, *([] if self.none is None else [self.none])]

    @cached_property
    def observed(self) -> ObservedEvents:
        """What observers say of the films."""
        reader = EventReader(self.files, self._rate, self.words)
        events = reader.read(Path(str(self.timeline)).expanduser())
        self.notes += [f"data.timeline: {note}" for note in reader.notes]
        return events

    def _rate(self) -> float:
        """Return the frames a second of the films; 0 where they differ."""
        steps = [usual_step(index.times) for index in self.films.values() if len(index.ticks) > 1]
        rates = {round(1 / step, 2) for step in steps}
        return rates.pop() if len(rates) == 1 else 0.0

    @cached_property
    def shares(self) -> dict[str, FrameShares]:
        """What observers say at the frames of each film that are taken."""
        found = {}
        for file, index in self.films.items():
            times = index.times[sampled(index.times, self.every)]
            events = self.observed.of_film(file)
            step = self.every or usual_step(index.times)
            found[file] = frame_shares(events, times, step)
            if len(times) and (
                late := int((events.start >= index.times[-1] + usual_step(index.times)).sum())
            ):
                self.notes.append(
                    f"data.timeline: {late:,} of {len(events):,} events begin after the end of {file}"
                )
        return found

    @cached_property
    def agreed(self) -> list[str]:
        """The films of which the same observers speak, whose agreement is asked: those that last longest together.

        A single observer agrees with nobody, so that films of several come before theirs.
        """
        alike: dict[tuple[str, ...], list[str]] = {}
        for file, index in self.films.items():
            if len(index.ticks) and (people := self.observed.of_film(file).observers):
                alike.setdefault(tuple(people), []).append(file)

        def seconds(people: tuple[str, ...]) -> tuple[bool, float]:
            return len(people) > 1, sum(float(np.ptp(self.films[file].times)) for file in alike[people])

        return alike[max(alike, key=seconds)] if alike else []

    def _tell_other_observers(self) -> None:
        """Note which films other observers speak of than those whose agreement is asked."""
        spoken = [file for file in self.films if self.observed.of_film(file).observers]
        others = [file for file in spoken if file not in self.agreed]
        if others and self.agreed:
            people = len(self.observed.of_film(self.agreed[0]).observers)
            self.notes.append(
                f"data.timeline: not the same observers speak of all films; their agreement is that of {people} on "
                f"{', '.join(self.agreed[:3])}, without {', '.join(others[:3])}"
                + (f" and {len(others) - 3} more" if len(others) > 3 else "")
            )

    @cached_property
    def observed_labels(self) -> dict[str, dict[float, str]]:
        """The true label of each film's frames by their seconds; empty where there is none."""
        names = [*self.observed.words, self.none or ""]
        return {
            file: {
                time: names[label]
                for time, label in zip(
                    shares.time.tolist(), shares.labels(self.agreement).tolist(), strict=True
                )
            }
            for file, shares in self.shares.items()
        }

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
        if self.timeline is not None:
            known["truth"] = self.observed_labels.get(address.file, {}).get(float(known["time"]), "")
        return known

    def prepare(self) -> None:
        """List the frames once, before workers begin: they take the list with them."""
        _ = self.addresses, self.shot_starts
        if self.timeline is not None:
            _ = self.observed_labels
            self._tell_other_observers()

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
