"""The frames of a run's films that overlay.mp4 shows, and at which of its seconds: one film after another."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emocam.data.address import Address
from emocam.data.base import Data
from emocam.data.faces import Faces
from emocam.data.film import FilmIndex, index_film, open_frame
from emocam.data.image_file import within_root
from emocam.data.planted import Planted
from emocam.data.video import Video, sampled
from emocam.errors import SettingError
from emocam.records.timeline import usual_step
from emocam.world.film import SOURCE

BREAK = 0.5
"""Seconds for which the last frame of a film stays, at least, before the next film begins."""


@dataclass(frozen=True)
class FilmFrames:
    """A film, its frames that are shown by their seconds (n,), where in overlay.mp4 they begin, and what opens one."""

    source: str
    times: NDArray[np.float64]
    begins: float
    open: Callable[[float], Image.Image]

    @property
    def shown(self) -> NDArray[np.float64]:
        """The second (n,) of overlay.mp4 at which each frame is seen: the film's own steps between them."""
        return self.begins + (self.times - self.times[0] if len(self.times) else self.times)

    @cached_property
    def ends(self) -> float:
        """The second at which the next film begins."""
        return float(self.shown[-1] + max(BREAK, usual_step(self.times)))

    def shown_at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the seconds of overlay.mp4 at which frames of these times (m,) are seen; NaN for others."""
        place = np.searchsorted(self.times, times - 1e-7).clip(max=len(self.times) - 1)
        return np.where(np.abs(self.times[place] - times) < 1e-6, self.shown[place], np.nan)


def film_frames(data: Data | None, source: list[str], time: NDArray[np.float64]) -> list[FilmFrames]:
    """Return the films of rows, each with a source and a time (N,); none where their files are gone.

    Frames in which no face was found are shown as well, up to the last one of which there is a row where
    the run has but a part of the films.
    """
    if isinstance(data, Planted) and data.film is not None:
        drawn = [film for film in dict.fromkeys(source) if film == SOURCE]
        return [FilmFrames(film, np.unique(time), 0.0, partial(_drawn_frame, data)) for film in drawn]
    if not isinstance(data, Video | Faces):
        return []
    films: list[FilmFrames] = []
    names = np.array(source, object)
    for film in dict.fromkeys(source):
        file, index = _film_of(data, film)
        if index is None:
            continue
        times = np.unique(time[names == film])
        if isinstance(data, Faces):
            every = index.times[sampled(index.times, data.every)]
            if data.limit is not None or data.shard is not None:
                every = every[(every >= times[0]) & (every <= times[-1])]
            times = np.unique(np.concatenate([times, every]))
        begins = films[-1].ends if films else 0.0
        opened = partial(open_frame, file, max_pixels=data.max_pixels, index=index)
        films.append(FilmFrames(film, times, begins, opened))
    return films


def _drawn_frame(data: Planted, time: float) -> Image.Image:
    return data.open(str(Address(SOURCE, time))).image


def _film_of(data: Video | Faces, film: str) -> tuple[Path, FilmIndex | None]:
    """Return a film's file and its index; None where it cannot be read any more."""
    file = Path(data.root or ".") / film
    try:
        file = within_root(Path(data.root or "."), film, data.follow_links)
        return file, index_film(file)
    except SettingError:
        raise
    except Exception:  # gone, or changed, since the run
        return file, None
