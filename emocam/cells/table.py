"""The columns of cells.parquet that need the evidence alone, one row per object and label."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from emocam.functional.statistics.bootstrap import RESAMPLES, lift_intervals
from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.lift import lifts
from emocam.functional.statistics.permutation import permutation_p
from emocam.functional.statistics.tail_probability import binomial_tail
from emocam.functional.statistics.wilson import wilson

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Tally:
    """Images (L,) of each label; present, kept (O, L) are those with an object, and where it counts.

    `chance` (O, L) is the share in which it would count by chance; NaN where that was not computed.
    """

    images: np.ndarray
    present: np.ndarray
    kept: np.ndarray
    chance: np.ndarray


def cell_columns(tally: Tally, resamples: int = RESAMPLES, seed: int = 0) -> Columns:
    """Return all columns (O, L) of numbers."""
    low, high = lift_intervals(tally.kept, tally.images, resamples, seed)
    # what is tested may not depend on how labels fell, hence on presence under any of them
    anywhere = tally.present.sum(1, keepdims=True) > 0
    p, present_p = (
        np.where(anywhere, permutation_p(counts, tally.images), np.nan)
        for counts in (tally.kept, tally.present)
    )
    use_p = looking_p(tally)
    return {
        "images": np.broadcast_to(tally.images[None], tally.kept.shape),
        "present": tally.present,
        "kept": tally.kept,
        **shares_of_cells("present", "present_percent", tally.present, tally.images[None], 100),
        "present_percent_of_all": _of_all(tally),
        **shares_of_cells("percent", "percent", tally.kept, tally.images[None], 100),
        **shares_of_cells("use", "use", tally.kept, tally.present, 1),
        "use_chance": tally.chance,
        "use_p": use_p,
        "use_q": false_discoveries(use_p),
        "lift": lifts(tally.kept, tally.images),
        "lift_low": low,
        "lift_high": high,
        "p": p,
        "q": false_discoveries(p),
        "present_q": false_discoveries(present_p),
    }


def looking_p(tally: Tally) -> np.ndarray:
    """Return the one-sided p (O, L) that an object counts so often if its boxes were anywhere.

    Chance differs from image to image; a binomial of its mean has the heavier tail above the mean
    (Hoeffding 1956), so that p is rather too large. NaN where the object never occurs.
    """
    return binomial_tail(tally.kept, tally.present, np.where(tally.present > 0, tally.chance, np.nan))


def shares_of_cells(name: str, share: str, count: np.ndarray, total: np.ndarray, unit: int) -> Columns:
    """Return count / total in a unit as column `share`, with the ends of its Wilson interval; NaN of nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = unit * count / np.where(total > 0, total, np.nan)
    low, high = wilson(count, np.broadcast_to(total, count.shape))
    return {share: values, f"{name}_low": unit * low, f"{name}_high": unit * high}


def _of_all(tally: Tally) -> np.ndarray:
    """Return the percentage of all images, of any label, with the object: the same along a row."""
    total = tally.images.sum()
    share = 100 * tally.present.sum(1, keepdims=True) / (total if total else np.nan)
    return np.broadcast_to(share, tally.kept.shape)


def frame(columns: Columns, objects: list[str], labels: list[str]) -> pd.DataFrame:
    """Return one row per object and label, in the names' order."""
    names = {
        "object": np.repeat(np.array(objects, object), len(labels)),
        "label": np.tile(np.array(labels, object), len(objects)),
    }
    return pd.DataFrame(names | {name: column.reshape(-1) for name, column in columns.items()})
