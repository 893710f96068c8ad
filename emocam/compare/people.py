"""What only people look at, and what only the model uses: a run of gaze beside one of a model, on the same pictures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from emocam.results.run import Run

GAZE = "gaze"
PEOPLE, MODEL, BOTH = "people", "model", "both"
SURE = 0.05
MOST = 12
"""Sentences on a terminal and a page; paired.csv has all."""


def is_gaze(run: Run) -> bool:
    """Return whether the maps of a run are where people looked."""
    return run.choices.get("cam") == GAZE


def who_looks(cells: pd.DataFrame, runs: Sequence[Run], names: Sequence[str]) -> pd.DataFrame:
    """Give paired cells a column `who`: `people`, `model`, `both` or empty; unchanged where no run is of gaze.

    Both look at an object beyond what boxes anywhere in their maps would have (`use_q` of each run's cells). Only one
    does where it does so, the other does not, and it counts in more of the same pictures (paired, q).
    """
    by_name = dict(zip(names, runs, strict=True))
    if not len(cells) or not any(is_gaze(run) for run in runs):
        return cells
    beyond = {name: looked_at(run) for name, run in by_name.items()}
    gaze = {name: is_gaze(run) for name, run in by_name.items()}
    sides = [cells["run_a"].map(gaze).to_numpy(bool), cells["run_b"].map(gaze).to_numpy(bool)]
    pair = list(zip(cells["object"], cells["label"], strict=True))
    looks = [
        np.array([key in beyond[name] for key, name in zip(pair, cells[side], strict=True)], bool)
        for side in ("run_a", "run_b")
    ]
    more = np.sign(cells["difference"].to_numpy(float)) * (cells["q"].to_numpy(float) < SURE)
    a_alone, b_alone = looks[0] & ~looks[1] & (more < 0), looks[1] & ~looks[0] & (more > 0)
    who = np.full(len(cells), "", object)
    mixed = sides[0] ^ sides[1]
    who[mixed & looks[0] & looks[1]] = BOTH
    who[mixed & np.where(sides[0], a_alone, b_alone)] = PEOPLE
    who[mixed & np.where(sides[0], b_alone, a_alone)] = MODEL
    return cells.assign(who=who)


def looked_at(run: Run) -> set[tuple[str, str]]:
    """Return the cells, object and label, that a run looks at beyond chance."""
    cells = run.cells
    if "use_q" not in cells:
        return set()
    sure = cells[cells["use_q"] < SURE]
    return set(zip(sure["object"].astype(str), sure["label"].astype(str), strict=True))


def who_sentences(cells: pd.DataFrame) -> list[str]:
    """Return a sentence of each label in which people and model differ, the largest differences first."""
    if "who" not in cells:
        return []
    words = {PEOPLE: "only people look at", MODEL: "only the model uses"}
    found = cells[cells["who"].isin(words)].copy()
    found["size"] = found["difference"].abs()
    lines = []
    for (label, who), rows in found.groupby(["label", "who"], sort=False):
        names = rows.sort_values("size", ascending=False)["object"].tolist()
        lines.append((rows["size"].max(), f"{label}: {words[str(who)]} {', '.join(map(str, names))}"))
    lines.sort(key=lambda line: -line[0])
    both = int((cells["who"] == BOTH).sum())
    told = [line for _, line in lines[:MOST]]
    if not told:
        told = ["no object is looked at by people alone or used by the model alone (paired, q < .05)"]
    return [*told, f"both look at {both:,} objects of a label beyond chance"]
