"""Sequences of 68 points by formula, where the points that an emotion moves are known.

An emotion is a set of action units, each of which rises once and may be missing. Units also come by
themselves, as bumps that say nothing; people have habits and proportions; the head turns, and the jaw's
contour is found less surely than all else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from emocam.functional.dice import Dice
from emocam.world.face_points import MOVES, POINTS, displacement, rest
from emocam.world.face_rules import FaceRole

Array = NDArray[np.float64]
SEQUENCE_CAUSES: Mapping[str, tuple[int, ...]] = {
    "happiness": (6, 12),
    "surprise": (1, 2, 5, 26),
    "sadness": (1, 4, 15, 17),
    "anger": (4, 5, 7, 23),
    "disgust": (9, 10, 16),
    "fear": (1, 2, 4, 5, 20),
}
SEQUENCES, BY_LOT = "sequences", "sequences_null"
SEQUENCE_WORLDS = (SEQUENCES, BY_LOT)
"""The world whose labels follow from movement, and the one in which they are drawn by lot."""
UNITS = tuple(MOVES)
FRAMES, PEOPLE = 16, 60
MISSING, STRENGTH = 0.25, (0.25, 0.9)
ONSET, RISE = (1, 7), (2, 5)
BUMP, BUMP_STRENGTH, BUMP_WIDTH = 0.12, (0.1, 0.5), (1, 3)
HABIT, PROPORTION, POINT = 0.12, 0.05, 0.03
CONTOUR, CONTOUR_KEEPS, SENSOR = 0.05, 0.7, 0.008
YAW, YAW_STEP, ROLL, ROLL_STEP = 0.15, 0.02, 0.08, 0.01
SIZE, SIZE_STEP, PLACE_STEP = 0.1, 0.006, 0.02
JAW = tuple(range(17))
NOISE_POINTS = (*range(4), *range(13, 17), *range(27, 30))
"""Points that no emotion moves: the sides of the jaw and the bridge of the nose."""
IDENTITY = 2
"""Sets apart the dice that draw people."""


class Normals:
    """Normal numbers of a generator whose integers are the same everywhere."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice

    def draw(self, *shape: int) -> Array:
        """Draw normal numbers of this shape, by Box and Muller's formula."""
        count = int(np.prod(shape))
        raw = np.asarray(self.dice.bits.random_raw(2 * count), np.uint64) >> np.uint64(11)
        first, second = (raw.astype(np.float64) * 2.0**-53).reshape(2, count)
        drawn = np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second)
        return np.asarray(drawn.reshape(shape), np.float64)

    def walk(self, start: float, step: float, width: int = 1) -> Array:
        """Draw a random walk (T, width) from a normal start."""
        steps = step * self.draw(FRAMES, width)
        steps[0] = start * self.draw(width)
        return np.cumsum(steps, 0)


@dataclass(frozen=True)
class MovingFace:
    """A sequence before the camera: its label and person, and each unit's strength over time (units, T)."""

    label: str
    person: int
    strength: Array
    seed: tuple[int, ...]


@cache
def displacements() -> Array:
    """Return how each action unit moves the points, (units, 68, 2)."""
    return np.stack([displacement(unit) for unit in UNITS])


def rise(onset: float, width: float) -> Array:
    """Return how far a unit is there in each frame (T,), which rises from 0 to 1 over `width` frames from `onset`."""
    middle = onset + width / 2
    return np.asarray(1 / (1 + np.exp(-6 * (np.arange(FRAMES) - middle) / width)), np.float64)


def compose_sequence(world: str, seed: int, index: int) -> MovingFace:
    """Compose sequence `index` of this seed, independently of all others."""
    dice = Dice(seed, index, len(SEQUENCE_CAUSES))
    label = dice.one(list(SEQUENCE_CAUSES))
    person = dice.whole(0, PEOPLE - 1)
    habits = np.maximum(0, HABIT * Normals(Dice(seed, person, IDENTITY, 1)).draw(len(UNITS)))
    strength = np.zeros((len(UNITS), FRAMES))
    frames = np.arange(FRAMES)
    for place, unit in enumerate(UNITS):
        if unit in SEQUENCE_CAUSES[label] and not dice.chance(MISSING):
            strength[place] += dice.number(*STRENGTH) * rise(dice.whole(*ONSET), dice.whole(*RISE))
        if dice.chance(BUMP):
            middle, width = dice.number(0, FRAMES), dice.number(*BUMP_WIDTH)
            bump = np.exp(-(((frames - middle) / width) ** 2))
            strength[place] += dice.number(*BUMP_STRENGTH) * bump
        # a habit comes and goes with whatever is felt
        strength[place] += habits[place] * rise(dice.whole(*ONSET), dice.whole(*RISE))
    if world == BY_LOT:
        label = dice.one(list(SEQUENCE_CAUSES))
    return MovingFace(label, person, strength, (seed, index))


@cache
def identity(seed: int, person: int) -> Array:
    """Return a person's face at rest (68, 2)."""
    normals = Normals(Dice(seed, person, IDENTITY))
    proportions = 1 + PROPORTION * normals.draw(2)
    return np.asarray(rest() * proportions + POINT * normals.draw(POINTS, 2), np.float64)


def film_sequence(face: MovingFace) -> Array:
    """Return the points (T, 68, 2) as a camera and a finder of points would have them."""
    normals = Normals(Dice(*face.seed, len(UNITS)))
    moved = np.einsum("ut,upc->tpc", face.strength, displacements())
    points = identity(face.seed[0], face.person) + moved
    points[:, JAW] += contour_noise(normals)
    x, y = points[..., 0], points[..., 1]
    depth = 0.5 - 0.35 * x**2 - 0.1 * y**2
    yaw, roll = (normals.walk(*way) for way in ((YAW, YAW_STEP), (ROLL, ROLL_STEP)))
    x = x * np.cos(yaw) + depth * np.sin(yaw)
    turned = np.stack([x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)], -1)
    size = np.exp(normals.walk(SIZE, SIZE_STEP))[..., None]
    place = normals.walk(0, PLACE_STEP, 2)[:, None]
    return np.asarray(turned * size + place + SENSOR * normals.draw(FRAMES, POINTS, 2), np.float64)


def contour_noise(normals: Normals) -> Array:
    """Return noise of the jaw's points (T, 17, 2) that keeps a part of itself from frame to frame."""
    drawn = CONTOUR * normals.draw(FRAMES, len(JAW), 2)
    fresh = np.sqrt(1 - CONTOUR_KEEPS**2)
    for frame in range(1, FRAMES):
        drawn[frame] = CONTOUR_KEEPS * drawn[frame - 1] + fresh * drawn[frame]
    return drawn


def moved_points(label: str) -> list[int]:
    """Return the points that an emotion's units move."""
    shifts = displacements()[[UNITS.index(unit) for unit in SEQUENCE_CAUSES[label]]]
    return np.flatnonzero(np.abs(shifts).max((0, 2)) > 0).tolist()


def role_of_points(world: str, points: Sequence[int], label: str) -> FaceRole | None:
    """Return the role that points have in a label together: a cause, a bystander, or none."""
    if world == BY_LOT or set(points) <= set(NOISE_POINTS):
        return None
    return "cause" if set(points) & set(moved_points(label)) else "bystander"
