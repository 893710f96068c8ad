"""What a run's files say of annotated labels and of effects, counted again from its tables."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from emocam.effect.exchange import EXCHANGED
from emocam.results.files import CELLS, CONFUSION, EFFECT, PREDICTIONS, SUMMARY, parquet
from emocam.results.parquet_file import read_frame, read_schema
from emocam.results.recount import MOST_ROWS, csv_faults, csv_rows, same_number
from emocam.results.run import Run
from emocam.results.spreadsheet import without_formula

TRUTH = "truth"
ASSOCIATION_TRUTH = ("association_truth.csv", "association_truth_percent.csv")
ONE_CELL = ["object", "label"]
NO_TRIALS = ("composed", EXCHANGED)
"""The fills of pictures that were composed again, or have another picture's region: no trials."""


def annotated_faults(run: Run) -> Iterator[str]:
    """Yield what differs of the accuracy, the confusion and the matrix by annotated labels."""
    if run.many or TRUTH not in read_schema(run.file(PREDICTIONS)).names:
        return
    rows = read_frame(run.file(PREDICTIONS), ["label", "confidence", TRUTH])
    rows = rows.astype({"label": str, TRUTH: str})
    known = rows[rows[TRUTH] != ""]
    told = run.summary.get("accuracy")
    if told is not None and len(known) and set(known[TRUTH]) <= set(run.label_names):
        right = float((known[TRUTH] == known["label"]).mean())
        if not math.isclose(float(told), right, abs_tol=1e-9):
            yield f"{SUMMARY} tells of an accuracy of {told:.4f}, and predictions.parquet gives {right:.4f}"
    sure = known[run.thresholds.confident(known["confidence"].to_numpy())]
    for name in (CONFUSION[0], *ASSOCIATION_TRUTH):
        lines = csv_rows(run.path / name)
        if not lines:
            continue
        written = {without_formula(label): label for label in sure[TRUTH].unique()}
        labels = [written.get(label, label) for label in lines[0][1:]]
        if name == CONFUSION[0]:
            table = pd.crosstab(sure["label"], sure[TRUTH])
            table = table.reindex(index=run.label_names, columns=labels, fill_value=0)
            names, expected = run.label_names, table.to_numpy()
        else:
            counts = run.counts(run.thresholds, truth=labels)
            names = run.object_names
            expected = (counts.counts if name == ASSOCIATION_TRUTH[0] else counts.percent).numpy()
        yield from csv_faults(run.path / name, names, expected, skipped=1, columns=len(labels))


def effect_faults(run: Run) -> Iterator[str]:
    """Yield cells whose mean effect or share of flips is not that of their trials.

    Of a run whose pictures stand each for itself; what is taken by groups is told by no row alone.
    """
    if run.of_series or not (run.file(EFFECT).is_file() and run.file(CELLS).is_file()):
        return
    if run.summary.get("groups", len(run.predictions)) != len(run.predictions):
        return
    names = read_schema(run.file(EFFECT)).names
    rows = read_frame(run.file(EFFECT)).astype(dict.fromkeys((*ONE_CELL, "image", "fill"), str))
    alone = rows["control"].astype(str) == "none" if "control" in names else False
    rows = rows[~rows["fill"].isin(NO_TRIALS) & np.isfinite(rows["effect"])]
    rows = rows[np.isfinite(rows["effect_control"]) | alone].astype({"flipped": float})
    of_images = rows.groupby([*ONE_CELL, "image"])[["effect", "flipped"]].mean()
    expected = of_images.groupby(ONE_CELL).mean()
    cells = read_frame(run.file(CELLS), [*ONE_CELL, "effect", "flips"]).dropna(subset=["effect"])
    faults = 0
    for cell in cells.itertuples(index=False):
        place = (cell.object, cell.label)
        right = expected.loc[place].to_numpy(float) if place in expected.index else np.full(2, np.nan)
        if not np.allclose(np.array([cell.effect, cell.flips], float), right, rtol=1e-4, atol=1e-4):
            faults += 1
            if faults <= MOST_ROWS:
                yield (
                    f"{parquet(CELLS)} ({cell.object} / {cell.label}), effect and flips: {cell.effect:.4f} and "
                    f"{cell.flips:.4f}, and {parquet(EFFECT)} gives {right[0]:.4f} and {right[1]:.4f}"
                )
    if faults > MOST_ROWS:
        yield f"{parquet(CELLS)}: the effects of {faults - MOST_ROWS:,} more cells differ from their trials"


def cell_copy_faults(run: Run) -> Iterator[str]:
    """Yield rows in which cells.csv, which people open, is not cells.parquet."""
    lines = csv_rows(run.path / f"{CELLS}.csv")
    if not lines or not run.file(CELLS).is_file():
        return
    table, (head, *body) = read_frame(run.file(CELLS)), lines
    names = [str(name) for name in table.columns]
    if head != names:
        odd = next(iter(set(names).symmetric_difference(head)), "the order of its columns")
        yield f"{CELLS}.csv has other columns than {parquet(CELLS)}: {odd}"
        return
    columns = [table[name].tolist() for name in names]
    faults = 0
    for line, row in enumerate(body[: len(table)]):
        known = zip(names, row, (column[line] for column in columns), strict=False)
        differing = [(name, text) for name, text, own in known if not _same(text, own)]
        faults += bool(differing)
        if differing and faults <= MOST_ROWS:
            name, text = differing[0]
            yield (
                f"{CELLS}.csv, line {line + 2} ({row[0]} / {row[1]}), {name}: {text or 'nothing'}, and "
                f"{parquet(CELLS)} has another"
            )
    if faults > MOST_ROWS:
        yield f"{CELLS}.csv: {faults - MOST_ROWS:,} more rows differ from {parquet(CELLS)}"


def _same(text: str, own: Any) -> bool:
    """Return whether a CSV file's text is a table's value."""
    if pd.isna(own):
        return text == ""
    if isinstance(own, bool) or not isinstance(own, int | float):
        return text == without_formula(str(own))
    return same_number(text, float(own))
