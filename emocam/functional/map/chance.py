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
    step = step_of(numbers, places.seen.device)
    return (places[start : start + step] for start in range(0, len(places), step))


def step_of(numbers: int, device: torch.device) -> int:
    """Return how many regions are held at once, with so many values each."""
    held = CHUNK >> 7 if device.type == "cpu" else CHUNK >> 2  # a processor's cache is small
    return max(1, held // numbers)


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
    if table.device.type != "cpu":  # there nothing is read back, as heights would be
        return rates_of_each(table, find_places(grid, window, boxes, image), threshold)
    height, width = (side - 1 for side in table.shape[1:])
    # a column of a map lies in one piece, so that regions of one height are differences of slices
    turned = table.transpose(1, 2).contiguous()
    places = find_places(grid, window, boxes, image)
    # regions of one height lie side by side, those of similar width near each other
    order = torch.argsort(places.size[:, 1] * (width + 1) + places.size[:, 0])
    of, wide, high = image[order], places.size[order, 0], places.size[order, 1]
    step = 2 * step_of(table.shape[1:].numel(), table.device)
    reached = [image.new_zeros(0)]
    first = 0
    for rows, many in zip(*(found.tolist() for found in _runs_of(high)), strict=True):
        for start in range(first, first + many, step):
            part = slice(start, min(start + step, first + many))
            reached.append(_count_above(turned, of[part], wide[part], rows, threshold))
        first += many
    shares = torch.cat(reached) / ((width + 1 - wide) * (height + 1 - high))
    return torch.empty_like(shares).index_copy_(0, order, shares).float()


def rates_of_each(table: Tensor, places: Places, threshold: float) -> Tensor:
    """Return the same share (N,) from the places of each region by itself."""
    rates = [torch.zeros(0, device=table.device)]
    for part in steps(places, table.shape[1:].numel()):
        sums, least = box_sums(table, part), threshold * part.size.prod(-1)
        among = inside(sums.shape, part)
        rates.append(((sums > least[:, None, None]) & among).sum((1, 2)) / among.sum((1, 2)))
    return torch.cat(rates)


def _runs_of(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return sorted values, each once, and how many there are of it."""
    once, many = torch.unique_consecutive(values, return_counts=True)
    return once, many


def _count_above(turned: Tensor, image: Tensor, wide: Tensor, high: int, threshold: float) -> Tensor:
    """Count the places (N,) of regions of one height whose mean is above the threshold.

    `turned` (B, W + 1, H + 1) sums all cells left of and above each corner; `wide` (N,) rises.
    """
    width, rows = turned.shape[1] - 1, turned.shape[2] - high
    own = turned.index_select(0, image)
    strips = own[:, :, high:] - own[:, :, :rows]
    columns = torch.arange(width + 1 - int(wide[0]), device=turned.device)
    beyond = (columns + wide[:, None]).clamp_(max=width)
    lines = beyond.add_(torch.arange(len(image), device=turned.device)[:, None] * (width + 1)).flatten()
    sums = strips.flatten(0, 1).index_select(0, lines).view(len(image), len(columns), rows)
    above = sums.sub_(strips[:, : len(columns)]) > (threshold * (wide * high))[:, None, None]
    # a column has few rows, whose number a byte holds: sums of bytes are the quickest
    of_column = above.view(torch.uint8).sum(2, dtype=torch.uint8 if rows < 256 else torch.int32).long()
    return of_column.mul_(columns <= (width - wide)[:, None]).sum(1)
