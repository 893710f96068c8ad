"""The shots of a film: read from a table, or found where the picture changes at once."""

from pathlib import Path

import numpy as np

from emocam.data.annotations.rows import find_column, numbers, place, read_rows, texts
from emocam.data.annotations.source import Source
from emocam.data.film import FilmIndex, FilmReader
from emocam.errors import SettingError, nearest

FOUND = "found"
SMALL = (32, 24)
"""A frame of which size tells a cut, (width, height)."""
BINS = 16
CHANGED = 0.4
"""Difference of two grey histograms from which a frame may begin a shot: 0 is the same, 1 nothing alike."""
MOVED = 0.12
"""Mean change of the small picture's pixels, of 1, that it must have, too."""
SHORTEST = 0.4
"""Seconds of a shot: a flash is none."""


def shots_of(file: Path, index: FilmIndex) -> np.ndarray:
    """Return the seconds at which the shots of a film begin, its first frame's included."""
    starts, last = [], None
    for tick, frame in FilmReader(file, index).frames():
        if tick is None:
            continue
        time = round(tick * float(index.base), 6)
        small = frame.reformat(*SMALL, format="gray8").to_ndarray()
        if last is None or (_is_cut(last, small) and time - starts[-1] >= SHORTEST):
            starts.append(time)
        last = small
    return np.array(starts)


def _is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    one, other = (np.bincount(x.ravel() // (256 // BINS), minlength=BINS) / x.size for x in (before, after))
    moved = np.abs(before.astype(int) - after.astype(int)).mean() / 255
    return bool(np.abs(one - other).sum() / 2 > CHANGED and moved > MOVED)


def shots_of_file(file: Path, films: list[str]) -> dict[str, np.ndarray]:
    """Read a table with a column of starts in seconds, and one of films where there are several."""
    source = Source(file, "data.shots")
    rows = read_rows(source)
    start = numbers(source, rows, find_column(source, rows, ("start", "time", "seconds")))
    columns = {str(column).strip().lower() for column in rows.columns}
    if not columns & {"film", "file", "source", "path"}:
        if len(films) > 1:
            raise SettingError(
                f"data.shots {file} has no column film, and data.root holds {len(films)} films; say of which each is"
            )
        return {films[0]: np.sort(start)}
    named = texts(source, rows, find_column(source, rows, ("film", "file", "source", "path")))
    for row, name in enumerate(named):
        if name not in films:
            raise source.fault(f"{place(row)}, film", f"one below data.root ({nearest(name, films)})", name)
    return {film: np.sort(start[[name == film for name in named]]) for film in films}
