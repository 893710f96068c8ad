"""Files of landmarks as tracks: npz, long CSV, tables of OpenFace and py-feat, and the faces of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emocam.data.annotations.rows import find_column, numbers, read_rows, texts
from emocam.data.annotations.source import Source
from emocam.errors import SettingError
from emocam.records.keypoints import PointLayout
from emocam.settings.read_files import noted

SUFFIXES = frozenset((".npz", ".csv", ".parquet"))
FACES, LEDGER = "faces.parquet", "ledger.parquet"
SETTING = "data.root"
TIMES = ("timestamp", "time", "seconds", "time_s")
TRACKS = ("sequence", "track", "image", "input", "video", "file", "face_id", "face")
"""Columns that tell one sequence of a table from another; all that are there count together."""
FACTS = ("truth", "person")
EVEN = "frames are taken as evenly spaced where a file tells no seconds"


@dataclass(frozen=True)
class PointTrack:
    """What a file tells of one face: points (T, P, 2), NaN where not found, and times (T,).

    `problem` says why it cannot be used.
    """

    name: str
    file: str
    points: np.ndarray
    times: np.ndarray
    problem: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def track_files(root: Path, walked: Sequence[str]) -> list[str]:
    """Return the files of a root that hold landmarks: the table of a faces run alone, where there is one."""
    if (root / FACES).is_file():
        return [FACES]
    if (root / LEDGER).is_file():
        raise SettingError(
            f"data.root {root} is the folder of a run that found no face, or looked for none: it holds no "
            f"{FACES}; give the folder of a run with data=faces and faces in its films, or files of landmarks"
        )
    if not walked:
        raise SettingError(
            f"data.root {root} holds no file of landmarks; expected .npz, .csv or .parquet in it or below it, or the "
            "folder of a run with data=faces"
        )
    return list(walked)


def read_tracks(root: Path, file: str, layout: PointLayout) -> Iterator[PointTrack]:
    """Yield the tracks of one file, each with its own problem, where it has one."""
    path = root / file
    if path.suffix.lower() == ".npz":
        yield from _npz_tracks(path, file, layout)
    elif file == FACES:
        yield from _face_tracks(path, file, layout)
    else:
        source = Source(path, SETTING)
        rows = read_rows(source)
        wide = {str(name).lower(): name for name in rows.columns}
        if any(name.startswith("x_") for name in wide):
            yield from _wide_tracks(source, rows, file, layout)
        else:
            yield from _long_tracks(source, rows, file, layout)


def _npz_tracks(path: Path, file: str, layout: PointLayout) -> Iterator[PointTrack]:
    arrays = _read_npz(path)
    points = arrays["points"]
    if points.ndim == 3:
        points = points[None]
    if points.ndim != 4 or points.shape[-1] < 2 or not np.issubdtype(points.dtype, np.number):
        raise SettingError(
            f"{SETTING} {path}: the array `points` must be numbers (N, T, P, 2) or (T, P, 2), got "
            f"{points.dtype} {arrays['points'].shape}"
        )
    points = points[..., :2].astype(np.float64)
    count, frames = points.shape[:2]
    times = arrays.get("times")
    notes: tuple[str, ...] = ()
    if times is None:
        times, notes = np.arange(frames, dtype=np.float64), (EVEN,)
    times = np.broadcast_to(np.asarray(times, np.float64), (count, frames))
    names = _npz_column(arrays, ("names", "name", "paths", "path"), count, path)
    facts = {fact: _npz_column(arrays, (fact, f"{fact}s"), count, path) for fact in FACTS}
    facts["truth"] = facts["truth"] or _npz_column(arrays, ("label", "labels"), count, path)
    for number in range(count):
        name = f"{file}#{names[number]}" if names else file if count == 1 else f"{file}#{number:05}"
        own = {fact: values[number] for fact, values in facts.items() if values}
        yield _checked(PointTrack(name, file, points[number], times[number], None, own, notes), layout)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(noted(path), allow_pickle=False) as opened:
            arrays = {name: opened[name] for name in opened.files}
    except Exception as error:  # whatever a crafted file leads to
        raise SettingError(
            f"{SETTING} {path} cannot be read as npz ({' '.join(str(error).split())[:160]}); np.savez of plain arrays "
            "writes one"
        ) from None
    if "points" not in arrays:
        raise SettingError(
            f"{SETTING} {path} must hold an array `points` (N, T, P, 2), got {', '.join(arrays) or 'none'}"
        )
    return arrays


def _npz_column(arrays: dict[str, np.ndarray], names: Sequence[str], count: int, path: Path) -> list[str]:
    """Return the texts of the first array of these names, one a sequence; empty where there is none."""
    found = next((arrays[name] for name in names if name in arrays), None)
    if found is None:
        return []
    if found.shape != (count,) and not (count == 1 and found.shape == ()):
        raise SettingError(
            f"{SETTING} {path}: the array {names[0]} must have an entry for each of {count} sequences, "
            f"got {found.shape}"
        )
    return [str(value) for value in found.reshape(count).tolist()]


def _wide_tracks(source: Source, rows: pd.DataFrame, file: str, layout: PointLayout) -> Iterator[PointTrack]:
    """Yield tracks of a table with a row a frame: x_0, y_0, x_1, ... as OpenFace and py-feat write them."""
    lower = {str(name).strip().lower(): name for name in rows.columns}
    there = [name.removeprefix("x_") for name in lower if name.startswith("x_")]
    keys = _keys(layout, there)
    times, notes = _times(source, rows, lower)
    problem = None
    missing = [
        name
        for name, key in zip(layout.points, keys, strict=True)
        if f"x_{key}" not in lower or f"y_{key}" not in lower
    ]
    if missing:
        problem = f"has {len(there)} points without {missing[0]!r}, and data.points={layout.name} names {len(layout)}"
        points = np.full((len(rows), len(layout), 2), np.nan)
    else:
        columns = [
            [numbers(source, rows, lower[f"{axis}_{key}"], empty=True) for axis in "xy"] for key in keys
        ]
        points = np.moveaxis(np.array(columns), -1, 0)
        if "success" in lower:
            points[numbers(source, rows, lower["success"], empty=True) == 0] = np.nan
    yield from _split(source, rows, lower, file, points, times, problem, notes)


def _long_tracks(source: Source, rows: pd.DataFrame, file: str, layout: PointLayout) -> Iterator[PointTrack]:
    """Yield tracks of a table with a row a point: image, time, point, x, y."""
    lower = {str(name).strip().lower(): name for name in rows.columns}
    named = texts(source, rows, find_column(source, rows, ["point", "landmark"]))
    find_column(source, rows, ["x"])
    find_column(source, rows, ["y"])
    times, notes = _times(source, rows, lower)
    place = {key: number for number, key in enumerate(_keys(layout, named))}
    which = np.array([place.get(_plain(name), -1) for name in named])
    xy = np.stack([numbers(source, rows, lower[axis], empty=True) for axis in "xy"], 1)
    label = _track_names(source, rows, lower)
    for name in dict.fromkeys(label):
        own = np.flatnonzero(np.array(label) == name)
        moments, frame = np.unique(times[own], return_inverse=True)
        points = np.full((len(moments), len(layout), 2), np.nan)
        known = which[own] >= 0
        points[frame[known], which[own][known]] = xy[own][known]
        absent = sorted(set(range(len(layout))) - set(which[own].tolist()))
        problem = None
        if absent:
            problem = f"has no point {layout.points[absent[0]]!r}, which data.points={layout.name} names"
        elif not known.all():
            stranger = named[int(own[~known][0])]
            problem = f"has a point {stranger!r}, which data.points={layout.name} does not name"
        facts = _facts(source, rows.iloc[own[:1]], lower)
        yield PointTrack(f"{file}#{name}" if name else file, file, points, moments, problem, facts, notes)


def _face_tracks(path: Path, file: str, layout: PointLayout) -> Iterator[PointTrack]:
    """Yield the tracks of a run with data=faces, in the films' own shape."""
    source = Source(path, SETTING)
    rows = read_rows(source)
    if rows.empty or len(rows["landmarks"].iloc[0]) != 2 * len(layout):
        count = 0 if rows.empty else len(rows["landmarks"].iloc[0]) // 2
        raise SettingError(
            f"{SETTING} {path.parent}: its faces have {count} points, and data.points={layout.name} names "
            f"{len(layout)}; take data.points=468"
        )
    notes: tuple[str, ...] = ()
    size = np.ones((len(rows), 2))
    if {"width", "height"} <= set(rows.columns):
        size = rows[["width", "height"]].to_numpy(float)
    else:
        notes = ("the faces' run does not tell the shape of its films, which are taken as square",)
    points = np.stack(rows["landmarks"].to_list()).reshape(len(rows), -1, 2) * size[:, None]
    facts = _facts_of_run(path.parent / "predictions.parquet")
    keys = [
        f"{file}#track={int(track)}" if track == track and track is not None else str(image)
        for image, file, track in zip(rows["image"], rows["source"], rows["track"], strict=True)
    ]
    times = rows["time"].to_numpy(float, na_value=np.nan)
    for name, own in pd.Series(range(len(rows))).groupby(keys, sort=False):
        order = own.to_numpy()[np.argsort(times[own], kind="stable")]
        known = facts.get(str(rows["image"].iloc[order[0]]), {})
        yield PointTrack(str(name), file, points[order], np.nan_to_num(times[order]), None, known, notes)


