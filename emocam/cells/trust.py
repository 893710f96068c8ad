"""How far each method's weights agree with effects, beside controls, and what is to be believed here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.cells.effects import COMPOSED, NOT_TAKEN
from emocam.functional.statistics.faithfulness import (
    LEAST_OBJECTS,
    best_threshold,
    beyond_p,
    drawn_mean_intervals,
    order_agreement,
    rank_correlations,
)
from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.results.files import METADATA
from emocam.results.parquet_file import read_frame, read_schema

CONTROL_METHODS = ("random", "uniform", "centre", "edges")
KEY, WAY = ["image", "object"], ["method", "layer"]
LEAST_PICTURES = 10
"""Pictures with three or more tried objects; of fewer nothing is recommended."""
LEAST_ROWS = 3
"""Methods and layers, of fewer of which an order says nothing."""
SURE = 0.05
SANE = 0.5
"""The least that a recommended method's maps must change when all weights are shuffled."""


@dataclass(frozen=True)
class TruthAgreement:
    """The rank correlation of how faithful methods are by effects and by truth, over `rows` that are no controls."""

    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True)
class TrustFound:
    """A row for each method and layer, the sentence on which to believe, and what numbers go with it."""

    table: pd.DataFrame
    recommendation: str
    pictures: int
    notes: list[str] = field(default_factory=list)
    best: Mapping[str, Any] | None = None
    warning: str | None = None
    truth: TruthAgreement | None = None


@dataclass(frozen=True)
class Comparable:
    """Importance of N objects by method and layer (N, M), their effects, and the picture of each (N,) by its number."""

    importance: pd.DataFrame
    effects: pd.DataFrame
    picture: NDArray[np.int64]
    names: list[str]


def comparable_objects(rows: pd.DataFrame, effect: Path) -> Comparable:
    """Join what methods weighed with effects, of pictures with three or more objects whose effect has a control."""
    known = rows[WAY].drop_duplicates()
    wide = rows.pivot_table(index=KEY, columns=WAY, values="importance", observed=True, sort=False)
    wide = wide[list(map(tuple, known.to_numpy()))] if len(known) else wide
    effects = effects_by_picture(effect).reindex(wide.index)
    sound = effects["difference"].notna()
    wide, effects = wide[sound], effects[sound]
    enough = effects.groupby("image")["difference"].transform("size") >= LEAST_OBJECTS
    wide, effects = wide[enough], effects[enough]
    picture, names = pd.factorize(wide.index.get_level_values("image"))
    return Comparable(wide, effects, picture.astype(np.int64), [str(name) for name in names])


def find_trust(
    trust: Path,
    effect: Path,
    unit: Mapping[str, int] | None,
    least_effect: float,
    images: int,
    seed: int = 0,
) -> TrustFound:
    """Compare what methods weighed with what taking objects away did, picture by picture.

    `unit` gives the group of each picture, which intervals draw anew; `least_effect` is that of what is used,
    and `images` how many the run has.
    """
    words = json.loads((read_schema(trust).metadata or {})[METADATA])
    rows = read_frame(trust).astype(dict.fromkeys([*KEY, *WAY], str))
    pairs = comparable_objects(rows, effect)
    pictures = len(pairs.names)
    if pictures < LEAST_PICTURES:
        return TrustFound(no_trust(), too_few(pictures, images), pictures, words["notes"])
    difference = pairs.effects["difference"].to_numpy(float)
    agreement = rank_correlations(pairs.importance.to_numpy(float), difference, pairs.picture)
    units = np.array([unit[name] for name in pairs.names]) if unit else np.arange(pictures)
    table = pd.DataFrame(list(pairs.importance.columns), columns=WAY)
    table["grid"] = [" x ".join(map(str, words["grids"][layer])) for layer in table["layer"]]
    table = table.assign(**faithfulness_columns(agreement, table, units, seed))
    used = difference > least_effect
    table = table.join(chosen_thresholds(rows, pairs.importance, used, words["thresholds"]))
    table = table.join(shaken(rows), on=WAY).assign(images=pictures)
    truth = truth_of(pairs, table, units, seed)
    best = best_of(table)
    return TrustFound(
        table.sort_values("faithfulness", ascending=False, kind="stable"),
        recommendation(table, best, pictures),
        pictures,
        words["notes"],
        best,
        warning(table),
        truth,
    )


