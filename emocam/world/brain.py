"""A planted brain: regions in networks that share noise, some of which rise and fall with a film's emotions.

What observers say of the film, folded with the response of the blood, is in a few regions for each emotion; all have
noise of their own, noise that a network shares, and slow drifts. So it is known which regions tell which emotion, and
in the world without weights that none does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from emocam.functional.dice import Dice
from emocam.world.rules import STANDARD

BRAIN, NULL_BRAIN = "brain", "brain_null"
BRAINS = (BRAIN, NULL_BRAIN)
NETWORKS, MEMBERS = 8, 6
TELLING = (4, 5)
"""Regions that tell an emotion, from and to."""
ON, OFF = (10.0, 40.0), (40.0, 120.0)
"""Seconds of an emotion, and between two."""
OBSERVERS, LATE, MISSED = 5, 2.0, 0.1
SIGNAL = 0.2
"""The variance of a signal, as a share of the noise's."""
LASTING, SHARED = 0.4, 0.5
"""How much noise keeps from one volume to the next, and what share of its variance a network has in common."""
FILMING, CASTING, NOISING = 21, 22, 23
"""Set dice for different purposes apart."""
FINE = 0.5
"""Seconds between the steps at which responses are folded."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class PlantedBrain:
    """Runs of so many volumes, `step` seconds apart, of a seed's brain that sees the film from beginning to end."""

    seed: int
    volumes: Sequence[int]
    step: float
    world: str = BRAIN

    @property
    def seconds(self) -> float:
        """The film's length."""
        return float(sum(self.volumes)) * self.step

    @property
    def regions(self) -> list[str]:
        """Names of regions: a network's letter and a number."""
        return [
            f"{chr(ord('A') + network)}{one + 1}" for network in range(NETWORKS) for one in range(MEMBERS)
        ]

    def episodes(self) -> Iterator[tuple[float, float, str]]:
        """Yield start, end and emotion of each episode of the film."""
        dice = Dice(self.seed, FILMING)
        for emotion in STANDARD.labels:
            start = dice.number(0, OFF[1])
            while start < self.seconds:
                end = min(self.seconds, start + dice.number(*ON))
                yield round(start, 1), round(end, 1), emotion
                start = end + dice.number(*OFF)

    def observed(self) -> Iterator[tuple[float, float, str, str]]:
        """Yield start, end and emotion of what each observer says, and the observer."""
        dice = Dice(self.seed, FILMING, 1)
        for observer in range(1, OBSERVERS + 1):
            for start, end, emotion in self.episodes():
                late = round(dice.number(0, LATE), 1)
                if not dice.chance(MISSED) and start + late < end:
                    yield round(start + late, 1), end, emotion, f"observer {observer}"

    def telling(self, emotions: Sequence[str]) -> dict[str, list[str]]:
        """Return the regions that tell each emotion."""
        dice = Dice(self.seed, CASTING)
        return {emotion: sorted(dice.some(self.regions, dice.whole(*TELLING))) for emotion in emotions}

    @cached_property
    def noise(self) -> Numbers:
        """Noise and drifts of all volumes (T, R), with deviation 1 but for the drifts."""
        volumes, networks = sum(self.volumes), NETWORKS
        thrown = normals(Dice(self.seed, NOISING), volumes, networks + networks * MEMBERS)
        for volume in range(1, volumes):
            thrown[volume] = LASTING * thrown[volume - 1] + np.sqrt(1 - LASTING**2) * thrown[volume]
        common = np.repeat(thrown[:, :networks], MEMBERS, axis=1)
        dice = Dice(self.seed, NOISING, 1)
        own = np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * thrown[:, networks:]
        for region in range(own.shape[1]):
            place, turns = 0, dice.number(0, 2 * np.pi)
            for length in self.volumes:
                along = np.arange(length) / length
                own[place : place + length, region] += np.sin(2 * np.pi * along + turns) + 2 * along
                place += length
        return own

    def series(self, spoken: NDArray[np.bool_], emotions: Sequence[str]) -> list[Numbers]:
        """Return each run's series (T, R) of a film in which emotions are spoken of (W, seconds / FINE)."""
        found = self.noise.copy()
        if self.world == BRAIN:
            telling = self.telling(emotions)
            for row, emotion in zip(spoken, emotions, strict=True):
                signal = standardised(blood_response(row, FINE)[self._places])
                for region in telling[emotion]:
                    found[:, self.regions.index(region)] += np.sqrt(SIGNAL) * signal
        return np.split(found, np.cumsum(self.volumes)[:-1])

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """The fine step in the middle of each volume (T,)."""
        middle = (np.arange(sum(self.volumes)) + 0.5) * self.step
        return np.asarray(np.floor(middle / FINE), np.int64)


def standardised(values: Numbers) -> Numbers:
    """Return values with mean 0 and deviation 1; zeros where they do not change."""
    return np.asarray((values - values.mean()) / (values.std() or 1.0))


def blood_response(spoken: NDArray[np.bool_], step: float) -> Numbers:
    """Return what the blood makes of steps (n,) at which something is on: two gamma curves, as SPM takes them."""
    time = np.arange(0, 32, step)
    # gamma(6) and gamma(16) are the factorials of 5 and 15
    curve = time**5 * np.exp(-time) / 120 - time**15 * np.exp(-time) / 1307674368000 / 6
    return np.asarray(np.convolve(spoken.astype(float), curve)[: len(spoken)] * step)


def normals(dice: Dice, rows: int, columns: int) -> Numbers:
    """Draw normal numbers (rows, columns) from raw integers, by the method of Box and Muller."""
    raw = dice.bits.random_raw(2 * rows * columns)
    thrown = (np.asarray(raw, np.uint64) >> np.uint64(11)).astype(float) * 2.0**-53
    radius, turn = np.split(thrown, 2)
    return np.asarray(np.sqrt(-2 * np.log1p(-radius)) * np.cos(2 * np.pi * turn)).reshape(rows, columns)
