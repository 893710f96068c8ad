"""Series of brain regions of a person who saw a film, as `emocam decode` takes them; each volume is an image."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emocam.data.annotations.regions import read_region_tables
from emocam.data.annotations.timeline.events import EventReader
from emocam.data.base import Data
from emocam.data.observed import FrameShares, said_at
from emocam.data.region_pictures import Frames, draw_volume
from emocam.errors import SettingError, nearest
from emocam.functional.series.filtering import without_drift
from emocam.records.observers import ObservedEvents
from emocam.records.picture import Picture
from emocam.records.region_series import RegionSeries
from emocam.world.brain import BRAIN, BRAINS, FINE, PlantedBrain

RUNS = 8
"""Of a planted brain."""
INSTANT = 1e-3
"""Seconds for which a volume asks what is said."""


@dataclass(kw_only=True)
class Regions(Data):
    """The volumes of a scanner's runs, and what observers say of the film that was seen.

    `tables` are a table a run, in the order of the film, with a row a volume and a column a region; the film's time
    goes on from one to the next, `tr` seconds a volume, unless a column `time` says otherwise. `timeline` is a file,
    or a folder of files, of observers' events. A volume shows what was seen `lag` seconds before its middle; a word
    is on where more than `agreement` of the observers say it. `words` names the column of words where a table has
    several. `frames` is the film, or a folder of its frames, for the page.

    Without `tables` a brain is planted, of the `world` brain or brain_null, with RUNS runs of `volumes`; `export`
    names a folder for its tables and what its observers say. With a `timeline` it is that film's.
    """

    tables: list[str] = field(default_factory=list)
    timeline: str | None = None
    tr: float = 2.0
    lag: float = 5.0
    agreement: float = 0.5
    words: str | None = None
    frames: str | None = None
    world: str = BRAIN
    volumes: int = 150
    seed: int = 0
    export: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check()
        self.group = self.group or "run"
        self.time = self.time or "time"
        self.labels = self.observed.words
        self.objects = list(self.found.regions)
        self.notes += self.found.notes
        _ = self.shares
        if self.frames is not None:
            self._film = Frames(Path(self.frames).expanduser())

    def _check(self) -> None:
        """Refuse numbers out of range, files that are not there, and what only goes with the other kind of runs."""
        if not self.tr > 0:
            raise SettingError(f"data.tr must be a number of seconds above 0, got {self.tr}")
        if not 0 <= self.lag <= 30:
            raise SettingError(f"data.lag must be a number of seconds from 0 to 30, got {self.lag}")
        if not 0 <= self.agreement < 1:
            raise SettingError(f"timeline.agreement must be in [0, 1), got {self.agreement}")
        if self.world not in BRAINS:
            raise SettingError(f"data.world {self.world!r} is not known; {nearest(self.world, list(BRAINS))}")
        if self.volumes < 30:
            raise SettingError(f"data.volumes must be at least 30, got {self.volumes}")
        if self.tables and self.timeline is None:
            raise SettingError(
                "data.timeline must be a file, or a folder of files, of what observers say of the film; without it no "
                "label is known (emocam decode TABLES --timeline FILE)"
            )
        if self.tables and self.export is not None:
            raise SettingError(
                "data.export writes a planted brain's tables, and data.tables are yours; leave it out"
            )
        for name, places in (("tables", self.tables), ("timeline", [self.timeline] if self.timeline else [])):
            for place in places:
                if not Path(str(place)).expanduser().exists():
                    raise SettingError(f"data.{name}: there is no file {place}")

    @property
    def decoded(self) -> bool:
        return True

    @property
    def drawn_world(self) -> str | None:
        """The world that is planted; None where tables are given."""
        return None if self.tables else self.world

    @cached_property
    def observed(self) -> ObservedEvents:
        """What observers say of the film."""
        if self.timeline is None:
            return _planted_events(list(self._brain.observed()))
        reader = EventReader([], lambda: 0.0, self.words)
        events = reader.read(Path(self.timeline).expanduser())
        self.notes += [f"data.timeline: {note}" for note in reader.notes]
        return events

    @cached_property
    def _brain(self) -> PlantedBrain:
        return PlantedBrain(self.seed, [self.volumes] * RUNS, self.tr, self.world)

    @cached_property
    def found(self) -> RegionSeries:
        """The runs' series."""
        if self.tables:
            return read_region_tables([Path(table).expanduser() for table in self.tables], self.tr)
        step = np.arange(0, self._brain.seconds, FINE)
        said = self._said(step).mean(1) > self.agreement
        series = self._brain.series(said, self.observed.words)
        time = np.split(np.arange(sum(self._brain.volumes)) * self.tr, np.cumsum(self._brain.volumes)[:-1])
        return RegionSeries(self._brain.regions, series, time, self.tr)

    @cached_property
    def clean(self) -> list[NDArray[np.float64]]:
        """The runs' series without drift (T, R), as a decoder takes them."""
        return [without_drift(series, self.found.step) for series in self.found.series]

    @cached_property
    def seen(self) -> list[NDArray[np.float64]]:
        """The film's second that each run's volumes show (T,)."""
        return [time + self.found.step / 2 - self.lag for time in self.found.time]

    def _said(self, time: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return who says which word at seconds (T,) in any order: (W, observers, T)."""
        order = np.argsort(time, kind="stable")
        said = np.empty((len(self.observed.words), len(self.observed.observers), len(time)), bool)
        said[..., order] = said_at(self.observed, time[order], time[order] + INSTANT)
        return said

    @cached_property
    def shares(self) -> list[FrameShares]:
        """What observers say at each run's volumes; those of before the film began are told of."""
        seen = np.concatenate(self.seen)
        share = self._said(seen).mean(1).T
        before = int((seen < 0).sum())
        if before:
            self.notes.append(
                f"{before:,} volumes show what was before the film began, where nothing is said"
            )
        if late := int((self.observed.start > seen.max()).sum()):
            self.notes.append(
                f"data.timeline: {late:,} of {len(self.observed):,} events begin after the last volume"
            )
        ends = np.cumsum([len(time) for time in self.seen])[:-1]
        people = len(self.observed.observers)
        return [
            FrameShares(time, part, people)
            for time, part in zip(self.seen, np.split(share, ends), strict=True)
        ]

    @cached_property
    def on(self) -> list[NDArray[np.bool_]]:
        """Which words are on at each run's volumes (T, W)."""
        return [part.share > self.agreement for part in self.shares]

    @cached_property
    def addresses(self) -> dict[str, tuple[int, int]]:
        """The run and volume of each image."""
        return {
            f"run-{run + 1}/{volume:04d}": (run, volume)
            for run, series in enumerate(self.found.series)
            for volume in range(len(series))
        }

    def paths(self) -> list[str]:
        return list(self.addresses)

    @cached_property
    def _truth(self) -> list[list[str]]:
        names = [*self.observed.words, ""]
        return [[names[word] for word in part.labels(self.agreement).tolist()] for part in self.shares]

    def known(self, path: str) -> dict[str, str | float]:
        run, volume = self.addresses[path]
        return {
            "run": f"run-{run + 1}",
            "time": float(self.found.time[run][volume]),
            "truth": self._truth[run][volume],
        }

    def picture_file(self, path: str) -> Path | None:
        """Return None: a volume is a row of a table, which the run's key names."""
        return None

    def open(self, path: str) -> Picture:
        """Draw a volume's values, and what was seen."""
        run, volume = self.addresses[path]
        framed = self.frames is not None
        frame = self._film.at(float(self.seen[run][volume])) if framed else None
        return Picture(draw_volume(self.clean[run][volume].tolist(), frame, framed), known=self.known(path))

    def prepare(self) -> None:
        """Write the export, where one is asked for."""
        if self.export is not None:
            self.write(Path(self.export).expanduser())

    def write(self, folder: Path) -> None:
        """Write a table a run, and what observers say."""
        folder.mkdir(parents=True, exist_ok=True)
        for run, series in enumerate(self.found.series, 1):
            _write_rows(folder / f"run-{run}.csv", self.found.regions, np.round(series, 6).tolist())
        if self.timeline is None:
            said = [list(event) for event in self._brain.observed()]
            _write_rows(folder / "observers.csv", ["start", "end", "emotion", "observer"], said)

    @property
    def truth(self) -> list[dict[str, Any]]:
        """The planted regions of each emotion."""
        if self.tables or self.world != BRAIN:
            return []
        telling = self._brain.telling(self.observed.words)
        return [
            {"object": region, "label": emotion, "role": "cause"}
            for emotion, regions in telling.items()
            for region in regions
        ]


def _planted_events(events: list[tuple[float, float, str, str]]) -> ObservedEvents:
    starts, ends, said, people = zip(*events, strict=True)
    words, observers = sorted(set(said)), sorted(set(people))
    return ObservedEvents(
        np.array(starts),
        np.array(ends),
        np.zeros(len(events), np.int64),
        np.array([observers.index(name) for name in people], np.int64),
        np.array([words.index(name) for name in said], np.int64),
        ["film"],
        observers,
        words,
    )


def _write_rows(file: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    file.write_text(text.getvalue(), encoding="utf-8")
