"""What taking objects away, or putting them in, changed, cell by cell: from a row an image x object x fill."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from emocam.cells.dependence import trials_by_unit
from emocam.cells.verdict import ERASED, INSERTED
from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.paired_tests import mcnemar_p, most_agree_p, paired_interval, paired_p

CELL = ["object", "label"]
COLUMNS = [*CELL, "image", "fill", "effect", "effect_control", "flipped", "flipped_control"]
"""Of effect.parquet, what is read."""
CUT = "cut"
"""The fill of what was put in."""
NUMBERS = ["effect", "effect_control", "effect_low", "effect_high", "effect_p", "effect_q"]
NUMBERS += ["flips", "flips_control", "flips_p"]
WHOLE = ["effect_images", "effect_fills", "fills"]
SHARES = {"flipped": "flips", "flipped_control": "flips_control"}


def with_effects(cells: pd.DataFrame, file: Path, unit: Mapping[str, int] | None = None) -> pd.DataFrame:
    """The cells with the columns of what was tried, empty where nothing was."""
    if file.is_file() and pq.read_metadata(file).num_rows:
        measured = effect_columns(trials_by_unit(pd.read_parquet(file, columns=COLUMNS), unit))
        cells = cells.merge(measured, "left", left_on=CELL, right_index=True)
    else:
        cells = cells.reindex(columns=[*cells, *NUMBERS, *WHOLE, "tried"])
    cells = cells.fillna(dict.fromkeys(WHOLE, 0))
    return cells.astype(dict.fromkeys(NUMBERS, float) | dict.fromkeys(WHOLE, int))


def effect_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns of cells.parquet, by object and label, of the cells whose effect was measured.

    Means are over images, each the mean of its fills. `effect_p` says that more than half of the
    fills lower the label's log-odds by more than their control does, `flips_p` the same of answers
    that changed, `effect_fills` of how many fills the paired interval lies above 0.
    """
    rows = rows.astype({"object": str, "label": str, "flipped": float, "flipped_control": float})
    rows = rows[np.isfinite(rows["effect"]) & np.isfinite(rows["effect_control"])]
    rows = rows.assign(difference=rows["effect"] - rows["effect_control"])
    numbers = ["effect", "effect_control", "difference", *SHARES]
    images = rows.groupby([*CELL, "image"], observed=True)[numbers].mean()
    found = images.groupby(CELL).mean().rename(columns=SHARES)
    spread = images["difference"].groupby(CELL).agg(["mean", "std", "size"])
    found["effect_low"], found["effect_high"] = paired_interval(*_moments(spread))
    found["effect_images"] = spread["size"]
    found = found.join(_of_fills(rows)).drop(columns="difference")
    found["tried"] = INSERTED if set(rows["fill"].astype(str)) == {CUT} else ERASED
    return found.assign(effect_q=false_discoveries(found["effect_p"].to_numpy(float)))


def _of_fills(rows: pd.DataFrame) -> pd.DataFrame:
    """What the fills say together, by cell."""
    rows = rows.assign(
        only_object=(rows["flipped"] > rows["flipped_control"]),
        only_control=(rows["flipped"] < rows["flipped_control"]),
    )
    groups = rows.groupby([*CELL, "fill"], observed=True)
    fill = groups["difference"].agg(["mean", "std", "size"])
    moments = _moments(fill)
    turned = groups[["only_object", "only_control"]].sum()
    fill["agrees"] = paired_interval(*moments)[0] > 0
    fill["effect_p"] = paired_p(*moments)
    fill["flips_p"] = mcnemar_p(turned["only_object"].to_numpy(), turned["only_control"].to_numpy())
    found = fill.groupby(CELL).agg(effect_fills=("agrees", "sum"), fills=("agrees", "size"))
    for name in ("effect_p", "flips_p"):
        found[name] = most_agree_p(fill[name].unstack().to_numpy(float))
    return found


def _moments(groups: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation and number of each group."""
    return groups["mean"].to_numpy(float), groups["std"].to_numpy(float), groups["size"].to_numpy(int)