def no_trust() -> pd.DataFrame:
    """Return the table without rows."""
    return pd.DataFrame(columns=COLUMNS)


COLUMNS = [
    *("method", "layer", "grid", "faithfulness", "low", "high", "above_controls", "above_low", "above_high"),
    *("q", "threshold", "kept_used", "kept_others", "chance_level"),
    *("stability", "sanity", "sanity_head", "sanity_all", "images"),
]


def too_few(pictures: int, images: int) -> str:
    """Return why nothing is recommended."""
    return (
        f"which method to believe cannot be told here: {pictures:,} of {images:,} pictures have three or more objects "
        f"whose effect was measured with a control, and {LEAST_PICTURES} are needed"
    )


def effects_by_picture(effect: Path) -> pd.DataFrame:
    """Return effect less control of each picture and object, the mean of its fills, and the truth where it is known."""
    rows = read_frame(effect, columns=[*KEY, "fill", "effect", "effect_control"])
    rows = rows.astype({"image": str, "object": str, "fill": str, "effect": float, "effect_control": float})
    composed = rows[rows["fill"] == COMPOSED].groupby(KEY)["effect"].mean()
    rows = rows[~rows["fill"].isin(NOT_TAKEN)]
    rows = rows.assign(difference=rows["effect"] - rows["effect_control"])
    found = rows.groupby(KEY)["difference"].mean().to_frame()
    return found.assign(truth=composed.reindex(found.index))


