"""A cache of detections, by what the detector saw and by what decides its answer."""

import hashlib
import sqlite3
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emocam.detector.base import Detector
from emocam.errors import SettingError
from emocam.records.detections import Detections
from emocam.records.host_copy import HostCopy, to_host
from emocam.records.picture import Batch

Views = Tensor | list[Tensor] | tuple[Tensor | list[Tensor], ...]
MOST_WAITING = 8
"""Batches whose detections are not written yet."""
COLUMNS = "digest BLOB PRIMARY KEY, boxes BLOB, object BLOB, score BLOB, masks BLOB, side INTEGER, seal BLOB"
TABLE = "sealed_regions"
"""Rows with a digest of their own; a table of another name is an older version's."""


def pick_rows(views: Views, rows: list[int]) -> Views:
    """Pick some images' views, of one or several detectors."""
    if isinstance(views, tuple):
        return tuple(pick_rows(view, rows) for view in views)  # type: ignore[misc]
    return [views[row] for row in rows] if isinstance(views, list) else views[rows]


def view_digest(view: Tensor | tuple[Tensor, ...], window: Tensor) -> bytes:
    """Digest what is seen of one image: equal pixels at an equal place are the same picture."""
    seen = hashlib.blake2b(window.cpu().numpy().tobytes(), digest_size=16)
    for part in view if isinstance(view, tuple) else (view,):
        seen.update(repr(tuple(part.shape)).encode() + part.contiguous().cpu().numpy().tobytes())
    return seen.digest()


def _view_of(views: Views, row: int) -> Tensor | tuple[Tensor, ...]:
    """Pick one image's view, or its views by several detectors."""
    return tuple(view[row] for view in views) if isinstance(views, tuple) else views[row]


