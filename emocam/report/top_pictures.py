"""Which pictures the page shows: the strongest of every cell, found in one pass over the evidence."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.report.tables import RunTables, codes

MOST = 60
"""Pictures of a cell, strongest first."""
BELOW = 12
"""Cells with fewer are filled up with pictures below the thresholds, for whoever lowers them."""


@dataclass(frozen=True)
class Strongest:
    """`pairs`: one row a picture of a cell (image, object, label, passed, strength), strongest first.

    `seen` (O, L) counts images with the object above the detector's threshold, looked at or not;
    `highest` is the greatest strength of any region.
    """

    pairs: pd.DataFrame
    seen: NDArray[np.int64]
    highest: float


def _best_of_cells(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each (image, object) once; of each cell at most MOST, and below the thresholds BELOW."""
    ordered = pairs.sort_values(["passed", "strength"], ascending=False, kind="stable")
    once = ordered.drop_duplicates(["image", "object"])
    place = once.groupby(["object", "label"]).cumcount()
    return once[place < np.where(once["passed"], MOST, BELOW)]


def find_strongest(run: RunTables) -> Strongest:
    """A picture's strength in a cell is that of the strongest region of the object."""
    numbers = ["confidence", "score", run.thresholds.decides]
    best, waiting, highest = pd.DataFrame(), [], 0.0
    seen = np.zeros((len(run.objects), len(run.labels)), np.int64)
    for block in run.blocks("evidence", ["image", "label", "object", *numbers]):
        regions = block.select(["image", *numbers]).to_pandas()
        regions["object"], regions["label"] = (
            codes(block["object"], run.objects),
            codes(block["label"], run.labels),
        )
        strength = run.strength(regions["score"].to_numpy(), regions[run.thresholds.decides].to_numpy())
        regions["passed"], regions["strength"] = run.counted(regions), strength
        highest = max(highest, float(regions["strength"].max())) if len(regions) else highest
        once = regions[regions["score"] > np.float32(run.thresholds.score)].drop_duplicates(
            ["image", "object"]
        )
        np.add.at(seen, (once["object"].to_numpy(), once["label"].to_numpy()), 1)
        waiting.append(_best_of_cells(regions[["image", "object", "label", "passed", "strength"]]))
        if sum(map(len, waiting)) > len(best) + 8 * len(block):
            best, waiting = _best_of_cells(pd.concat([best, *waiting])), []
    if waiting:
        best = _best_of_cells(pd.concat([best, *waiting]))
    if best.empty:
        best = pd.DataFrame({"image": [], "object": [], "label": [], "passed": [], "strength": []})
    return Strongest(best.reset_index(drop=True), seen, highest)
