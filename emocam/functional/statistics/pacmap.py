"""PaCMAP (Wang, Huang, Rudin, Shaposhnik 2021): points of many dimensions in a picture, near ones and far ones kept.

Near pairs attract, middle ones at first, far ones repel; the gradients are in closed form. The library's answers are
of the same quality; it takes 274 MB of compilers and indexes along.
"""

from dataclasses import dataclass
from functools import cached_property
from math import log10

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from emocam.functional.statistics.neighbours import nearest_points

Floats = NDArray[np.floating]
STEPS, RATE = 450, 1.0
SPREAD = 0.01
"""Of the first picture."""
EXTRA = 50
"""Candidates beyond the near pairs, since distances are scaled before the nearest are taken."""
DRAWN = 6
"""By lot, of which the second nearest is a middle pair."""
MOMENTA, LEAST = (0.9, 0.999), 1e-7


@dataclass(frozen=True)
class PointPairs:
    """The other ends (N, n) of each point's near, middle and far pairs."""

    near: Tensor
    middle: Tensor
    far: Tensor

    @cached_property
    def ends(self) -> NDArray[np.int32]:
        """Both ends (2, P) of all pairs: first near ones, then middle, then far."""
        first = [
            np.repeat(np.arange(len(kind)), kind.shape[1]) for kind in (self.near, self.middle, self.far)
        ]
        second = [kind.numpy().ravel() for kind in (self.near, self.middle, self.far)]
        return np.stack([np.concatenate(first), np.concatenate(second)]).astype(np.int32)

    @cached_property
    def sides(self) -> tuple[NDArray[np.int32], sparse.csr_array]:
        """Where each entry of the symmetric matrix (N, N) of pairs has its pair, and the matrix to be filled."""
        count, points = self.ends.shape[1], len(self.near)
        one, other = self.ends
        of = np.arange(count, dtype=np.int32)
        rows, columns = np.concatenate([one, other]), np.concatenate([other, one])
        order = np.lexsort((columns, rows))
        begins = np.searchsorted(rows[order], np.arange(points + 1)).astype(np.int32)
        blank = sparse.csr_array((np.zeros(2 * count), columns[order], begins), (points, points))
        return np.concatenate([of, of])[order], blank


def principal_axes(points: Tensor, count: int) -> Tensor:
    """Return the coordinates (N, count) of points (N, D) along the axes of their greatest variance."""
    centred = points - points.mean(0)
    _, axes = torch.linalg.eigh((centred.T @ centred).double())
    axes = axes.flip(-1)[:, :count].float()
    # of the two ends of an axis the one with the largest entry is positive, on every machine
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    found = centred @ (axes * largest.sign())
    return torch.nn.functional.pad(found, (0, count - found.shape[1]))


def pacmap(points: Tensor, seed: int = 0) -> Tensor:
    """Return a picture (N, 2) of points (N, D)."""
    draws = torch.Generator().manual_seed(seed)
    pairs = draw_pairs(points, draws)
    place: Floats = SPREAD * principal_axes(points, 2).numpy()
    first, second = np.zeros_like(place), np.zeros_like(place)
    for step in range(STEPS):
        slope = slopes(place, pairs, step)
        first += (1 - MOMENTA[0]) * (slope - first)
        second += (1 - MOMENTA[1]) * (np.square(slope) - second)
        rate = RATE * (1 - MOMENTA[1] ** (step + 1)) ** 0.5 / (1 - MOMENTA[0] ** (step + 1))
        place = place - rate * first / (np.sqrt(second) + LEAST)
    return torch.from_numpy(place)


def near_count(points: int) -> int:
    """Return how many near pairs a point has: more where the points are many."""
    return min(10 if points <= 10_000 else round(10 + 15 * (log10(points) - 4)), points - 1)


def draw_pairs(points: Tensor, draws: torch.Generator) -> PointPairs:
    """Find near pairs by scaled distances, and draw middle and far ones."""
    total, near = len(points), near_count(len(points))
    place, square = nearest_points(points, near + EXTRA)
    scale = square[:, 3:6].clamp_min(0).sqrt().mean(-1).clamp_min(1e-10)
    scaled = square / (scale[:, None] * scale[place])
    kept = place.gather(-1, scaled.topk(near, largest=False).indices)
    middle = []
    for _ in range(max(1, near // 2)):
        drawn = _others((total, DRAWN), draws)
        far = (points[:, None] - points[drawn]).square().sum(-1)
        middle.append(drawn.gather(-1, far.argsort(-1)[:, 1:2]))
    return PointPairs(kept, torch.cat(middle, -1), _others((total, 2 * near), draws))


def slopes(place: Floats, pairs: PointPairs, step: int) -> Floats:
    """Return the gradient (N, 2) of the loss at a step, with the weights of its phase."""
    near, middle = phase(step)
    weights = ((pairs.near, near, 10.0), (pairs.middle, middle, 10_000.0), (pairs.far, -1.0, 1.0))
    one, other = pairs.ends
    apart = (place[one] - place[other]).T
    square = 1 + np.square(apart[0]) + np.square(apart[1])
    pull, first = np.empty_like(square), 0
    for kind, weight, constant in weights:
        part = slice(first, first + kind.numel())
        pull[part] = 2 * weight * constant / np.square(constant + square[part])
        first += kind.numel()
    # a point is pulled by each pair that it is an end of: (sum of pulls) y_i - sum of pulls y_j
    of, blank = pairs.sides
    matrix = sparse.csr_array((pull[of], blank.indices, blank.indptr), blank.shape)
    return matrix.sum(1)[:, None] * place - matrix @ place


def phase(step: int) -> tuple[float, float]:
    """Return the weights of near and of middle pairs: middle ones fade in the first hundred steps, then go."""
    if step < 100:
        return 2.0, 1000 * (1 - step / 100) + 3 * step / 100
    return (3.0, 3.0) if step < 200 else (1.0, 0.0)


def _others(shape: tuple[int, int], draws: torch.Generator) -> Tensor:
    """Draw points (N, n) other than the row's own."""
    drawn = torch.randint(shape[0] - 1, shape, generator=draws)
    return drawn + (drawn >= torch.arange(shape[0])[:, None]).long()
