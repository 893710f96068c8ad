"""The effect of taking objects away or putting them in, by cell: from one row per image, object and fill."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emocam.cells.control_by_labels import held_against_labels, under_other_labels
from emocam.cells.dependence import trials_by_unit
from emocam.cells.verdict import BY_LABELS, ERASED, INSERTED, Rules, can_be_called
from emocam.effect.exchange import EXCHANGED
from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.paired_tests import mcnemar_p, most_agree_p, paired_interval, paired_p
from emocam.results.files import BEFORE_RULES, METADATA, SHIFT_P
from emocam.results.parquet_file import count_rows, read_frame, read_schema

CELL = ["object", "label"]
COLUMNS = [*CELL, "image", "fill", "effect", "effect_control", "flipped", "flipped_control"]
"""The columns of effect.parquet that are read; files made before there were rules lack some."""
CUT = "cut"
"""The fill of trials that put an object in."""
COMPOSED = "composed"
"""The fill of pictures that were composed again without the object: the truth, and no trial."""
NOT_TAKEN = (COMPOSED, EXCHANGED)
"""Fills that do not take the object away."""
NUMBERS = ["effect", "effect_control", "effect_low", "effect_high", "effect_p", "effect_q"]
NUMBERS += ["exchanged", "flips", "flips_control", "flips_p", "covered", "uncontrolled"]
WHOLE = ["effect_images", "effect_fills", "fills"]
TEXTS = ["tried", "effect_rule"]
SHARES = {"flipped": "flips", "flipped_control": "flips_control"}


def with_effects(
    cells: pd.DataFrame,
    file: Path,
    unit: Mapping[str, int] | None = None,
    rules: Rules | None = None,
    fixed: bool = False,
    images: Collection[str] | None = None,
) -> pd.DataFrame:
    """Add the columns of what was tried to the cells, empty where nothing was.

    `fixed` says that every picture has all objects, which makes other labels a control. With `images` only their
    trials count, and `covered` is empty: how many were planned is known of all alone. `effect_q` is corrected
    over the cells that can be called: those with enough pictures of both kinds.
    """
    rules = rules or Rules()
    if file.is_file() and count_rows(file):
        trials = read_trials(file)
        if images is not None:
            trials = trials[trials["image"].astype(str).isin(images)]
        measured = effect_columns(trials_by_unit(trials, unit), fixed)
        measured["exchanged"] = exchanged_effects(file, unit, images)
        measured["effect_rule"] = rules_of_cells(written_rule(file), measured.pop("by_labels"))
        measured["tried_images"] = (
            trials.astype({"object": str, "label": str}).groupby(CELL)["image"].nunique()
        )
        cells = cells.merge(measured, "left", left_on=CELL, right_index=True)
        tried = cells.pop("tried_images")
        cells["covered"] = 1 - tried / planned_by_cell(cells, file) if images is None else np.nan
        cells["effect_p"] = moved_p(cells, file)
        columns = {name: cells[name].to_numpy() for name in cells.columns}
        callable = can_be_called(columns, rules) & (cells["effect_images"] >= rules.effect_images)
        cells["effect_q"] = false_discoveries(cells["effect_p"].where(callable).to_numpy(float))
    else:
        cells = cells.reindex(columns=[*cells, *NUMBERS, *WHOLE, *TEXTS])
    cells = cells.fillna(dict.fromkeys(WHOLE, 0))
    return cells.astype(dict.fromkeys(NUMBERS, float) | dict.fromkeys(WHOLE, int))


def read_trials(file: Path) -> pd.DataFrame:
    """Read the trials that take the object away."""
    rows = _read_rows(file)
    return rows[~rows["fill"].astype(str).isin(NOT_TAKEN)]


def _read_rows(file: Path) -> pd.DataFrame:
    columns = read_schema(file).names
    return read_frame(file, columns=[name for name in (*COLUMNS, "control") if name in columns])


def exchanged_effects(
    file: Path, unit: Mapping[str, int] | None, images: Collection[str] | None
) -> pd.Series:
    """Return the median drop of each cell where the same region of another label's picture was put in its place.

    The other picture may show a rival's cause, which hurts without being missed: of a few, the median is not moved.
    """
    rows = _read_rows(file)
    rows = rows[(rows["fill"].astype(str) == EXCHANGED) & np.isfinite(rows["effect"])]
    if images is not None:
        rows = rows[rows["image"].astype(str).isin(images)]
    rows = trials_by_unit(rows, unit).astype({"object": str, "label": str})
    return rows.groupby(CELL)["effect"].median()


def written_rule(file: Path) -> str:
    """Return which pixels were taken away and where the control lay, in words."""
    return str(_metadata(file).get("rule", BEFORE_RULES))


def planned_by_cell(cells: pd.DataFrame, file: Path) -> np.ndarray:
    """Return how many trials of each cell were planned; NaN where the file does not say so."""
    planned = {(object, label): count for object, label, count in _metadata(file).get("planned_by_cell", [])}
    pairs = zip(cells["object"], cells["label"], strict=True)
    return np.array([planned.get(pair, np.nan) for pair in pairs], float)


def moved_p(cells: pd.DataFrame, file: Path) -> np.ndarray:
    """Return each cell's p: where labels were moved along time the share of moves, else that of the trials."""
    told = _metadata(file).get(SHIFT_P)
    if told is None:
        return cells["effect_p"].to_numpy(float)
    known = {(object, label): p for object, label, p in told}
    pairs = zip(cells["object"], cells["label"], strict=True)
    return np.array([known.get(pair, np.nan) for pair in pairs], float)