def faithfulness_columns(
    agreement: np.ndarray, table: pd.DataFrame, units: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Return the mean agreement (M,) of each method, and how far it is above the best of the controls."""
    means = agreement.mean(0)
    interval = drawn_mean_intervals(agreement, units, seed=seed)
    low, high = interval(np.eye(len(means)))
    controls = np.flatnonzero(table["method"].isin(CONTROL_METHODS))
    found = {"faithfulness": means, "low": low, "high": high}
    above, above_low, above_high, p = (np.full(len(means), np.nan) for _ in range(4))
    for place in np.setdiff1d(np.arange(len(means)), controls) if len(controls) else ():
        rival = controls[means[controls].argmax()]
        weights = np.zeros((len(means), 1))
        weights[place], weights[rival] = 1, -1
        (above_low[place],), (above_high[place],) = interval(weights)
        above[place] = means[place] - means[rival]
        p[place] = max(beyond_p(agreement[:, place] - agreement[:, other], units) for other in controls)
    return found | {
        "above_controls": above,
        "above_low": above_low,
        "above_high": above_high,
        "q": false_discoveries(p),
    }


def chosen_thresholds(
    rows: pd.DataFrame, wide: pd.DataFrame, used: np.ndarray, thresholds: list[float]
) -> pd.DataFrame:
    """Return for each method the threshold that tells used objects from others best, and what it keeps by chance."""
    chances = rows.set_index([*WAY, *KEY])["chance"].sort_index()
    found = []
    for way in wide.columns:
        importance = wide[way].to_numpy(float)
        passes = importance[None] > np.array(thresholds)[:, None]
        place = best_threshold(passes, used)
        own = chances.loc[way].reindex(wide.index)
        found.append(
            {
                "threshold": thresholds[place],
                "kept_used": passes[place, used].mean() if used.any() else np.nan,
                "kept_others": passes[place, ~used].mean() if not used.all() else np.nan,
                "chance_level": float(np.mean([chance[place] for chance in own])),
            }
        )
    return pd.DataFrame(found)


def shaken(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how alike maps stay with noise, and how far they change with the network, by method and layer."""
    once = rows.drop_duplicates(["image", *WAY])
    means = once.groupby(WAY, sort=False)[["stable", "head", "all"]].mean()
    changed = (1 - means[["head", "all"]]).set_axis(["sanity_head", "sanity_all"], axis=1)
    return pd.DataFrame({"stability": means["stable"], "sanity": changed["sanity_all"]}).join(changed)


def best_of(table: pd.DataFrame) -> dict[str, Any] | None:
    """Return the row to be believed: the most faithful that is above all controls and depends on the network."""
    sane = table["sanity"].isna() | (table["sanity"] >= SANE)
    sure = table[(table["above_low"] > 0) & (table["q"] < SURE) & sane]
    if sure.empty:
        return None
    return most_faithful(sure)


def most_faithful(table: pd.DataFrame) -> dict[str, Any]:
    """Return the row of the highest faithfulness."""
    rows: list[dict[Any, Any]] = table.to_dict("records")
    return max(rows, key=lambda row: row["faithfulness"])


def recommendation(table: pd.DataFrame, best: Mapping[str, Any] | None, pictures: int) -> str:
    """Return one sentence: the method, layer and threshold to take, or that none beats its controls."""
    controls = table[table["method"].isin(CONTROL_METHODS)]
    if controls.empty:
        return "no method can be recommended without controls: keep random, uniform, centre and edges in trust.methods"
    rival = most_faithful(controls)
    beside = f"{rival['method']}'s {rival['faithfulness']:.2f}"
    if best is None:
        most = table[~table["method"].isin(CONTROL_METHODS)]
        own = most_faithful(most) if len(most) else rival
        return (
            f"no method beats its controls here: the highest agreement with effects is {own['method']}'s "
            f"{own['faithfulness']:.2f} ({own['low']:.2f} to {own['high']:.2f}) beside {beside}, in "
            f"{pictures:,} pictures"
        )
    chance = best["chance_level"]
    level = "" if np.isnan(chance) else f", which an object would pass by chance in {100 * chance:.0f} %"
    return (
        f"believe {best['method']} at layer {best['layer']} ({best['grid']} cells) with threshold.importance="
        f"{best['threshold']:g}{level}: what it weighs agrees with effects by {best['faithfulness']:.2f} "
        f"({best['low']:.2f} to {best['high']:.2f}) within {pictures:,} pictures, beside the best control, {beside}"
    )


def warning(table: pd.DataFrame) -> str | None:
    """Return a sentence on the methods that are not above all controls; None where there is none."""
    below = table[~table["method"].isin(CONTROL_METHODS)]
    below = below[~((below["above_low"] > 0) & (below["q"] < SURE))]
    if below.empty or not table["method"].isin(CONTROL_METHODS).any():
        return None
    layers = {str(layer): rows["method"].tolist() for layer, rows in below.groupby("layer", sort=False)}
    named = "; ".join(f"{', '.join(methods)} at {layer}" for layer, methods in layers.items())
    return f"no better than a control here, so not to be believed: {named}"


def truth_of(
    pairs: Comparable, table: pd.DataFrame, units: NDArray[np.int64], seed: int
) -> TruthAgreement | None:
    """Return the rank correlation over methods of faithfulness and of the same against composed truth.

    Pictures count of which every tried object was composed again; `units` (P,) are drawn anew for the interval.
    The table gets the second for each row. Controls are left out of the correlation: they make it larger.
    """
    truth = pairs.effects["truth"]
    known = truth.notna().groupby(pairs.picture).transform("all").to_numpy(bool)
    if not known.any():
        return None
    part, pictures = pd.factorize(pairs.picture[known])
    values = pairs.importance.to_numpy(float)[known]
    by_truth, by_effect = (
        rank_correlations(values, effects.to_numpy(float)[known], part)
        for effects in (truth, pairs.effects["difference"])
    )
    table["faithfulness_truth"] = by_truth.mean(0)
    own = ~table["method"].isin(CONTROL_METHODS).to_numpy()
    if own.sum() < LEAST_ROWS:
        return None
    found = order_agreement(by_effect[:, own], by_truth[:, own], units[pictures], seed=seed)
    return TruthAgreement(*found, int(own.sum()))