def _facts_of_run(file: Path) -> dict[str, dict[str, str]]:
    """Return what a run knows of each image of itself beside its answers."""
    if not file.is_file():
        return {}
    rows = read_rows(Source(file, SETTING))
    columns = [fact for fact in FACTS if fact in rows]
    values = {fact: rows[fact].astype(str) for fact in columns}
    return {
        str(image): {fact: values[fact].iloc[row] for fact in columns}
        for row, image in enumerate(rows["image"])
    }


def _plain(name: str) -> str:
    """Return a point's name as it is compared: a number without leading zeros, or a small-lettered word."""
    name = name.strip().lower()
    return str(int(name)) if name.isdecimal() else name


def _keys(layout: PointLayout, there: Sequence[str]) -> list[str]:
    """Return by what name each point of the layout is looked for."""
    return [_plain(name) for name in layout.points]


def _times(source: Source, rows: pd.DataFrame, lower: dict[str, Any]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the time of each row; the frame's number where no seconds are told."""
    for name in TIMES:
        if name in lower:
            return numbers(source, rows, lower[name]), ()
    if "frame" in lower:
        return numbers(source, rows, lower["frame"]), (EVEN,)
    raise source.fault(
        "the header", "one with a column time or timestamp (seconds), or frame", list(map(str, rows.columns))
    )


def _track_names(source: Source, rows: pd.DataFrame, lower: dict[str, Any]) -> list[str]:
    """Return which sequence each row is of, by all columns that tell; empty where none does."""
    columns = [texts(source, rows, lower[name], empty=True) for name in TRACKS if name in lower]
    return (
        ["/".join(filter(None, parts)) for parts in zip(*columns, strict=True)]
        if columns
        else [""] * len(rows)
    )


def _facts(source: Source, rows: pd.DataFrame, lower: dict[str, Any]) -> dict[str, str]:
    return {
        fact: texts(source, rows, lower[fact], empty=True)[0] for fact in FACTS if fact in lower and len(rows)
    }


def _split(
    source: Source,
    rows: pd.DataFrame,
    lower: dict[str, Any],
    file: str,
    points: np.ndarray,
    times: np.ndarray,
    problem: str | None,
    notes: tuple[str, ...],
) -> Iterator[PointTrack]:
    """Yield the tracks of a table with a row a frame, each with its frames in order."""
    names = np.array(_track_names(source, rows, lower), object)
    several = len(set(names.tolist())) > 1
    for name in dict.fromkeys(names.tolist()):
        own = np.flatnonzero(names == name)
        order = own[np.argsort(times[own], kind="stable")]
        facts = _facts(source, rows.iloc[order[:1]], lower)
        key = f"{file}#{name}" if several else file
        yield PointTrack(key, file, points[order], times[order], problem, facts, notes)


def _checked(track: PointTrack, layout: PointLayout) -> PointTrack:
    """Return the track, with its problem where its points are not those of the layout."""
    count = track.points.shape[1]
    if count == len(layout):
        return track
    problem = f"has {count} points, and data.points={layout.name} names {len(layout)}"
    return PointTrack(track.name, track.file, track.points, track.times, problem, track.facts, track.notes)
