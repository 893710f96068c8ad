"""The 68 points of a drawn face, and the action units that move them.

Lengths are in units of the distance between the eyes' centres, which lie at (-.5, 0) and (.5, 0); y points
down. Points are in iBUG's order: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, outer lips 48-59, inner
lips 60-67. The person's right is on the left of the picture.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(p, 2), x and y."""
POINTS = 68

MIRROR = [
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
]
"""The point that each becomes in a mirror."""
MIRRORING = np.array([-1.0, 1.0])

Shift = tuple[float, float]
MOVES: dict[int, dict[tuple[int, ...], Shift]] = {
    1: {(21, 22): (0, -0.12), (20, 23): (0, -0.07)},
    2: {(18, 25): (0, -0.11), (17, 26): (0, -0.08), (19, 24): (0, -0.07)},
    4: {(21,): (0.05, 0.08), (20,): (0.03, 0.07), (19,): (0, 0.05), (18,): (0, 0.03)},
    5: {(37, 38, 43, 44): (0, -0.04)},
    6: {(41, 46): (0, -0.035), (40, 47): (0, -0.03), (36, 39): (0, -0.01)},
    7: {(37, 38, 43, 44): (0, 0.015), (40, 41, 46, 47): (0, -0.025)},
    9: {(31,): (-0.02, -0.05), (32, 33, 34): (0, -0.06), (30, 50, 52): (0, -0.03), (21, 22): (0, 0.03)},
    10: {(50, 52): (0, -0.06), (51, 61, 62, 63): (0, -0.05)},
    12: {(48,): (-0.09, -0.10), (49,): (-0.05, -0.05), (59,): (-0.05, -0.04), (60,): (-0.08, -0.09)},
    15: {(48,): (-0.02, 0.09), (59,): (0, 0.05), (60,): (-0.01, 0.07)},
    16: {(57,): (0, 0.07), (56, 58): (0, 0.06), (65, 66, 67): (0, 0.05)},
    17: {(57,): (0, -0.04), (56, 58): (0, -0.03), (8,): (0, -0.05), (7, 9): (0, -0.04)},
    20: {(48,): (-0.11, 0.02), (49, 59): (-0.05, 0), (60,): (-0.09, 0.01)},
    23: {(48,): (0.05, 0), (50, 51, 52): (0, 0.03), (56, 57, 58): (0, -0.03)},
    26: {
        (56, 57, 58, 65, 66, 67): (0, 0.14),
        (55, 59): (0, 0.10),
        (6, 7, 8, 9, 10): (0, 0.13),
        (4, 5, 11, 12): (0, 0.06),
    },
}
"""How far each action unit, fully there, moves points; a mirrored point moves mirrored, unless it is named."""


@cache
def rest() -> Points:
    """Return the face at rest (68, 2)."""
    t = np.linspace(np.pi, 0, 17)
    jaw = np.stack([1.05 * np.cos(t), 0.15 + 1.35 * np.sin(t) * (0.6 + 0.4 * np.sin(t))], 1)
    u = np.linspace(0, 1, 5)
    arch = -0.30 - 0.10 * np.sin(np.pi * (0.25 + 0.5 * u))
    bridge = np.stack([np.zeros(4), np.linspace(-0.02, 0.50, 4)], 1)
    base = np.stack([np.linspace(-0.22, 0.22, 5), 0.62 + 0.05 * np.array([0, 0.7, 1, 0.7, 0])], 1)
    eye = np.array([(-0.2, 0), (-0.08, -0.07), (0.08, -0.07), (0.2, 0), (0.08, 0.06), (-0.08, 0.06)])
    outer = [(-0.42, 0), (-0.26, -0.09), (-0.10, -0.13), (0, -0.11), (0.10, -0.13), (0.26, -0.09)]
    outer += [(0.42, 0), (0.26, 0.12), (0.10, 0.17), (0, 0.18), (-0.10, 0.17), (-0.26, 0.12)]
    inner = [(-0.36, 0), (-0.12, -0.03), (0, -0.02), (0.12, -0.03), (0.36, 0)]
    inner += [(0.12, 0.03), (0, 0.04), (-0.12, 0.03)]
    brows = [np.stack([first + 0.64 * u, arch], 1) for first in (-0.86, 0.22)]
    eyes = [eye + np.array((side, 0)) for side in (-0.5, 0.5)]
    mouth = np.array([*outer, *inner]) + np.array((0, 1.0))
    points = np.concatenate([jaw, *brows, bridge, base, *eyes, mouth])
    points.setflags(write=False)
    return points


@cache
def displacement(unit: int) -> Points:
    """Return how an action unit that is fully there moves the points (68, 2)."""
    named = {point for points in MOVES[unit] for point in points}
    moved = np.zeros((POINTS, 2))
    for points, (x, y) in MOVES[unit].items():
        for point in points:
            moved[point] = x, y
            if MIRROR[point] not in named:
                moved[MIRROR[point]] = -x, y
    moved.setflags(write=False)
    return moved


def displaced(points: Points, units: Mapping[int, float]) -> Points:
    """Return the points (68, 2) moved by action units, each by the strength that it has."""
    return points + sum((strength * displacement(unit) for unit, strength in units.items()), np.zeros(2))


def mirrored(points: Points) -> Points:
    """Return the points (68, 2) of the face in a mirror."""
    return points[MIRROR] * MIRRORING
