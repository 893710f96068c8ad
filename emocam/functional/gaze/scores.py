"""The seven scores of maps against fixations, for all pictures at once on one grid (Bylinskii et al. 2019).

NSS, AUC and shuffled AUC ask for the values at fixations, CC, SIM and KL compare with the density of fixations, and
the gain (Kummerer et al. 2015) is in bits a fixation over knowing the centre alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

EPSILON = torch.finfo(torch.float64).eps
UNIFORM = 0.01
"""The share of the uniform in the centre's density: no place has probability 0."""
MIXED = torch.linspace(0, 1, 51, dtype=torch.float64)
"""The weights of the map that are tried beside the centre."""
NAMES = ("nss", "auc", "sauc", "cc", "sim", "kl", "gain")


@dataclass(frozen=True)
class Looked:
    """Where n looks lie: `picture` (n,) in ascending order, and `cell` (n,) of the grid.

    `fold` (B,) of each picture is 0 or 1; `centre` (c,) is where people look whatever the picture.
    """

    picture: Tensor
    cell: Tensor
    fold: Tensor
    centre: Tensor

    @cached_property
    def total(self) -> Tensor:
        """How many looks lie in each cell (c,), over all pictures."""
        return torch.bincount(self.cell, minlength=len(self.centre)).double()

    @cached_property
    def number(self) -> Tensor:
        """How many looks each picture has (B,)."""
        return torch.bincount(self.picture, minlength=len(self.fold))

    def between(self, first: int, last: int) -> slice:
        """Return the looks at the pictures from `first` to before `last`."""
        begin, end = torch.searchsorted(self.picture, torch.tensor([first, last])).tolist()
        return slice(begin, end)


def scores(blocks: Iterable[tuple[Tensor, Tensor]], looked: Looked) -> dict[str, Tensor]:
    """Return each score (B,), NaN for a picture without looks, from blocks of maps and densities (b, h, w).

    The weight of the map beside the centre is fitted on the other fold's pictures.
    """
    parts: list[dict[str, Tensor]] = []
    told = torch.zeros(len(looked.cell), dtype=torch.float64)
    first = 0
    for maps, density in blocks:
        parts.append(_block(maps.double().flatten(1), density.double().flatten(1), first, looked, told))
        first += len(maps)
    found = {name: torch.cat([part[name] for part in parts]) for name in NAMES[:-1]}
    bits = gains(told, looked.centre[looked.cell], looked.fold[looked.picture])
    found["gain"] = _mean(bits, looked.picture, looked.number)
    return {name: torch.where(looked.number > 0, found[name], torch.nan) for name in NAMES}


def _block(values: Tensor, truth: Tensor, first: int, looked: Looked, told: Tensor) -> dict[str, Tensor]:
    """Return the scores of pictures from `first` on, and write what their maps say at their looks into `told`."""
    own = looked.between(first, first + len(values))
    picture, cell = looked.picture[own] - first, looked.cell[own]
    number = looked.number[first : first + len(values)]
    counts = torch.zeros_like(values).index_put_(
        (picture, cell), torch.ones(len(cell), dtype=torch.float64), accumulate=True
    )
    shares, wanted = _shares(values), _shares(truth)
    standard = _standard(values)
    told[own] = shares[picture, cell]
    area, shuffled = ranked(values, looked.total - counts, picture, cell)
    return {
        "nss": _mean(standard[picture, cell], picture, number),
        "auc": _mean(area, picture, number),
        "sauc": _mean(shuffled, picture, number),
        "cc": (standard * _standard(truth)).mean(-1),
        "sim": torch.minimum(shares, wanted).sum(-1),
        "kl": divergence(wanted, shares),
    }


def ranked(values: Tensor, weight: Tensor, picture: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each fixation (n,), in ascending pictures, how much of the cells (B, c) has lower values.

    The first counts every cell once, the second by its weight (B, c); ties half.
    """
    order = torch.from_numpy(values.numpy().argsort(-1))  # several times as fast as torch's own
    ordered = values.gather(-1, order)
    below = torch.nn.functional.pad(weight.gather(-1, order).cumsum(-1), (1, 0))
    # the looks of a picture side by side, so that each is sought in its own row
    slot = torch.arange(len(picture)) - torch.searchsorted(picture, picture)
    most = int(slot.max()) + 1 if len(slot) else 0
    at = torch.zeros(len(values), most, dtype=values.dtype)
    at[picture, slot] = values[picture, cell]
    left, right = (torch.searchsorted(ordered, at, right=side) for side in (False, True))
    lower = (below.gather(-1, left) + below.gather(-1, right)) / 2 / below[:, -1:]
    every = (left + right).to(values) / (2 * values.shape[-1])
    return every[picture, slot], lower[picture, slot]


def divergence(truth: Tensor, shares: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence (B,) of shares (B, c) from the truth (B, c)."""
    return (truth * (EPSILON + truth / (shares + EPSILON)).log()).sum(-1)


def centre_of(together: Tensor) -> Tensor:
    """Return where people look whatever the picture (c,): the sum (h, w) of all densities, and a little everywhere."""
    together = together.double().flatten()
    return (1 - UNIFORM) * together / together.sum().clamp_min(EPSILON) + UNIFORM / len(together)


def gains(told: Tensor, usual: Tensor, fold: Tensor) -> Tensor:
    """Return the bits (n,) by which each look is better told with the map than by the centre alone."""
    found = torch.zeros(len(told), dtype=torch.float64)
    for own in (0, 1):
        apart = fold != own
        mean = [_bits(told[apart], usual[apart], weight).mean() for weight in MIXED] if apart.any() else [0.0]
        best = float(MIXED[int(torch.tensor(mean).argmax())])
        found[~apart] = _bits(told[~apart], usual[~apart], best)
    return found


def _bits(told: Tensor, usual: Tensor, weight: float | Tensor) -> Tensor:
    return torch.log2(((1 - weight) * usual + weight * told).clamp_min(1e-300) / usual)


def _mean(values: Tensor, picture: Tensor, looked: Tensor) -> Tensor:
    return torch.zeros(len(looked), dtype=torch.float64).index_add_(0, picture, values) / looked


def _standard(values: Tensor) -> Tensor:
    """Return values (B, c) in standard deviations of their picture; a flat map is 0 everywhere."""
    apart = values - values.mean(-1, keepdim=True)
    spread = apart.square().mean(-1, keepdim=True).sqrt()
    return torch.where(spread > EPSILON, apart / spread.clamp_min(EPSILON), 0.0)


def _shares(values: Tensor) -> Tensor:
    """Return values (B, c) as shares of their sum; those of a map of zeros are equal."""
    total = values.sum(-1, keepdim=True)
    return torch.where(total > 0, values / total.clamp_min(EPSILON), 1 / values.shape[-1])
