"""Whether an object speaks for a label wherever it stands, and objects that hold others: the whole and its parts."""

import numpy as np
import pandas as pd

from emocam.cells.joint_scores import JointScores, long_table, moments_over_units, unit_means
from emocam.functional.statistics.false_discovery import false_discoveries

ANYWHERE, ONLY_HERE = "anywhere", "only here"
MOVED = ("object", "label")
MOVED_COLUMNS = [*MOVED, "images", "away", "moved", "low", "high", "p", "q", "relation"]
NESTED = ("whole", "part", "label")
NESTED_COLUMNS = [
    *(*NESTED, "images", "inside", "effect_whole", "whole_low", "whole_high"),
    *("effect_own", "own_low", "own_high", "effect_part", "part_low", "part_high"),
]
SURE_OF_PLACE = 0.05


def moved_table(scores: JointScores, least: float) -> pd.DataFrame:
    """Return what moving an object to a bare place costs its picture's label, beside what taking it away does.

    `low` and `high` are the interval of `moved`. An object is said to act `anywhere` where moving costs less than
    half of taking away, and `only here` where it costs more, beyond chance.
    """
    rows = scores.rows
    moved = rows[(rows["kind"] == "moved") & rows["label"].isin(scores.labels)]
    away = scores.find("out", moved["image"], moved["a"])
    moved, away = moved[away >= 0], away[away >= 0]
    if moved.empty:
        return pd.DataFrame(columns=MOVED_COLUMNS)
    column = moved["label"].map({name: i for i, name in enumerate(scores.labels)}).to_numpy()
    table = pd.DataFrame(
        {
            "object": moved["a"].to_numpy(),
            "label": moved["label"].to_numpy(),
            "unit": scores.unit[moved.index],
            "away": scores.drop[away, column],
            "moved": scores.drop[moved.index, column],
        }
    )
    table["beyond_half"] = table["moved"] - table["away"] / 2
    means = unit_means(table, MOVED, ["away", "moved", "beyond_half"])
    found = means.groupby(level=list(MOVED), sort=False)[["away", "moved"]].mean()
    found["images"] = means["images"].groupby(level=list(MOVED), sort=False).sum()
    found = found.join(moments_over_units(means, MOVED, "moved")[["low", "high"]])
    beyond = moments_over_units(means, MOVED, "beyond_half")
    acts = (found["away"] > least) & (moments_over_units(means, MOVED, "away")["low"] > 0)
    found["p"] = beyond["p"].where(acts & (found["images"] >= scores.told["joint"]))
    found["q"] = false_discoveries(found["p"].to_numpy(float))
    sure = found["q"] < SURE_OF_PLACE
    places = [sure & (beyond["mean"] < 0), sure & (beyond["mean"] > 0)]
    found = found.assign(relation=np.select(places, [ANYWHERE, ONLY_HERE], ""))
    found = found.sort_values("away", ascending=False, kind="stable").reset_index()
    return found[MOVED_COLUMNS]


def nested_table(scores: JointScores) -> pd.DataFrame:
    """Return what an object costs with all that lies in it, by its own pixels alone, and what its part costs."""
    inside = {(whole, part): share for whole, part, share, _ in scores.told["inside"]}
    parts = []
    for (whole, part), share in inside.items():
        rows = scores.rows
        mine = rows[(rows["kind"] == "whole") & (rows["a"] == whole)]
        named = pd.Series(part, mine.index)
        values = {
            "effect_whole": scores.drops(mine.index.to_numpy()),
            "effect_own": scores.drops(scores.find("out", mine["image"], mine["a"])),
            "effect_part": scores.drops(scores.find("out", mine["image"], named)),
        }
        holds = scores.find("out", mine["image"], named) >= 0
        keys = pd.DataFrame(
            {"whole": whole, "part": part, "inside": share, "unit": scores.unit[mine.index]}, mine.index
        )
        parts.append(long_table(keys[holds], scores.labels, {n: value[holds] for n, value in values.items()}))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        return pd.DataFrame(columns=NESTED_COLUMNS)
    means = unit_means(table, [*NESTED, "inside"], ["effect_whole", "effect_own", "effect_part"])
    levels = [*NESTED, "inside"]
    found = means["images"].groupby(level=levels, sort=False).sum().to_frame()
    for name in ("whole", "own", "part"):
        moments = moments_over_units(means, levels, f"effect_{name}")
        found[f"effect_{name}"] = moments["mean"]
        found[f"{name}_low"], found[f"{name}_high"] = moments["low"], moments["high"]
    found = found.sort_values("effect_whole", ascending=False, kind="stable").reset_index()
    return found[NESTED_COLUMNS]
