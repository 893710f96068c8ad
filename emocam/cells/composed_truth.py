"""What a network uses, known by composing pictures again without an object: no fill and no box has a part in it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.cells.effects import CELL, COMPOSED
from emocam.functional.statistics.paired_tests import paired_interval
from emocam.results.parquet_file import read_frame

LEAST = 20
"""Pictures of a cell that were composed again; of fewer nothing is known."""
USED, USED_LOW = 1.0, 0.5
"""Log-odds: the least mean drop of what is used, and the least lower end of its interval."""
IDLE, IDLE_HIGH = 0.75, 1.5
"""Log-odds: the most that the mean drop of what is not used may be, and the upper end of its interval."""


@dataclass(frozen=True)
class ComposedTruth:
    """The mean drop of each cell's log-odds (O, L), NaN where it was not measured, and what that makes of it.

    A cell between `used` and `idle` (O, L) is asked of no rule.
    """

    drop: NDArray[np.float64]
    used: NDArray[np.bool_]
    idle: NDArray[np.bool_]


def read_composed_truth(file: Path, objects: list[str], labels: list[str]) -> ComposedTruth | None:
    """Read it from effect.parquet; None where no picture was composed again."""
    if not file.is_file():
        return None
    rows = read_frame(file, columns=[*CELL, "fill", "effect"]).astype({"object": str, "label": str})
    rows = rows[rows["fill"].astype(str) == COMPOSED]
    if rows.empty:
        return None
    moments = rows.groupby(CELL)["effect"].agg(["mean", "std", "count"])
    moments = moments.reindex(pd.MultiIndex.from_product([objects, labels], names=CELL))
    drop, deviation, count = (moments[name].to_numpy(float) for name in ("mean", "std", "count"))
    known = count >= LEAST
    low, high = paired_interval(drop, deviation, np.where(known, count, 2).astype(int))
    shape = len(objects), len(labels)
    used = known & (drop > USED) & (low > USED_LOW)
    idle = known & (drop < IDLE) & (high < IDLE_HIGH)
    return ComposedTruth(drop.reshape(shape), used.reshape(shape), idle.reshape(shape))
