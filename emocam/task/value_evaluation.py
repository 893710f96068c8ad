"""The figures of numbers that a network answers with, held against ratings, and the files that hold them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emocam.errors import SettingError
from emocam.functional.statistics.figure_intervals import FEW_GROUPS
from emocam.results.agreement import columns_of_ratings, ratings_of, write_agreement
from emocam.results.files import EVALUATION, GROUP, PREDICTIONS, SCORES
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run
from emocam.results.scores import FILEPATH
from emocam.results.spreadsheet import write_csv
from emocam.train.ratings import unrated_sentence

KEPT_VALUES = ("evaluated", "left_out", "agreement_r", "intervals")
"""Entries of evaluation.json that summary.json has, too."""


def evaluate_values(folder: Path, seed: int, csv: bool) -> tuple[dict[str, Any], list[str]]:
    """Write agreement.csv and its figures of a run whose network answers with numbers; return entries and words."""
    run = Run(folder)
    columns = run.columns(PREDICTIONS)
    names = [name for name in run.value_names if f"truth_{name}" in columns]
    if not names:
        raise SettingError(
            "task=evaluate needs ratings, and these data have no column "
            f"{' or '.join(f'truth_{name}' for name in run.value_names[:4])}; take data=table with such columns"
        )
    grouped = [GROUP] if GROUP in columns else []
    wanted = ["image", *grouped, *columns_of_ratings(names, columns)]
    rows = read_frame(run.file(PREDICTIONS), columns=wanted)
    if csv:
        table = rows[names].map(lambda value: float(f"{value:.6g}"))
        table.insert(0, FILEPATH, rows["image"])
        write_csv(table, folder / SCORES, index=False)
    rated = np.isfinite(rows[[f"truth_{name}" for name in names]].to_numpy(float)).any(1)
    if not rated.any():
        raise SettingError(f"task=evaluate: no picture has a rating of {', '.join(names[:8])}")
    rows = rows[rated]
    unit, told = units_of(rows[GROUP].astype(str).to_numpy() if grouped else None, len(rows))
    table, lines = write_agreement(folder, ratings_of(rows, names), unit, seed)
    known = table["r"].to_numpy()[np.isfinite(table["r"])]
    entries: dict[str, Any] = {
        "evaluated": len(rows),
        "left_out": int((~rated).sum()),
        "values": run.value_names,
        "agreement_r": float(known.mean()) if len(known) else None,
        "intervals": told,
        "per_value": per_value(table),
    }
    if missing := [name for name in run.value_names if name not in names]:
        lines.append(f"no ratings of {', '.join(missing[:8])}: these are not evaluated")
    if entries["left_out"]:
        lines.append(unrated_sentence(entries["left_out"]))
    (folder / EVALUATION).write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    return {name: entries[name] for name in KEPT_VALUES}, lines


def units_of(group: np.ndarray | None, pictures: int) -> tuple[np.ndarray, str]:
    """Return what is drawn again for an interval (n,): whole groups, or pictures where there are few groups."""
    groups = 0 if group is None else len(np.unique(group))
    if group is None or groups < FEW_GROUPS:
        return np.arange(pictures), "by picture"
    return group, f"{groups:,} groups drawn again"


def per_value(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of agreement.csv, None for what is not known."""
    return [
        {
            str(name): None if isinstance(value, float) and np.isnan(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]
