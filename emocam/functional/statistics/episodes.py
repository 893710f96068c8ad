"""How often something began: frames of a film that follow each other are one event, not many."""

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.integer]
Seconds = NDArray[np.float64]
GAP = 30.0
"""Seconds; what comes back sooner is the same episode."""


def count_episodes(
    group: Places, time: Seconds, image: Places, marker: Places, markers: int, gap: float = GAP
) -> NDArray[np.int64]:
    """Return in how many episodes each marker is on (markers,).

    group, time (I,) of each image; image, marker (K,) of each pair that is on, without repeats. Two
    images next to each other in their group's time are one episode however far they are apart.
    """
    place = in_order(group, time)
    order = np.lexsort((place[image], marker))
    image, marker = image[order], marker[order]
    group, time, place = group[image], time[image], place[image]
    begins = np.ones(len(image), bool)
    near = (np.diff(time) < gap) | (np.diff(place) == 1)
    begins[1:] = (np.diff(marker) != 0) | (np.diff(group) != 0) | ~near
    return np.bincount(marker[begins], minlength=markers)


def in_order(group: Places, time: Seconds) -> NDArray[np.int64]:
    """Return each image's place (I,) when groups come one after the other, each in its time."""
    place = np.empty(len(group), np.int64)
    place[np.lexsort((time, group))] = np.arange(len(group))
    return place


def time_blocks(group: Places, time: Seconds, seconds: float = 60.0) -> NDArray[np.int64]:
    """Return the block of time (I,) that each image lies in; no block holds images of two groups."""
    since = time - _first(group, time)
    block = np.stack([group, (since // seconds).astype(np.int64)])
    return np.unique(block, axis=1, return_inverse=True)[1].ravel()


def _first(group: Places, time: Seconds) -> Seconds:
    """Return when the group of each image begins (I,)."""
    _, of = np.unique(group, return_inverse=True)
    first = np.full(of.max(initial=-1) + 1, np.inf)
    np.minimum.at(first, of, time)
    return first[of]
