"""Eye movements from files: fixations or raw samples, a file or a folder with one for each observer.

Recognised by content: BIDS events (`onset`, `duration`, `label`, `start_x` ...), raw samples of BIDS (four columns
without a header, gzipped, a thousand a second), and any table with `x`, `y` and an image or a time.
"""

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.data.annotations.gaze.settings import GazeSettings
from emocam.data.annotations.rows import find_column, numbers, read_rows, texts
from emocam.data.annotations.source import Source, files_ending
from emocam.errors import SettingError
from emocam.records.fixations import Fixations
from emocam.settings.read_files import noted

IMAGE = ("image", "path", "file", "filename", "picture", "stimulus")
TIME = ("onset", "time", "timestamp", "start")
OBSERVER = ("observer", "subject", "participant", "person")
LOOKS = ("FIXA", "PURS")
"""Of the published events: fixations and pursuit; what lies between them sees nothing."""
SAMPLES = 1000
"""A second, of raw samples."""
MOST_MB = 2048
FILMS = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".m4v")
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".gz")


@dataclass(frozen=True)
class Looks:
    """The rows of one file, in the screen's units; NaN where an eye was shut.

    `size` (n, 2) is the picture's width and height, where the table says so.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    size: NDArray[np.float64] | None
    seconds: NDArray[np.float64]
    observer: list[str] | None
    image: list[str] | None
    onset: NDArray[np.float64] | None


def read_fixations(path: str | Path, settings: GazeSettings, setting: str) -> Fixations:
    """Read all looks; what lies outside of the picture, and blinks, are left out and counted in the notes."""
    path = Path(path).expanduser()
    files = gaze_files(path, setting)
    found = [(file, read_looks(file, setting)) for file in files]
    kinds = {looks.image is None for _, looks in found}
    if len(kinds) > 1:
        raise SettingError(
            f"{setting} {path}: some files name images and others times; keep one kind in a folder"
        )
    placed = [within_picture(looks, settings.frame, f"{setting} {file}") for file, looks in found]
    place, aspect = (np.concatenate(part) for part in zip(*placed, strict=True))
    seconds = np.concatenate([looks.seconds for _, looks in found])
    kept, notes = kept_looks(place, seconds, f"{setting} {path}", setting)
    who = [looks.observer or [file.name.split(".")[0]] * len(looks.x) for file, looks in found]
    observer, observers = pd.factorize(np.array([name for part in who for name in part], object))
    images = [looks.image for _, looks in found if looks.image is not None]
    onsets = [looks.onset for _, looks in found if looks.onset is not None]
    image = np.array([name for part in images for name in part], object)[kept] if images else None
    onset = np.concatenate(onsets)[kept] if onsets else None
    return Fixations(
        place[kept],
        seconds[kept],
        observer[kept],
        [str(name) for name in observers],
        aspect[kept],
        image,
        onset,
        notes,
    )


def kept_looks(
    place: NDArray[np.float64], seconds: NDArray[np.float64], where: str, setting: str
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which looks (n,) are at the picture, and what a person should be told of the others."""
    shut = np.isnan(place).any(1)
    off = ~shut & ~((place >= 0) & (place <= 1)).all(1)
    none = ~shut & ~off & ~(seconds > 0)
    counts = {"without an eye": shut.sum(), "outside of the picture": off.sum(), "of no length": none.sum()}
    notes = [
        f"{setting}: {n:,} of {len(place):,} looks are {word}, and left out"
        for word, n in counts.items()
        if n
    ]
    kept = ~shut & ~off & ~none
    if not kept.any():
        raise SettingError(
            f"{where}: no look lies within the picture; is gaze.frame right? {'; '.join(notes)}"
        )
    return kept, notes


def gaze_files(path: Path, setting: str) -> list[Path]:
    """Return the file, or those of a folder in their order."""
    if path.is_file():
        return [path]
    files = [file for file in files_ending(path, *SUFFIXES) if file.is_file()] if path.is_dir() else []
    if not files:
        raise SettingError(
            f"{setting} must be a table of eye movements or a folder of them, and there is none at {path}"
        )
    return files


def read_looks(file: Path, setting: str) -> Looks:
    """Read one file by what its first line says."""
    source = Source(file, setting)
    if file.suffix.lower() == ".gz":
        return read_samples(source)
    rows = read_rows(source)
    columns = {str(column).strip().lower() for column in rows.columns}
    return (
        read_events(source, rows)
        if {"start_x", "start_y", "end_x", "end_y"} <= columns
        else read_table(source, rows)
    )


