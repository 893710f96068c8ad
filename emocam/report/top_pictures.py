"""The pictures that the page shows: the strongest of every cell, found in one pass over the evidence."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.results.run import Run, encode_names

MOST = 60
"""The most pictures of a cell, strongest first."""
BELOW = 12
"""Cells with fewer are filled up with pictures below the thresholds, to be shown when these are lowered."""
AGAINST = 8
"""The most counter-examples of a cell: they hold the object and are looked at elsewhere, least looked at last."""
ON_A_PAGE = 3_000
"""The most pictures of a page: with all of a large corpus it would be as large as that."""
COLUMNS = ["image", "object", "label", "passed", "held", "strength"]


@dataclass(frozen=True)
class Strongest:
    """The strongest pictures of all cells.

    `pairs` has one row per picture of a cell (image, object, label, passed, held, strength, against), strongest first;
    a picture is `held` where it has the object above the detector's threshold, looked at or not, and `against` where it
    is here as a counter-example alone. `seen` (O, L) counts images that are held;
    `highest` is the greatest strength of any region, and `left_out` the number of pictures of cells for
    which the page has no room.
    """

    pairs: pd.DataFrame
    seen: NDArray[np.int64]
    highest: float
    left_out: int = 0


def _best_of_cells(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return each (image, object) once: of each cell at most MOST, BELOW below the thresholds, AGAINST at the end."""
    ordered = pairs.sort_values(
        ["passed", "held", "strength"], ascending=False, kind="stable", ignore_index=True
    )
    once = ordered.drop_duplicates(["image", "object"])
    place = once.groupby(["object", "label"]).cumcount()
    strongest = (place < np.where(once["passed"], MOST, BELOW)).to_numpy()
    unseen = once[once["held"] & ~once["passed"]]
    from_last = unseen.groupby(["object", "label"]).cumcount(ascending=False).reindex(once.index)
    against = (from_last < AGAINST).to_numpy() & ~strongest
    return once.assign(against=against)[strongest | against]


def take_turns(pairs: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the pairs of at most `most` pictures: of each cell its strongest, then of each its second, and so on.

    Within a turn cells whose picture counts come first, those of many pictures before those of few; a cell's
    counter-examples take their own turns. What is left of a cell has no gap: its strongest pictures, as many as found
    room.
    """
    cells = pairs.groupby(["object", "label", "against"], sort=False)
    many = cells["image"].transform("size").to_numpy()
    order = np.lexsort((-many, ~pairs["passed"].to_numpy(bool), cells.cumcount().to_numpy()))
    chosen = pd.unique(pairs["image"].to_numpy()[order])[:most]
    kinds = [pairs["object"], pairs["label"], pairs["against"]]
    found_room = pairs["image"].isin(chosen).groupby(kinds, sort=False).cummin()
    return pairs[found_room]


def find_strongest(run: Run, most: int = ON_A_PAGE) -> Strongest:
    """Find at most `most` pictures: one is as strong in a cell as the object's strongest region in it."""
    thresholds = run.thresholds
    numbers = ["confidence", "score", thresholds.decides]
    best = pd.DataFrame()
    waiting: list[pd.DataFrame] = []  # blocks not yet merged into the best
    highest = 0.0
    seen = np.zeros((len(run.object_names), len(run.label_names)), np.int64)
    for block in run.rows("evidence", ["image", "label", "object", *numbers]):
        regions = block.select(["image", *numbers]).to_pandas()
        regions["object"] = encode_names(block, "object", run.object_names)
        regions["label"] = encode_names(block, "label", run.label_names)
        score, confidence, decisive = (
            regions[name].to_numpy() for name in ("score", "confidence", numbers[-1])
        )
        regions["passed"] = thresholds.kept(score, confidence, decisive, decisive, run.explained)
        regions["strength"] = thresholds.strength(score, decisive, run.explained)
        regions["held"] = thresholds.present(score, confidence)
        highest = max(highest, float(regions["strength"].max())) if len(regions) else highest
        once = regions[regions["held"]].drop_duplicates(["image", "object"])
        np.add.at(seen, (once["object"].to_numpy(), once["label"].to_numpy()), 1)
        waiting.append(_best_of_cells(regions[COLUMNS]))
        if sum(map(len, waiting)) > len(best) + 8 * len(block):
            best = _best_of_cells(pd.concat([best, *waiting]))
            waiting = []
    if waiting:
        best = _best_of_cells(pd.concat([best, *waiting]))
    if best.empty:
        best = pd.DataFrame({name: [] for name in (*COLUMNS, "against")})
    candidates = best["image"].nunique()
    shown = take_turns(best, most) if candidates > most else best
    left_out = candidates - shown["image"].nunique()
    return Strongest(shown.reset_index(drop=True), seen, highest, left_out)
