"""Sequences of landmarks as a corpus: from files of points, or from the faces of a run."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from emocam.data.annotations.columns import read_column
from emocam.data.base import Data
from emocam.data.face_facts import facts_of_files
from emocam.data.folder import walk
from emocam.data.point_picture import DETAILS, as_sequence, point_objects, point_picture
from emocam.data.point_tracks import FACTS, SUFFIXES, PointTrack, read_tracks, track_files
from emocam.errors import Refused, SettingError, nearest
from emocam.face.point_layouts import read_layout
from emocam.functional.points.resample import at_times, unbroken
from emocam.records.keypoints import PointLayout
from emocam.records.picture import Picture

LEAST_LENGTH = 8
HALF = 0.5
"""A frame counts as seen where at least this share of its points was found."""


@dataclass(kw_only=True)
class Landmarks(Data):
    """`root` is a file of landmarks, a folder of such files, or the folder of a run with data=faces.

    `points` are 68 (iBUG), 468 (the face mesh) or a file of lines `name,region`. Frames that are missing are
    filled up to `gap` in a row; the longest piece without more is kept and brought to `length` frames by its
    times. `annotations` is a table of sequences or files (path) and what is known of them. The objects are the
    regions, or each point where `detail` is fine.
    """

    annotations: str | Path | None = None
    points: str | int = 68
    gap: int = 3
    length: int = 16
    detail: Literal["coarse", "fine"] = "coarse"
    follow_links: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.root is None:
            raise SettingError(
                "data.root is not set; give a file of landmarks (.npz, .csv, .parquet), a folder of them, or the "
                "folder of a run with data=faces"
            )
        root = Path(self.root).expanduser()
        if not root.exists():
            raise SettingError(f"data.root: there is nothing at {root}")
        if self.detail not in DETAILS:
            raise SettingError(
                f"data.detail {self.detail!r} is unknown; {nearest(str(self.detail), DETAILS)}"
            )
        for name, least in (("gap", 0), ("length", LEAST_LENGTH)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise SettingError(f"data.{name} must be a whole number of at least {least}, got {value!r}")
        self.only = root.name if root.is_file() else None
        self.root = root.parent if root.is_file() else root
        self.objects = point_objects(self.layout, self.detail)
        self.labels = sorted({facts["truth"] for facts in self.facts.values() if facts.get("truth")}) or None

    @property
    def sequences_of_points(self) -> bool:
        return True

    @cached_property
    def layout(self) -> PointLayout:
        """The points that each sequence must have."""
        return read_layout(self.points)

    @cached_property
    def tracks(self) -> dict[str, PointTrack]:
        """What the files hold, by the names of the sequences."""
        root = Path(self.root or ".")
        files = [self.only] if self.only else track_files(root, self._walked(root))
        found: dict[str, PointTrack] = {}
        for file in files:
            for track in read_tracks(root, file, self.layout):
                if track.name in found:
                    raise SettingError(
                        f"data.root {root}: two sequences are called {track.name!r}; name them apart"
                    )
                found[track.name] = track
        if not found:
            raise SettingError(f"data.root {root} holds no sequence of landmarks")
        return found

    def _walked(self, root: Path) -> list[str]:
        table = None if self.annotations is None else Path(self.annotations).expanduser().resolve()
        return [file for file in walk(root, self.follow_links, SUFFIXES) if (root / file).resolve() != table]

    @cached_property
    def facts(self) -> dict[str, dict[str, str]]:
        """What is known of each sequence: by the table, else by its own file; the same keys for all."""
        root = Path(self.root or ".")
        # a row may name a sequence, a film of a run with data=faces, or a file that holds one or more
        names = list(dict.fromkeys([*self.tracks, *(track.file for track in self.tracks.values())]))
        names += [part for name in self.tracks if "#" in name for part in name.partition("#")[::2]]
        told = facts_of_files(self.annotations, root, list(dict.fromkeys(names)))
        columns = list(told.columns)
        columns += [
            fact
            for fact in FACTS
            if fact not in columns and any(fact in t.facts for t in self.tracks.values())
        ]
        found = {}
        shared: dict[str, int] = {}
        for name, track in self.tracks.items():
            film, _, part = name.partition("#")
            own = {key: told.of_file.get(key) for key in (name, part, film, track.file)}
            by, said = next(((key, facts) for key, facts in own.items() if facts), ("", {}))
            shared[by] = shared.get(by, 0) + (by == film != name and track.file != film)
            found[name] = {column: said.get(column) or track.facts.get(column, "") for column in columns}
        if crowded := [film for film, faces in shared.items() if faces > 1]:
            films = "film has" if len(crowded) == 1 else "films have"
            self.notes.append(
                f"{len(crowded):,} {films} several faces that data.annotations does not tell apart, {crowded[0]} "
                f"among them: each has the film's label and person; a row {crowded[0]}#track=0 names one alone"
            )
        return found

    def paths(self) -> list[str]:
        return list(self.tracks)

    def picture_file(self, path: str) -> Path:
        return Path(self.root or ".") / self.tracks[path].file

    def known(self, path: str) -> dict[str, str | float]:
        return dict(self.facts[path])

    def facts_of(self, path: str) -> dict[str, Any]:
        """Return what is known of a sequence, and a digest of its points."""
        track = self.tracks[path]
        body = track.points.tobytes() + track.times.tobytes()
        return dict(self.known(path)) | {"points": hashlib.sha256(body).hexdigest()}

    def values(self, name: str, setting: str) -> Mapping[str, str]:
        if self.annotations is None or name in self.known(next(iter(self.paths()), "")):
            return super().values(name, setting)
        return read_column(Path(self.annotations), name, Path(self.root or "."), self.paths(), setting)

    def prepare(self) -> None:
        """Note what was taken for granted, and how many sequences are cut at a gap."""
        counted = Counter(note for track in self.tracks.values() for note in track.notes)
        self.notes += [f"{count:,} sequences: {note}" for note, count in counted.items()]
        cut = sum(self.cut(track) for track in self.tracks.values() if track.problem is None)
        if cut:
            self.notes.append(
                f"{cut:,} sequences have more than data.gap={self.gap} missing frames in a row; the longest "
                "piece of each is kept"
            )

    def cut(self, track: PointTrack) -> bool:
        """Return whether a sequence loses seen frames at a gap."""
        seen = frames_seen(track.points)
        start, end = unbroken(seen, self.gap)
        return bool(seen[:start].any() or seen[end:].any())

    def open(self, path: str) -> Picture:
        track = self.tracks[path]
        if track.problem is not None:
            raise Refused(track.problem)
        points, times = usable_frames(track.points, track.times, self.gap)
        never = ~np.isfinite(points).all(-1).any(0)
        if never.any():
            raise Refused(f"has no frame with the point {self.layout.points[int(never.argmax())]!r}")
        resampled, at = at_times(points, times, self.length)
        sequence = as_sequence(resampled, at, self.layout)
        return point_picture(sequence, self.detail, self.known(path))


def frames_seen(points: np.ndarray) -> np.ndarray:
    """Return in which frames (T,) at least half of the points (T, P, 2) were found."""
    return np.asarray(np.isfinite(points).all(-1).mean(1) >= HALF)


def usable_frames(points: np.ndarray, times: np.ndarray, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the longest piece of a sequence without a larger gap; of frames at one time the first counts."""
    known = np.isfinite(times)
    times, first = np.unique(times[known], return_index=True)
    points = points[known][first]
    if len(times) < 2:
        raise Refused(
            "has one frame, and movement needs two or more"
            if len(known) == 1
            else f"has {len(known)} frames at one time or none, and movement needs two or more times"
        )
    seen = frames_seen(points)
    if not seen.any():
        raise Refused("has no frame in which a face was found")
    start, end = unbroken(seen, gap)
    if end - start < 2:
        raise Refused(
            f"has one frame between gaps of more than data.gap={gap}, and movement needs two or more"
        )
    return points[start:end], times[start:end]
