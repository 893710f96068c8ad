"""The share of boxes of the same size, elsewhere in the same map, whose mean is at least as high.

All places on the map's grid are tried, so nothing is sampled. If a box had been placed at random, its share
u would be valid as a p-value: P(u <= a) <= a.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from emocam.functional.map.maps import CHUNK
from emocam.functional.map.placements import (
    Places,
    box_sums,
    equally_far,
    find_places,
    inside,
    refine,
    summed_area,
)
from emocam.records.base import Record

SAME = 1e-6
"""Means that differ by less are equal but for rounding: maps are float32 in [0, 1]."""


@dataclass(frozen=True)
class Chance(Record):
    """The share (N,), in (0, 1], of boxes of a region's size whose mean is at least its own, itself included.

    `anywhere` compares with all boxes inside the map; `centred` with those whose centre is about as far
    from the middle of the picture, so that a map that only prefers the middle proves nothing. A region of
    which the map shows nothing has 1.
    """

    anywhere: Tensor
    centred: Tensor


def chance_rank(sums: Tensor, weight: Tensor, places: Places) -> Chance:
    """Rank each region among its places, from sums (N, H, W) over shapes of weight (N,) at all places."""
    each = torch.arange(len(places), device=sums.device)
    own_sum = sums[each, places.first[:, 1], places.first[:, 0]]
    among = inside(sums.shape, places)
    reached = among & (sums >= (own_sum - SAME * weight)[:, None, None])

    def share(among: Tensor) -> Tensor:
        rank = (reached & among).sum((1, 2)) / among.sum((1, 2))
        return torch.where(places.outside, 1.0, torch.where(own_sum.isfinite(), rank, torch.nan)).float()

    return Chance(share(among), share(among & equally_far(sums.shape, places)))


def steps(places: Places, numbers: int) -> Iterator[Places]:
    """Yield regions in parts, such that a part with `numbers` values for each region fits into memory."""
    held = CHUNK >> 7 if places.seen.device.type == "cpu" else CHUNK >> 2  # a processor's cache is small
    step = max(1, held // numbers)
    return (places[start : start + step] for start in range(0, len(places), step))


def join_chances(parts: list[Chance], like: Tensor) -> Chance:
    nothing = like.new_zeros(0, dtype=torch.float32)
    return Chance(
        torch.cat([nothing, *(part.anywhere for part in parts)]),
        torch.cat([nothing, *(part.centred for part in parts)]),
    )


def box_chance(maps: Tensor, window: Tensor, boxes: Tensor, image: Tensor) -> Chance:
    """Rank boxes (N, 4) in the maps (B, h, w), over windows (B, 4), of their image (N,)."""
    grid = refine(maps)
    table = summed_area(grid)
    places = find_places(grid, window, boxes, image)
    parts = steps(places, table.shape[1:].numel())
    return join_chances(
        [chance_rank(box_sums(table, part), part.size.prod(-1), part) for part in parts], maps
    )


def pass_rates(maps: Tensor, window: Tensor, boxes: Tensor, image: Tensor, threshold: float) -> Tensor:
    """Return the share (N,) of all boxes of a region's size in its map whose mean is above the threshold."""
    grid = refine(maps)
    table = summed_area(grid)
    places = find_places(grid, window, boxes, image)
    rates = [maps.new_zeros(0, dtype=torch.float32)]
    for part in steps(places, table.shape[1:].numel()):
        sums = box_sums(table, part)
        least = threshold * part.size.prod(-1)
        among = inside(sums.shape, part)
        rates.append(((sums > least[:, None, None]) & among).sum((1, 2)) / among.sum((1, 2)))
    return torch.cat(rates)