def read_events(source: Source, rows: pd.DataFrame) -> Looks:
    """Read events of eye movements: a look is in the middle between its start and its end."""
    if "label" in rows.columns:
        rows = rows[rows["label"].astype(str).str.strip().isin(LOOKS)].reset_index(drop=True)
    column = {
        name: numbers(source, rows, name, empty=True) for name in ("start_x", "end_x", "start_y", "end_y")
    }
    x = (column["start_x"] + column["end_x"]) / 2
    y = (column["start_y"] + column["end_y"]) / 2
    return Looks(x, y, _size(source, rows), *_rest(source, rows))


def read_table(source: Source, rows: pd.DataFrame) -> Looks:
    """Read any table with columns x and y."""
    x, y = (numbers(source, rows, find_column(source, rows, [name]), empty=True) for name in ("x", "y"))
    return Looks(x, y, _size(source, rows), *_rest(source, rows))


def _size(source: Source, rows: pd.DataFrame) -> NDArray[np.float64] | None:
    names = {str(column).strip().lower() for column in rows.columns}
    if not {"width", "height"} <= names:
        return None
    return np.stack(
        [numbers(source, rows, find_column(source, rows, [name])) for name in ("width", "height")], 1
    )


def _rest(
    source: Source, rows: pd.DataFrame
) -> tuple[NDArray[np.float64], list[str] | None, list[str] | None, NDArray[np.float64] | None]:
    """Return how long each look lasted, who looked, at which image, and when; a duration that is missing is one."""
    names = {str(column).strip().lower() for column in rows.columns}
    seconds = np.ones(len(rows))
    if "duration" in names:
        seconds = numbers(source, rows, find_column(source, rows, ["duration"]))
    observer = texts(source, rows, find_column(source, rows, OBSERVER)) if names & set(OBSERVER) else None
    image = texts(source, rows, find_column(source, rows, IMAGE)) if names & set(IMAGE) else None
    timed = image is None or (
        names & set(TIME) and any(Path(name).suffix.lower() in FILMS for name in set(image))
    )
    return seconds, observer, image, numbers(source, rows, find_column(source, rows, TIME)) if timed else None


def read_samples(source: Source) -> Looks:
    """Read raw samples: x, y, pupil, frame, without a header; a sample lasts its share of a second."""
    try:
        source.check_file()
        with noted(source.file).open("rb") as packed, gzip.open(packed) as opened:
            text = opened.read((MOST_MB << 20) + 1)
        if len(text) > MOST_MB << 20:
            raise SettingError(f"{source.setting} {source.file} must unpack to at most {MOST_MB} MB")
        rows = pd.read_csv(
            io.BytesIO(text), sep="\t", header=None, dtype=np.float64, na_values=["n/a", "NaN"]
        )
    except SettingError:
        raise
    except Exception as error:  # gzip's and pandas' own kinds
        raise source.unreadable("samples of an eye tracker: x, y and more, a line a sample", error) from None
    if rows.shape[1] < 2:
        raise source.fault("each line", "x, y and more, parted by tabs", rows.iloc[0].tolist())
    x, y = (rows[column].to_numpy() for column in (0, 1))
    return Looks(x, y, None, np.full(len(x), 1 / SAMPLES), None, None, np.arange(len(x)) / SAMPLES)


def within_picture(
    looks: Looks, frame: Sequence[float] | None, where: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places (n, 2) in [0, 1] of the picture, and its aspect (n,).

    A frame says where the picture stood on the screen; else its size is in the table, or places are shares already.
    """
    x, y = looks.x, looks.y
    if frame is not None:
        x0, y0, x1, y1 = (float(value) for value in frame)
        return np.stack([(x - x0) / (x1 - x0), (y - y0) / (y1 - y0)], 1), np.full(
            len(x), (x1 - x0) / (y1 - y0)
        )
    if looks.size is not None:
        return np.stack([x, y], 1) / looks.size, looks.size[:, 0] / looks.size[:, 1]
    seen = np.isfinite(x) & np.isfinite(y)
    if seen.any() and max(np.abs(x[seen]).max(), np.abs(y[seen]).max()) > 2:
        raise SettingError(
            f"{where}: x goes to {x[seen].max():g} and y to {y[seen].max():g}, which are no shares of a picture; "
            "gaze.frame=[x0,y0,x1,y1] says where the picture stood on the screen, or columns width and height how "
            "large each picture is"
        )
    return np.stack([x, y], 1), np.ones(len(x))
