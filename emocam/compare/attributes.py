"""Objects x values: what raises a value and what lowers it, from runs that asked every picture each way."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emocam.cells.dependence import read_dependence
from emocam.cells.occurrences import Occurrences, read_occurrences
from emocam.cells.verdict import CHANCE, FEW, FEW_GROUPS, LOOKED_AT, PRESENT, UNSEEN, USED
from emocam.plot.attributes import attribute_figure
from emocam.report.attributes import write_attribute_page
from emocam.results.files import ATTRIBUTES, ATTRIBUTES_PICTURE, CELLS
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv

RAISES, LOWERS = "raises", "lowers"
RESAMPLES = 1000
ORDER = (LOOKED_AT, UNSEEN, PRESENT, CHANCE, FEW_GROUPS, FEW)
"""Of two directions that have no effect, the verdict that says more."""
MOST = 12
"""The most sentences at the end."""


@dataclass(frozen=True)
class Asked:
    """One direction of a value, asked of every picture: cells by object, and where objects occur and count."""

    cells: pd.DataFrame
    occurrences: Occurrences


@dataclass(frozen=True)
class AttributeMatrix:
    """The rows of attributes.csv, the unit of their effects, and the sentences that say what was found."""

    table: pd.DataFrame
    unit: str
    sentences: list[str]


def write_attributes(runs: list[Run], folder: Path) -> AttributeMatrix:
    """Write attributes.csv, its figure and the page of runs that ask about values, each in one direction."""
    tables = []
    methods = list(dict.fromkeys(run.choices.get("cam", "") for run in runs))
    for method in methods:
        own = {run.asked: run for run in runs if run.choices.get("cam", "") == method and run.asked}
        table = attribute_table({str(label): run for label, run in own.items()})
        if len(methods) > 1:
            table.insert(0, "method", method)
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(table, folder / ATTRIBUTES, index=False)
    first = tables[0]
    attribute_figure(first, runs[0].effect_unit).savefig(folder / ATTRIBUTES_PICTURE)
    sentences = attribute_sentences(first, runs[0].effect_unit)
    write_attribute_page(folder, runs, first, methods, sentences)
    return AttributeMatrix(table, runs[0].effect_unit, sentences)


def attribute_table(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Return a row an object and value, from runs by the label that they asked about."""
    first = next(iter(runs.values()))
    unit = read_dependence(first).units(np.zeros(len(first.predictions), np.int64))
    names = list(dict.fromkeys(label[:-2] for label in runs))
    rows = []
    for name in names:
        up, down = (read_asked(runs.get(f"{name} {sign}"), f"{name} {sign}") for sign in "+-")
        rows.append(value_rows(name, up, down, unit, first.object_names))
    return pd.concat(rows, ignore_index=True)


def read_asked(run: Run | None, label: str) -> Asked | None:
    """Return what a run found; None where this direction was not asked."""
    if run is None:
        return None
    cells = run.cells if run.file(CELLS).is_file() else pd.DataFrame(columns=["object", "label"])
    own = cells[cells["label"].astype(str) == label].set_index("object")
    own.index = own.index.astype(str)
    return Asked(own.reindex(run.object_names), read_occurrences(run, run.thresholds))


def value_rows(
    name: str, up: Asked | None, down: Asked | None, unit: np.ndarray, objects: list[str]
) -> pd.DataFrame:
    """Return the rows of one value; what was not asked is NaN."""
    nothing = np.full(len(objects), np.nan)

    def column(asked: Asked | None, key: str) -> np.ndarray:
        known = asked is not None and key in asked.cells
        return asked.cells[key].to_numpy(float) if asked is not None and known else nothing

    balance, low, high = (nothing, nothing, nothing)
    if up is not None and down is not None:
        balance, low, high = balances(up.occurrences, down.occurrences, unit)
    effect = column(up, "effect") if up is not None else -column(down, "effect")
    effect = np.where(np.isfinite(effect), effect, -column(down, "effect"))
    columns = {
        "object": objects,
        "attribute": name,
        "up": column(up, "use"),
        "up_chance": column(up, "use_chance"),
        "down": column(down, "use"),
        "down_chance": column(down, "use_chance"),
        "balance": balance,
        "low": low,
        "high": high,
        "effect": effect,
        "verdict": attribute_verdicts(up, down, len(objects)),
        "present": column(up if up is not None else down, "present"),
    }
    return pd.DataFrame(columns)


def balances(
    up: Occurrences, down: Occurrences, unit: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how much oftener each object (O,) counts for the value than against it, and the 95 % interval.

    The share is of the pictures that hold the object; units are resampled whole.
    """
    places, one = np.unique(unit, return_inverse=True)
    of = one[up.image]
    shape = (len(places), up.objects)
    present, difference = np.zeros(shape), np.zeros(shape)
    np.add.at(present, (of, up.object), 1)
    np.add.at(difference, (of, up.object), up.kept.astype(float) - down.kept.astype(float))
    draws = np.random.default_rng(seed).multinomial(
        len(places), np.full(len(places), 1 / len(places)), RESAMPLES
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        balance = difference.sum(0) / present.sum(0)
        drawn = (draws @ difference) / (draws @ present)
    low, high = np.nanpercentile(np.where(present.sum(0) > 0, drawn, 0), [2.5, 97.5], axis=0)
    never = present.sum(0) == 0
    return balance, np.where(never, np.nan, low), np.where(never, np.nan, high)


def attribute_verdicts(up: Asked | None, down: Asked | None, objects: int) -> list[str | None]:
    """Return the verdict of each object: an effect one way, or what the directions say of it else."""
    words: list[list[str | None]] = []
    for asked in (up, down):
        found = [None] * objects if asked is None else asked.cells["verdict"].tolist()
        words.append([word if isinstance(word, str) else None for word in found])
    verdicts: list[str | None] = []
    for above, below in zip(*words, strict=True):
        if USED in (above, below):
            verdicts.append(RAISES if above == USED else LOWERS)
        else:
            verdicts.append(next((word for word in ORDER if word in (above, below)), None))
    return verdicts


def attribute_sentences(table: pd.DataFrame, unit: str) -> list[str]:
    """Return a sentence on each cell with an effect, the largest first."""
    known = table[table["verdict"].isin((RAISES, LOWERS))]
    known = known.reindex(known["effect"].abs().sort_values(ascending=False, kind="stable").index)
    lines = [
        f"{row['object']} {row['verdict']} {row['attribute']}: without it {row['attribute']} moves by "
        f"{-float(row['effect']):+.2f} {unit}"
        for row in known.head(MOST).to_dict("records")
    ]
    if len(known) > MOST:
        lines.append(f"and {len(known) - MOST} more, in {ATTRIBUTES}")
    if not table["effect"].notna().any():
        lines.append(
            "no effect was measured, so nothing is said to raise or lower a value; add +effect=erase"
        )
    measured = table[table["effect"].notna()]
    few = measured[measured["verdict"].isin((FEW, FEW_GROUPS))]
    if len(few) < len(measured) and not lines:
        lines.append("no object that was measured in enough pictures can be said to raise or lower a value")
    if len(few):
        such = few["object"].iloc[0]
        lines.append(
            f"{len(few)} measured {'cell has' if len(few) == 1 else 'cells have'} too few pictures or groups "
            f"for a verdict, such as {such}"
        )
    return lines
