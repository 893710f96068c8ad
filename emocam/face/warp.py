"""A canonical face: what is seen in many faces, drawn in one, by triangles between their points.

The canonical face is the mean of the faces themselves, each moved, turned and sized to the first (Cootes and
others 1995). Beyond the outermost points triangles go on to a frame that is carried along with the face.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.spatial import Delaunay

Numbers = NDArray[np.float64]
FRAME = 0.12
"""How far the frame reaches beyond the points, in sides of their box."""
SIDE = 96
"""Pixels along the drawn canonical face."""


def mean_face(points: Numbers) -> Numbers:
    """Return the mean of faces' points (F, P, 2) in the unit square (P, 2), with the frame's room around it."""
    face = points[0]
    for _ in range(2):  # the first face's own shape goes with the second pass
        aligned = [move_onto(one, face)[0] for one in points]
        face = np.mean(aligned, 0)
    low, high = face.min(0), face.max(0)
    size = float((high - low).max()) * (1 + 2 * FRAME)
    return np.asarray((face - (low + high) / 2) / size + 0.5)


def move_onto(points: Numbers, other: Numbers) -> tuple[Numbers, Numbers]:
    """Return points (P, 2) moved, turned and sized onto others, and the matrix (2, 3) of that move."""
    middle, middle_other = points.mean(0), other.mean(0)
    a, b = points - middle, other - middle_other
    # a similarity is one complex factor
    one, two = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    factor = (np.conj(one) @ two) / max(float((np.abs(one) ** 2).sum()), 1e-12)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    shift = middle_other - turn @ middle
    return points @ turn.T + shift, np.concatenate([turn, shift[:, None]], 1)


@dataclass(frozen=True)
class FaceWarp:
    """The way from each pixel of the canonical face (P, 2) to a place in any face's picture."""

    template: Numbers
    side: int = SIDE

    @property
    def frame(self) -> Numbers:
        """The corners and the middles of the sides of the canonical picture (8, 2)."""
        at = (0.0, 0.5, 1.0)
        return np.array([(x, y) for y in at for x in at if (x, y) != (0.5, 0.5)])

    @cached_property
    def triangles(self) -> NDArray[np.int32]:
        """The corners (T, 3) of triangles between the points and the frame."""
        return np.asarray(self._mesh.simplices)

    @cached_property
    def _mesh(self) -> "Delaunay":
        from scipy.spatial import Delaunay  # takes a while to import, and runs without faces need it not

        return Delaunay(np.concatenate([self.template, self.frame]))

    @cached_property
    def _shares(self) -> tuple[NDArray[np.int32], Numbers]:
        """The corners (S, 3) of the triangle around each pixel, and how near it is to each of them (S, 3)."""
        at = (np.arange(self.side) + 0.5) / self.side
        pixels = np.stack(np.meshgrid(at, at), -1).reshape(-1, 2)
        triangle = self._mesh.find_simplex(pixels)
        transform = self._mesh.transform[triangle]
        two = np.einsum("nij,nj->ni", transform[:, :2], pixels - transform[:, 2])
        return self.triangles[triangle], np.concatenate([two, 1 - two.sum(1, keepdims=True)], 1)

    def places(self, points: Numbers) -> Numbers:
        """Return where each pixel of the canonical face is in the picture of a face with points (P, 2): (S, 2)."""
        corners, shares = self._shares
        _, matrix = move_onto(self.template, points)
        frame = self.frame @ matrix[:, :2].T + matrix[:, 2]
        everything = np.concatenate([points, frame])
        return np.asarray((everything[corners] * shares[..., None]).sum(1))
