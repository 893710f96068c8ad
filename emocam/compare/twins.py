"""Methods that are one method on this network, found by what they left."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from emocam.compare.regions import RunRegions, common
from emocam.compare.setting_differences import describe_differences
from emocam.results.run import Run

ROUNDING = 1e-5
"""Largest difference of importances that float32 explains; proportional maps have equal ones."""


@dataclass(frozen=True)
class Twins:
    """Names of runs whose importances agree in every region, and by how much they do not."""

    names: tuple[str, ...]
    difference: float

    @property
    def sentence(self) -> str:
        who = f"{', '.join(self.names[:-1])} and {self.names[-1]}"
        return (
            f"{who} gave the same importance to every region (largest difference {self.difference:.0e}): on this "
            "network they are one method. Some formulas become one behind some heads (most of them behind a mean "
            "pool and linear layers, LayerCAM and elementwise before a ReLU); that is algebra, no finding"
        )


def find_twins(runs: list[Run], regions: list[RunRegions], names: list[str]) -> list[Twins]:
    """Groups of two or more; runs of the same method, and maps that are flat, prove nothing."""
    group = list(range(len(runs)))
    worst: dict[int, float] = {}
    for one, other in combinations(range(len(runs)), 2):
        if not describe_differences(runs[one], runs[other], ("cam",)):
            continue
        difference = largest_difference(regions[one], regions[other])
        if difference is not None and difference < ROUNDING:
            old, new = group[other], group[one]
            group = [new if g == old else g for g in group]
            worst[new] = max(difference, worst.get(new, 0), worst.get(old, 0))
    members = {
        g: tuple(n for n, of in zip(names, group, strict=True) if of == g) for g in dict.fromkeys(group)
    }
    return [Twins(who, worst[g]) for g, who in members.items() if g in worst]


def largest_difference(one: RunRegions, other: RunRegions) -> float | None:
    """Of importances in regions of both; None without any, and where one method tells none apart."""
    mine, theirs, _ = common(one, other)
    a, b = one.importance[mine], other.importance[theirs]
    if not len(a) or not np.isfinite(a).all() or not np.isfinite(b).all() or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.abs(a - b).max())
