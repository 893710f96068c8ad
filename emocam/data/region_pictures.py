"""A volume as a picture: a bar a region, below the frame of the film that was seen where there is one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from emocam.data.film import FILM_SUFFIXES, FilmIndex, index_film, open_frame
from emocam.data.image_file import open_upright, within_root
from emocam.errors import SettingError
from emocam.settings.read_files import noted

SIDE = (480, 270)
BARS = 1 / 3
"""The share of a picture's height that bars take below a frame."""
HIGHEST = 3.0
"""Deviations that fill half of the height."""
PAPER, LINE, UP, DOWN = (250, 250, 248), (190, 190, 186), (178, 96, 64), (74, 108, 150)
PICTURES = (".jpg", ".jpeg", ".png")
SECOND = re.compile(r"\d+(?:\.\d+)?(?=\D*$)")
"""The last number of a file's name: the second that a frame shows."""
MOST_PIXELS = 40_000_000


@dataclass
class Frames:
    """Frames of a film: the film itself, or a folder of pictures whose names end in the second that they show."""

    place: Path
    _index: FilmIndex | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not self.place.exists():
            raise SettingError(
                f"data.frames must be a film or a folder of frames, and there is none at {self.place}"
            )
        if self.place.is_dir() and not self.files:
            raise SettingError(
                f"data.frames {self.place} holds no picture whose name ends in a second, such as frame-12.5.jpg"
            )
        if self.place.is_file() and self.place.suffix.lower() not in FILM_SUFFIXES:
            raise SettingError(f"data.frames {self.place} is no film, and no folder of frames")

    @cached_property
    def files(self) -> dict[float, Path]:
        """The pictures by their seconds, in order."""
        named = {
            float(found[0]): file
            for file in self.place.iterdir()
            if file.suffix.lower() in PICTURES and (found := SECOND.search(file.stem))
        }
        return dict(sorted(named.items()))

    def at(self, second: float) -> Image.Image | None:
        """Return what is shown at a second, the last frame that began by then; None before the first."""
        times = self._times
        place = int(np.searchsorted(times, second + 1e-6, side="right")) - 1
        if place < 0:
            return None
        if self.place.is_dir():
            return open_upright(within_root(self.place, self.files[float(times[place])].name), MOST_PIXELS)[0]
        return open_frame(self.place, float(times[place]), MOST_PIXELS, self._index)

    @cached_property
    def _times(self) -> NDArray[np.float64]:
        if self.place.is_dir():
            return np.array(list(self.files))
        self._index = index_film(noted(self.place))
        return self._index.times


def region_boxes(regions: int, framed: bool) -> NDArray[np.float32]:
    """Return where each region's bar stands (R, 4)."""
    edges = np.arange(regions + 1) / regions
    top = np.full(regions, 1 - BARS if framed else 0.0)
    return np.stack([edges[:-1], top, edges[1:], np.ones(regions)], 1).astype(np.float32)


def draw_volume(values: Sequence[float], frame: Image.Image | None, framed: bool) -> Image.Image:
    """Draw a volume's values, in deviations, as bars, below a frame where the run has frames."""
    width, height = SIDE
    image = Image.new("RGB", SIDE, PAPER)
    pencil = ImageDraw.Draw(image)
    top = round(height * (1 - BARS)) if framed else 0
    if framed:
        image.paste((24, 24, 24), (0, 0, width, top))
    if frame is not None:
        scale = min(width / frame.width, top / frame.height)
        shown = frame.convert("RGB").resize(
            (max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
        )
        image.paste(shown, ((width - shown.width) // 2, (top - shown.height) // 2))
    middle, half = (top + height) / 2, (height - top) / 2
    edges = np.arange(len(values) + 1) / len(values) * width
    for place, value in enumerate(values):
        reach = middle - half * float(np.clip(value / HIGHEST, -1, 1))
        inside = min(1.0, (edges[1] - edges[0]) / 6)
        box = (edges[place] + inside, min(middle, reach), edges[place + 1] - inside, max(middle, reach))
        pencil.rectangle(box, fill=UP if value > 0 else DOWN)
    pencil.line((0, middle, width, middle), fill=LINE)
    return image
