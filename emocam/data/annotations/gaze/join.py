"""Which looks belong to which picture: by the picture's path, or by the time of a film's frame."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from emocam.data.address import read_address
from emocam.errors import SettingError
from emocam.records.fixations import Fixations

Places = NDArray[np.int64]
Floats = NDArray[np.float64]


def looks_of(
    fixations: Fixations, images: Sequence[str], seconds: float, setting: str
) -> tuple[Places, Places, Floats]:
    """Return images' places, looks' places and how long each lasted there (m,); frames stand for so many `seconds`.

    A look that spans several frames belongs to each for as long as it lasts there.
    """
    if fixations.onset is None:
        assert fixations.image is not None
        image, look = by_path(fixations.image, images)
        return image, look, fixations.seconds[look]
    addresses = [read_address(image) for image in images]
    times = np.array([np.nan if address.time is None else address.time for address in addresses], float)
    if np.isnan(times).any():
        first = images[int(np.isnan(times).argmax())]
        raise SettingError(
            f"{setting} names times, and pictures of this run have none, such as {first}; "
            "a column image says which picture each look belongs to, or the run is one over films (data=video)"
        )
    films = np.array([address.file for address in addresses], object)
    parts = [_of_film(fixations, film, films, times, seconds) for film in dict.fromkeys(films.tolist())]
    image, look, lasted = (np.concatenate(column) for column in zip(*parts, strict=True))
    return image, look, lasted


def check_films(fixations: Fixations, films: Collection[str], setting: str) -> None:
    """Refuse times that do not say of which film they are, where there are several."""
    if fixations.onset is not None and fixations.image is None and len(films) > 1:
        raise SettingError(
            f"{setting} does not say of which film its times are, and there are several; add a column image"
        )


def _of_film(
    fixations: Fixations, film: str, films: NDArray[np.object_], times: Floats, seconds: float
) -> tuple[Places, Places, Floats]:
    own, looks = np.flatnonzero(films == film), np.arange(len(fixations))
    if fixations.image is not None:
        named = {film, film.rpartition("/")[2], film.rpartition("/")[2].rpartition(".")[0]}
        looks = np.flatnonzero([str(name) in named for name in fixations.image])
    assert fixations.onset is not None
    image, look, lasted = by_time(fixations.onset[looks], fixations.seconds[looks], times[own], seconds)
    return own[image], looks[look], lasted


def by_path(named: NDArray[np.object_], images: Sequence[str]) -> tuple[Places, Places]:
    """Join by the whole path, or by the file's name where only that is given and one picture has it."""
    known = {image: place for place, image in enumerate(images)}
    last: dict[str, int | None] = {}
    for place, image in enumerate(images):
        name = image.rpartition("/")[2]
        last[name] = None if name in last else place
    places = [known.get(str(name), last.get(str(name))) for name in named]
    found = np.array([place is not None for place in places], bool)
    return np.array([place for place in places if place is not None], np.int64), np.flatnonzero(found)


def by_time(onset: Floats, lasting: Floats, times: Floats, seconds: float) -> tuple[Places, Places, Floats]:
    """Join looks to the frames at `times`, each of which stands for so many `seconds` around it."""
    order = np.argsort(times, kind="stable")
    ordered, half = times[order], seconds / 2
    first = np.searchsorted(ordered, onset - half, side="right")
    last = np.searchsorted(ordered, onset + lasting + half, side="left")
    count = np.maximum(last - first, 0)
    look = np.repeat(np.arange(len(onset)), count)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    frame = np.repeat(first, count) + nth
    middle = ordered[frame]
    end, begin = onset[look] + lasting[look], onset[look]
    return order[frame], look, np.minimum(end, middle + half) - np.maximum(begin, middle - half)
