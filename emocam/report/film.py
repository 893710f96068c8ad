"""The page's section along a film's time: what the network answers, and what it looks at, frame by frame."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emocam.records.timeline import Lane, Timeline, usual_step
from emocam.report.scripts import write_script
from emocam.results.files import OVERLAY_FILM
from emocam.results.observers import ObserverRows, read_observers
from emocam.results.timeline import read_timeline

MOST_LANES = 24
"""Films, or faces, that the page shows: those that are seen longest."""
MOST_CELLS = 1_500
"""Cells along a lane; of more frames each cell is several."""
MOST_LABELS = 12
"""Rows of labels, those that are likeliest somewhere in the film."""
SCALE, NOTHING = 254, 255
"""Of a number in [0, 1] as a byte, and the byte of an object that was not found."""


@dataclass(frozen=True)
class FilmSection:
    """What the section is told by the template: its lanes' number, how many there are in all, and the film."""

    timeline: Timeline
    lanes: list[Lane]
    film: str | None
    observers: ObserverRows | None = None

    @property
    def left_out(self) -> int:
        return len(self.timeline.lanes) - len(self.lanes)

    @property
    def films(self) -> int:
        return len(set(self.timeline.source))


def film_section(folder: Path, with_film: bool = True) -> FilmSection | None:
    """Read what the section shows; None for a run that is not over films."""
    timeline = read_timeline(folder)
    if timeline is None or not len(timeline):
        return None
    longest = sorted(timeline.lanes, key=lambda lane: -len(lane.rows))[:MOST_LANES]
    chosen = {lane.name for lane in longest}
    film = f"../{OVERLAY_FILM}" if with_film and (folder / OVERLAY_FILM).is_file() else None
    return FilmSection(
        timeline, [lane for lane in timeline.lanes if lane.name in chosen], film, read_observers(folder)
    )


def write_film_data(section: FilmSection, folder: Path) -> None:
    """Write `data/film.js`: of each lane its times and its values as bytes."""
    timeline = section.timeline
    highest = timeline.probability.max(0)
    labels = np.sort(np.argsort(-highest, kind="stable")[:MOST_LABELS])
    data = {
        "name": "data/film.js",
        "labels": [timeline.labels[label] for label in labels],
        "objects": timeline.objects,
        "weight": "importance" if timeline.explained else "score",
        "film": section.film,
        "lanes": lanes_data(section, labels),
    }
    write_script(folder / "data" / "film.js", data)


def lanes_data(section: FilmSection, labels: NDArray[np.intp]) -> list[dict[str, Any]]:
    """Return the lanes, above those of each film what its observers say."""
    lanes: list[dict[str, Any]] = []
    for answered in section.lanes:
        if section.observers is not None and answered.source not in {known["source"] for known in lanes}:
            lanes += observers_data(section.observers, answered.source)
        lanes.append(lane_data(section.timeline, answered, labels))
    shown = {
        (lane["source"], time): at
        for lane in lanes
        if lane["shown"] is not None
        for time, at in zip(lane["time"].tolist(), lane["shown"].tolist(), strict=True)
    }
    for lane in lanes:
        if lane["shown"] is None:
            places = [shown.get((lane["source"], time)) for time in lane["time"].tolist()]
            lane["shown"] = None if None in places else places
    return lanes


def observers_data(observers: ObserverRows, source: str) -> list[dict[str, Any]]:
    """Return what observers say of a film as a lane; none where they say nothing of it."""
    rows = np.flatnonzero(np.array(observers.source, object) == source)
    if not len(rows) or not observers.words:
        return []
    rows = rows[np.argsort(observers.time[rows], kind="stable")]
    time, share = observers.time[rows], observers.share[rows]
    words = np.sort(np.argsort(-share.max(0), kind="stable")[:MOST_LABELS])
    several = -(-len(time) // MOST_CELLS)
    starts = np.arange(0, len(time), several)
    each = np.diff(np.append(starts, len(time)))
    shares = np.add.reduceat(share[:, words], starts, axis=0) / each[:, None]
    return [
        {
            "name": f"{source}, observers",
            "source": source,
            "step": usual_step(time) * several,
            "time": np.round(time[starts], 6),
            "shown": None,
            "labels": [observers.words[word] for word in words],
            "odds": as_bytes(shares.T),
        }
    ]


def lane_data(timeline: Timeline, lane: Lane, labels: NDArray[np.intp]) -> dict[str, Any]:
    """Return a lane as the page takes it: labels and objects are rows of bytes, one byte a cell."""
    time = timeline.time[lane.rows]
    several = -(-len(time) // MOST_CELLS)
    starts = np.arange(0, len(time), several)
    each = np.diff(np.append(starts, len(time)))
    odds = np.add.reduceat(timeline.probability[np.ix_(lane.rows, labels)], starts, axis=0) / each[:, None]
    strongest = np.fmax.reduceat(timeline.importance[lane.rows], starts, axis=0)
    shown = timeline.shown[lane.rows][starts]
    return {
        "name": lane.name,
        "source": lane.source,
        "step": usual_step(time) * several,
        "time": np.round(time[starts], 6),
        "shown": None if np.isnan(shown).any() else np.round(shown, 6),
        "odds": as_bytes(odds.T),
        "strip": as_bytes(strongest.T),
    }


def as_bytes(values: NDArray[np.float64]) -> str:
    """Return numbers in [0, 1] as bytes up to SCALE, base64; NaN is NOTHING."""
    levels = np.where(np.isnan(values), NOTHING, np.round(np.nan_to_num(values).clip(0, 1) * SCALE))
    return b64encode(levels.astype(np.uint8).tobytes()).decode()
