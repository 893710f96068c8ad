"""Where the faces of files are: looked for once, kept by the files' content, and gone on with where it was left."""

import hashlib
import io
import sqlite3
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emocam.data.film import FilmIndex, FilmReader, index_film, upright_frame
from emocam.data.image_file import open_upright
from emocam.data.video import sampled
from emocam.face.finder import FaceFinder
from emocam.face.landmarks import MeshedFace
from emocam.face.track import FaceTracker

PART = 256
"""Frames of a film that are looked at before what was found is kept."""
FOLLOWED = 0.125
"""Seconds between the frames in which a face is followed, where fewer are asked for: it must not go far between."""
NO_TICK, NO_TRACK = np.iinfo(np.int64).min, -1
POINTS = 468


@dataclass(frozen=True)
class FaceRows:
    """F faces of one file: numbers and tracks (F,), the film's seconds and ticks (F,), presence (F,) and size.

    Points (F, 468, 2) are fractions of the picture or frame; `size` (F, 2) is its width and height.
    """

    time: np.ndarray
    tick: np.ndarray
    track: np.ndarray
    face: np.ndarray
    presence: np.ndarray
    size: np.ndarray
    points: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def of(
        cls, faces: list[tuple[int, int, MeshedFace]], size: tuple[int, int], time: float, tick: int
    ) -> "FaceRows":
        """Return the rows of faces with their numbers and tracks in one picture."""
        many = len(faces)
        points = np.array([face.points for _, _, face in faces]).reshape(many, POINTS, 2) / size
        points = points.astype(np.float32)  # as faces.parquet holds them, so that a run gives back the same
        return cls(
            np.full(many, time),
            np.full(many, tick, np.int64),
            np.array([track for _, track, _ in faces], np.int64),
            np.array([number for number, _, _ in faces], np.int64),
            np.array([face.presence for _, _, face in faces], np.float64),
            np.tile(np.array(size, np.int64), (many, 1)),
            points,
        )

    @classmethod
    def join(cls, rows: "list[FaceRows]") -> "FaceRows":
        """Return all rows behind one another."""
        rows = [*rows, cls.of([], (1, 1), 0.0, 0)]
        return cls(*(np.concatenate([getattr(r, name) for r in rows]) for name in cls.__dataclass_fields__))


@dataclass
class FaceStore:
    """What was found in files, by their content, in a file of the cache; without a folder it keeps nothing."""

    folder: Path | None
    made_of: str
    _opened: sqlite3.Connection | None = field(default=None, init=False, repr=False)

    def _store(self) -> sqlite3.Connection | None:
        if self._opened is None and self.folder is not None:
            name = hashlib.sha256(self.made_of.encode()).hexdigest()[:24]
            try:
                (self.folder / "faces").mkdir(parents=True, exist_ok=True)
                self._opened = sqlite3.connect(self.folder / "faces" / f"{name}.sqlite", timeout=60)
                self._opened.execute(
                    "CREATE TABLE IF NOT EXISTS parts (digest TEXT, part INTEGER, body BLOB, seal BLOB, "
                    "PRIMARY KEY (digest, part))"
                )
            except (OSError, sqlite3.Error) as error:
                self._without(error)
        return self._opened

    def _without(self, error: Exception) -> None:
        sys.stderr.write(f"cache {self.folder}: faces are not kept ({error})\n")
        self.folder = self._opened = None

    def read(self, digest: str) -> list[dict[str, np.ndarray]]:
        """Return the parts that were kept of a file, up to the first that is missing or damaged."""
        store, found = self._store(), []
        if store is None:
            return []
        try:
            rows = store.execute(
                "SELECT part, body, seal FROM parts WHERE digest = ? ORDER BY part", (digest,)
            )
            for place, (part, body, seal) in enumerate(rows):
                if part != place or hashlib.sha256(body).digest() != seal:
                    break
                found.append(dict(np.load(io.BytesIO(body), allow_pickle=False)))
        except (sqlite3.Error, ValueError, OSError, zipfile.BadZipFile) as error:
            self._without(error)
        return found

    def write(self, digest: str, part: int, arrays: dict[str, np.ndarray]) -> None:
        store = self._store()
        if store is None:
            return
        body = io.BytesIO()
        np.savez(body, **arrays)  # type: ignore[arg-type]
        content = body.getvalue()
        try:
            with store:
                seal = hashlib.sha256(content).digest()
                store.execute(
                    "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", (digest, part, content, seal)
                )
        except sqlite3.Error as error:
            self._without(error)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None


def _file_digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@dataclass
class FaceScan:
    """Looks for faces in one file after another; `finder` is made when the first is not known yet.

    Of films a frame `every` so many seconds counts, and faces are detected again every `redetect` frames.
    """

    finder: Callable[[], FaceFinder]
    store: FaceStore
    max_pixels: int
    every: float | None = None
    redetect: int = 15
    aligned: bool = False

    def picture(self, file: Path) -> FaceRows:
        """Return the faces of a picture, from left to right."""
        digest = _file_digest(file)
        if kept := self.store.read(digest):
            return FaceRows(**kept[0])
        image, _ = open_upright(file, self.max_pixels)
        finder = self.finder()
        faces = finder.aligned(image) if self.aligned else finder.faces(image)
        numbered = [(number, NO_TRACK, face) for number, face in enumerate(faces)]
        rows = FaceRows.of(numbered, image.size, np.nan, NO_TICK)
        self.store.write(digest, 0, vars(rows))
        return rows

    def film(self, file: Path) -> tuple[FaceRows, FilmIndex]:
        """Return the faces of a film, frame after frame, and its index."""
        index = index_film(file)
        digest = f"{_file_digest(file)} every={self.every} redetect={self.redetect}"
        parts = self.store.read(digest)
        if not parts or not parts[-1]["complete"]:
            for arrays in self._parts(file, index, parts[-1] if parts else None):
                self.store.write(digest, len(parts), arrays)
                parts.append(arrays)
        names = FaceRows.__dataclass_fields__
        return FaceRows.join([FaceRows(**{name: part[name] for name in names}) for part in parts]), index

    def _parts(
        self, file: Path, index: FilmIndex, before: dict[str, np.ndarray] | None
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield what is found in PART frames after another, with all that is needed to go on from there."""
        counts = set(index.ticks[sampled(index.times, self.every)].tolist())
        looked_at = counts
        if self.every is not None and self.every > FOLLOWED:
            looked_at = counts | set(index.ticks[sampled(index.times, FOLLOWED)].tolist())
        tracker = FaceTracker(self.finder(), self.redetect)
        last = NO_TICK
        if before is not None:
            tracker.restore(before)
            last = int(before["last"])
        rows: list[FaceRows] = []
        looked = 0
        for tick, frame in FilmReader(file, index, self.max_pixels).frames():
            if tick is None or tick <= last or tick not in looked_at:
                continue
            image = upright_frame(frame)
            faces = [(track, track, face) for track, face in tracker.step(image)]
            if tick in counts:
                time = round(tick * float(index.base), 6)
                rows.append(FaceRows.of(faces, image.size, time, tick))
            last, looked = tick, looked + 1
            if looked % PART == 0:
                yield _part(rows, tracker, last, complete=False)
                rows = []
        yield _part(rows, tracker, last, complete=True)


def _part(rows: list[FaceRows], tracker: FaceTracker, last: int, complete: bool) -> dict[str, np.ndarray]:
    """Return what is kept of some frames: the faces, and where to go on from."""
    ends = {"last": np.array(last, np.int64), "complete": np.array(complete)}
    return {**vars(FaceRows.join(rows)), **tracker.state(), **ends}