def _metadata(file: Path) -> dict[str, Any]:
    written = read_schema(file).metadata or {}
    return json.loads(written[METADATA]) if METADATA in written else {}


def rules_of_cells(rule: str, by_labels: pd.Series) -> pd.Series:
    """Return the rule of each cell, which names another control for those held against other labels."""
    region, _, *masks = rule.split(", ")
    other = ", ".join([region, BY_LABELS, *masks])
    return by_labels.map({True: other, False: rule})


def effect_columns(rows: pd.DataFrame, fixed: bool = False) -> pd.DataFrame:
    """Return columns of cells.parquet, by object and label, for the cells whose effect was measured.

    Means are over images, each the mean of its fills. `effect_p` says that more than half of the
    fills lower the label's log-odds by more than their control does, `flips_p` the same of answers
    that changed, `effect_fills` of how many fills the paired interval lies above 0. Images without
    room for a control count in `effect` and `flips` alone; `uncontrolled` is their share. With `fixed`, a
    region without room is held against itself under other labels: `by_labels`, whose flips have no pairs.
    """
    rows = rows.astype({"object": str, "label": str, "flipped": float, "flipped_control": float})
    alone = rows["control"].astype(str) == "none" if "control" in rows else np.zeros(len(rows), bool)
    rows = rows[np.isfinite(rows["effect"]) & (np.isfinite(rows["effect_control"]) | alone)]
    rows["flipped_control"] = rows["flipped_control"].where(rows["effect_control"].notna())
    by_labels = pd.Series(False, rows.index)
    if fixed and "control" in rows:
        rows, by_labels = held_against_labels(rows)
    rows = rows.assign(by_labels=by_labels)
    rows = rows.assign(difference=rows["effect"] - rows["effect_control"])
    numbers = ["effect", "effect_control", "difference", *SHARES]
    images = rows.groupby([*CELL, "image"], observed=True)[numbers].mean()
    table = images.groupby(CELL).mean().rename(columns=SHARES)
    table["effect_images"] = images.groupby(CELL).size()
    table["by_labels"] = rows.groupby(CELL)["by_labels"].any()
    spread = images["difference"].groupby(CELL).agg(["mean", "std", "count"])
    spread = _widened(spread, images["effect"], table["by_labels"])
    table["effect_low"], table["effect_high"] = paired_interval(*_moments(spread))
    table["uncontrolled"] = 1 - spread["count"] / table["effect_images"]
    table = table.join(_of_fills(rows[rows["difference"].notna()])).drop(columns="difference")
    table["tried"] = INSERTED if set(rows["fill"].astype(str)) == {CUT} else ERASED
    return table.assign(effect_q=false_discoveries(table["effect_p"].to_numpy(float)))


def _of_fills(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by cell what all of its fills show together."""
    rows = rows.assign(
        only_object=(rows["flipped"] > rows["flipped_control"]),
        only_control=(rows["flipped"] < rows["flipped_control"]),
    )
    groups = rows.groupby([*CELL, "fill"], observed=True)
    fill = groups["difference"].agg(["mean", "std", "count"])
    by_labels = groups["by_labels"].any()
    fill = _widened(fill, rows.set_index([*CELL, "image", "fill"])["effect"], by_labels)
    moments = _moments(fill)
    turned = groups[["only_object", "only_control"]].sum()
    fill["agrees"] = paired_interval(*moments)[0] > 0
    fill["effect_p"] = paired_p(*moments)
    fill["flips_p"] = mcnemar_p(turned["only_object"].to_numpy(), turned["only_control"].to_numpy())
    fill["flips_p"] = fill["flips_p"].where(~by_labels)
    table = fill.groupby(CELL).agg(effect_fills=("agrees", "sum"), fills=("agrees", "size"))
    for name in ("effect_p", "flips_p"):
        table[name] = most_agree_p(fill[name].unstack().to_numpy(float))
    return table


def _widened(spread: pd.DataFrame, effects: pd.Series, by_labels: pd.Series) -> pd.DataFrame:
    """Add what is unsure of a control by other labels to the deviation, as Welch does for two samples."""
    if not by_labels.any():
        return spread
    error = under_other_labels(effects)["error"].reindex(spread.index).where(by_labels, 0.0)
    return spread.assign(std=np.sqrt(spread["std"] ** 2 + spread["count"] * error**2))


def _moments(groups: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, standard deviation and number of each group (n,)."""
    return groups["mean"].to_numpy(float), groups["std"].to_numpy(float), groups["count"].to_numpy(int)