class CachedDetector(Detector):
    """A detector that is run only on views it has not seen; there is one file for each identity.

    What a GPU finds is written by a thread, so that nobody waits for it in a step.
    """

    digest = staticmethod(view_digest)

    def __init__(self, detector: Detector, folder: Path) -> None:
        assert detector.identity is not None
        super().__init__(detector.score, detector.iou)
        self.detector = detector
        self.view, self.advice = detector.view, detector.advice
        self.identity = detector.identity
        self.objects = detector.objects
        name = hashlib.sha256(self.identity.encode()).hexdigest()[:24]
        self.file = folder / "detections" / f"{name}.sqlite"
        self._opened: sqlite3.Connection | None = None
        self._said = False
        self._thread: ThreadPoolExecutor | None = None
        self._writing: list[Future[None]] = []
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._create_table()
        except (OSError, sqlite3.Error) as error:
            raise SettingError(
                f"cache {folder} cannot be written to ({error}); name another folder, or go without by cache=null"
            ) from None

    def set_annotated_objects(self, objects: Sequence[str]) -> None:
        self.detector.set_annotated_objects(objects)
        self.objects = self.detector.objects

    def __getstate__(self) -> dict[str, Any]:
        # each process has a connection and a thread of its own
        return {**self.__dict__, "_opened": None, "_thread": None, "_writing": []}

    def _create_table(self) -> None:
        """Make the table; a file that is no store any more is made anew."""
        try:
            self._store().execute(f"CREATE TABLE IF NOT EXISTS {TABLE} ({COLUMNS})")
            self._store().execute(f"SELECT * FROM {TABLE} LIMIT 0")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._begin_anew(error)

    def _begin_anew(self, error: sqlite3.DatabaseError) -> None:
        """Begin the store anew, after saying why."""
        self._say(f"the store {self.file} is damaged ({error}); it is begun anew")
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        for suffix in ("", "-wal", "-shm"):
            self.file.with_name(f"{self.file.name}{suffix}").unlink(missing_ok=True)
        self._store().execute(f"CREATE TABLE IF NOT EXISTS {TABLE} ({COLUMNS})")

    def _say(self, sentence: str) -> None:
        if not self._said:
            sys.stderr.write(f"cache: {sentence}; detections are found anew where they are missing\n")
        self._said = True

    def _store(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = self._connect()
        return self._opened

    def _connect(self) -> sqlite3.Connection:
        store = sqlite3.connect(self.file, timeout=60, isolation_level=None)
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("PRAGMA synchronous=NORMAL")
        return store

    def forward(self, batch: Batch) -> Detections:
        # the workers that opened the pictures have digested them, where they were asked to
        keys = batch.digests or [
            view_digest(_view_of(batch.detector_view, i), batch.detector_window[i]) for i in range(len(batch))
        ]
        known = self._read(keys)
        missing = [i for i, key in enumerate(keys) if key not in known]
        if batch.index.device.type == "cuda" and len(missing) == len(keys):
            regions = self.detector(batch)
            self._write_later(keys, to_host([regions]))
            return regions
        if missing:
            asked = replace(
                batch,
                paths=[batch.paths[i] for i in missing],
                index=batch.index[missing],
                detector_view=pick_rows(batch.detector_view, missing),
                detector_window=batch.detector_window[missing],
                digests=[],
            )
            regions = self.detector(asked).to("cpu")
            new = {keys[i]: _of_image(regions, row) for row, i in enumerate(missing)}
            self._write(new)
            known |= new
        return Detections.pack([known[key] for key in keys]).to(batch.index.device)

    def _read(self, keys: list[bytes]) -> dict[bytes, Detections]:
        """Return what is known of some views; a row that its seal does not fit is not known."""
        marks = ",".join("?" * len(keys))
        try:
            rows = self._store().execute(f"SELECT * FROM {TABLE} WHERE digest IN ({marks})", keys).fetchall()
        except sqlite3.DatabaseError as error:
            self._without(error)
            return {}
        sound = {key: columns for key, *columns, seal in rows if seal == _seal(key, columns)}
        if len(sound) < len(rows):
            self._say(f"{len(rows) - len(sound)} rows of {self.file} are damaged")
        return {key: _unpacked(*columns) for key, columns in sound.items()}

    def _write_later(self, keys: list[bytes], found: HostCopy) -> None:
        self._thread = self._thread or ThreadPoolExecutor(1, "detections")
        self._writing.append(self._thread.submit(self._write_found, keys, found))
        if len(self._writing) > MOST_WAITING:
            self._writing.pop(0).result()

    def _write_found(self, keys: list[bytes], found: HostCopy) -> None:
        (regions,) = found.wait()
        try:
            with closing(self._connect()) as store:
                self._write({key: _of_image(regions, row) for row, key in enumerate(keys)}, store)
        except sqlite3.DatabaseError as error:  # the step's own connection deals with a store that is damaged
            self._say(f"{self.file} cannot be used now ({error})")

    def finish(self) -> None:
        while self._writing:
            self._writing.pop(0).result()

    def _write(self, regions: dict[bytes, Detections], store: sqlite3.Connection | None = None) -> None:
        rows = [
            (key, *packed, _seal(key, packed)) for key, one in regions.items() for packed in [_packed(one)]
        ]
        try:
            store = store or self._store()
            store.execute("BEGIN IMMEDIATE")
            # two runs may find the same picture at once; they find the same in it
            store.executemany(f"INSERT OR REPLACE INTO {TABLE} VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            store.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if store is not self._opened:
                raise
            self._without(error)

    def _without(self, error: sqlite3.DatabaseError) -> None:
        """Go on without what a store could give: it is damaged, locked for too long, or its disk is full."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        if isinstance(error, sqlite3.OperationalError) and "no such table" not in str(error):
            self._say(f"{self.file} cannot be used now ({error})")
        else:
            self._begin_anew(error)


def _seal(key: bytes, columns: Sequence[Any]) -> bytes:
    """Digest a row: one bit that changes shows."""
    seal = hashlib.blake2b(key, digest_size=16)
    for value in columns:
        data = value if isinstance(value, bytes) else repr(value).encode()
        seal.update(len(data).to_bytes(8, "little") + data)
    return seal.digest()


def _of_image(regions: Detections, image: int) -> Detections:
    rows = regions.image == image
    masks = None if regions.masks is None else regions.masks[rows]
    none = torch.zeros(int(rows.sum()), dtype=torch.int64)
    return Detections(regions.boxes[rows], regions.object[rows], regions.score[rows], none, masks)


def _packed(regions: Detections) -> tuple[bytes, bytes, bytes, bytes | None, int]:
    boxes = regions.boxes.float().numpy()
    score = regions.score.float().numpy()
    object = regions.object.numpy().astype(np.int32)
    if regions.masks is None:
        return boxes.tobytes(), object.tobytes(), score.tobytes(), None, 0
    return (
        boxes.tobytes(),
        object.tobytes(),
        score.tobytes(),
        regions.masks.float().numpy().tobytes(),
        regions.masks.shape[-1],
    )


def _unpacked(boxes: bytes, object: bytes, score: bytes, masks: bytes | None, side: int) -> Detections:
    def numbers(data: bytes, kind: type) -> Tensor:
        return torch.from_numpy(np.frombuffer(data, kind).copy())

    classes = numbers(object, np.int32).long()
    cells = None if masks is None else numbers(masks, np.float32).view(-1, side, side)
    return Detections(
        numbers(boxes, np.float32).view(-1, 4),
        classes,
        numbers(score, np.float32),
        torch.zeros_like(classes),
        cells,
    )
