"""Who is near whom, in a space of features and in a picture of it, and what the picture tells wrongly.

Trustworthiness and continuity are those of Venna and Kaski (2001), the intrinsic dimension is TwoNN's
(Facco et al. 2017). Distances are those of blocks, so that nothing of N x N is ever held, and the ranks are
those around anchors, which a seed draws where the points are many.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

NEAREST = 15
"""Neighbours that are compared."""
MOST_ANCHORS = 2_000
BLOCK = 256
LEFT_OUT = 0.1
"""Of the largest ratios of distances, from which no dimension is read."""


@dataclass(frozen=True)
class Faithfulness:
    """How a picture keeps its space: 1 is all, and `overlap` is the share of neighbours that both have."""

    trustworthiness: float
    continuity: float
    overlap: float
    distances: float


def squared_distances(points: Tensor, to: Tensor) -> Tensor:
    """Return squared distances (n, N) of points (n, D) to others (N, D)."""
    both = points.square().sum(-1)[:, None] + to.square().sum(-1)
    return torch.addmm(both, points, to.T, alpha=-2).clamp_min_(0)


def nearest_points(points: Tensor, count: int, block: int = BLOCK) -> tuple[Tensor, Tensor]:
    """Return the places (N, count) of the points nearest to each of points (N, D), and their squared distances."""
    places, squares = [], []
    for first in range(0, len(points), block):
        part = points[first : first + block]
        square = squared_distances(part, points)
        square[torch.arange(len(part)), torch.arange(first, first + len(part))] = torch.inf
        near, place = square.topk(min(count, len(points) - 1), largest=False)
        places.append(place)
        squares.append(near)
    return torch.cat(places), torch.cat(squares)


def anchors(points: int, most: int = MOST_ANCHORS, seed: int = 0) -> Tensor:
    """Return the places of at most so many points, in their order."""
    draws = torch.Generator().manual_seed(seed)
    return torch.randperm(points, generator=draws)[:most].sort().values


def faithfulness(space: Tensor, picture: Tensor, around: Tensor, count: int = NEAREST) -> Faithfulness:
    """Return how points (N, 2) of a picture keep those of a space (N, D), around the anchors (A,)."""
    space, picture = space.double(), picture.double()
    count = min(count, max(1, (len(space) - 1) // 2))
    strangers = lost = shared = 0.0
    distances = []
    for part in around.split(BLOCK):
        true, drawn = (_from_others(points, part) for points in (space, picture))
        near, shown = (square.topk(count, largest=False).indices for square in (true, drawn))
        strangers += float((_ranks(true, shown) - count).clamp_min(0).sum())
        lost += float((_ranks(drawn, near) - count).clamp_min(0).sum())
        shared += float((near[:, :, None] == shown[:, None]).sum())
        distances.append(torch.stack([true[:, around], drawn[:, around]])[:, _finite(true[:, around])])
    pairs = len(around) * count
    worst = 2 / (pairs * (2 * len(space) - 3 * count - 1))
    return Faithfulness(
        1 - worst * strangers, 1 - worst * lost, shared / pairs, rank_correlation(torch.cat(distances, 1))
    )


def own_share(near: Tensor, of: Tensor) -> float:
    """Return the share of neighbours (N, k) that are of the point's own kind (N,)."""
    return float((of[near] == of[:, None]).double().mean())


def chance_share(of: Tensor) -> float:
    """Return the share that `own_share` has where neighbours are drawn by lot."""
    sizes = torch.bincount(of).double()
    return float((sizes * (sizes - 1)).sum() / (len(of) * (len(of) - 1)))


def shared_neighbours(one: Tensor, other: Tensor) -> float:
    """Return the share of neighbours (N, k) that another list (N, k) has too."""
    return float((one[:, :, None] == other[:, None]).sum() / one.numel())


def intrinsic_dimension(squares: Tensor) -> float:
    """Return TwoNN's dimension from squared distances (N, >= 2) to the nearest points; NaN where all are copies."""
    squares = squares[squares[:, 0] > 0].double()
    ratio = (squares[:, 1] / squares[:, 0]).sqrt().sort().values
    kept = len(ratio) - int(len(ratio) * LEFT_OUT)
    x = ratio[:kept].log()
    y = -torch.log1p(-torch.arange(kept).double() / max(len(ratio), 1))
    return float((x * y).sum() / x.square().sum())


def rank_correlation(pairs: Tensor) -> float:
    """Return Spearman's correlation of two rows of numbers (2, n) without ties to speak of."""
    order = torch.from_numpy(np.argsort(pairs.numpy(), -1))  # several times as fast as torch's own
    places = torch.arange(pairs.shape[-1], dtype=torch.float64).expand(pairs.shape)
    return float(torch.corrcoef(torch.zeros_like(places).scatter(-1, order, places))[0, 1])


def _from_others(points: Tensor, around: Tensor) -> Tensor:
    square = squared_distances(points[around], points)
    square[torch.arange(len(around)), around] = torch.inf
    return square


def _finite(square: Tensor) -> Tensor:
    return torch.isfinite(square)


def _ranks(square: Tensor, places: Tensor) -> Tensor:
    """Return which rank, from 1, the points at places (n, k) have among squared distances (n, N)."""
    ordered = torch.from_numpy(np.sort(square.numpy(), -1))
    return torch.searchsorted(ordered, square.gather(-1, places)) + 1
