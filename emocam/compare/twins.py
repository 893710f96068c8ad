"""Methods that are one method on this network, recognised by equal importances."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from emocam.compare.regions import RunRegions, common
from emocam.compare.setting_differences import describe_differences
from emocam.results.run import Run

ROUNDING = 1e-5
"""The largest difference of importances that float32 explains; proportional maps have equal ones."""


@dataclass(frozen=True)
class Twins:
    """The names of runs whose importances agree in every region, and the largest difference."""

    names: tuple[str, ...]
    difference: float

    @property
    def sentence(self) -> str:
        """The sentence for a person, which says what it means."""
        together = f"{', '.join(self.names[:-1])} and {self.names[-1]}"
        return (
            f"{together} gave the same importance to every region (largest difference {self.difference:.0e}): on this "
            "network they are one method. Some formulas become one behind some heads (most of them behind a mean "
            "pool and linear layers, LayerCAM and elementwise before a ReLU); that is algebra, no finding"
        )


def find_twins(runs: list[Run], regions: list[RunRegions], names: list[str]) -> list[Twins]:
    """Find groups of two or more twins; runs of the same method, and maps that are flat, prove nothing."""
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
    twins = []
    for number in dict.fromkeys(group):
        if number in worst:
            members = [name for name, of_run in zip(names, group, strict=True) if of_run == number]
            twins.append(Twins(tuple(members), worst[number]))
    return twins


def largest_difference(one: RunRegions, other: RunRegions) -> float | None:
    """Return the largest difference of importances in the regions of both runs.

    None without any such region, and where all importances of a run are equal or one is not finite.
    """
    rows = common(one, other)
    a = one.importance[rows.one]
    b = other.importance[rows.other]
    if not len(a) or not np.isfinite(a).all() or not np.isfinite(b).all() or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.abs(a - b).max())
