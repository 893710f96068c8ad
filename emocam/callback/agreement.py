"""Values that a network answers with, compared with the ratings of people."""

from typing import Any

import numpy as np
import pandas as pd

from emocam.callback.base import Finished
from emocam.functional.statistics.value_agreement import ValueMeasures, value_agreement
from emocam.plot.agreement import agreement_figure
from emocam.plot.values import correlation_figure
from emocam.results.files import PREDICTIONS
from emocam.results.parquet_file import read_frame
from emocam.results.spreadsheet import write_csv

PANELS = 8
"""The most values of which each has a panel of points."""
TOLD = 8
"""The most values that the terminal names."""


class ValueAgreement:
    """A callback that writes agreement.csv and figures where values have columns `truth_NAME`.

    A column `truth_NAME_reliability` gives a `ceiling`, the highest r that ratings of that reliability allow.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        columns = run.columns(PREDICTIONS)
        names = [name for name in run.value_names if f"truth_{name}" in columns]
        if not names:
            return {}
        reliable = [f"truth_{name}_reliability" for name in names]
        wanted = [*names, *(f"truth_{name}" for name in names), *(c for c in reliable if c in columns)]
        rows = read_frame(run.file(PREDICTIONS), columns=wanted).astype(float)
        predicted, rated = rows[names], rows[[f"truth_{name}" for name in names]].set_axis(names, axis=1)
        unit = finished.dependence.units(finished.occurrences.label)
        found = value_agreement(predicted.to_numpy(), rated.to_numpy(), unit, self.seed)
        table = agreement_table(names, found, ceilings(rows, names))
        write_csv(table, run.path / "agreement.csv", index=False)
        draw_agreement(finished, predicted, rated, found)
        known = found.r[np.isfinite(found.r)]
        mean = {"agreement_r": float(known.mean())} if len(known) else {}
        return {"agreement": agreement_in_words(table, len(rows)), **mean}


def ceilings(rows: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return the highest r (A,) that the ratings' reliability allows; NaN where it is not given."""
    found = []
    for name in names:
        column = f"truth_{name}_reliability"
        reliability = float(rows[column].mean()) if column in rows else np.nan
        found.append(np.sqrt(reliability) if 0 < reliability <= 1 else np.nan)
    return np.array(found)


def agreement_table(names: list[str], found: ValueMeasures, ceiling: np.ndarray) -> pd.DataFrame:
    """Return a row a value."""
    return pd.DataFrame(
        {
            "attribute": names,
            "r": found.r,
            "rho": found.rho,
            "rmse": found.rmse,
            "bias": found.bias,
            "low": found.low,
            "high": found.high,
            "ceiling": ceiling,
            "of_ceiling": found.r / ceiling,
            "images": found.images,
        }
    )


def draw_agreement(
    finished: Finished, predicted: pd.DataFrame, rated: pd.DataFrame, found: ValueMeasures
) -> None:
    """Draw points of few values, and how values go together; nothing of those without ratings that vary."""
    known = [str(name) for name, r in zip(rated, found.r, strict=True) if np.isfinite(r)]
    pairs = {
        name: pd.DataFrame({"annotated": rated[name], "predicted": predicted[name]}).dropna()
        for name in known[:PANELS]
    }
    r_of = dict(zip(map(str, rated), found.r, strict=True))
    titles = {name: f"r {r_of[name]:.2f}, {len(pair):,} pictures" for name, pair in pairs.items()}
    if pairs:
        agreement_figure(pairs, titles).savefig(finished.folder / "agreement.png")
    if len(known) > 1:
        figure = correlation_figure(rated[known], predicted[known])
        figure.savefig(finished.folder / "agreement_correlations.png")


def agreement_in_words(table: pd.DataFrame, images: int) -> list[str]:
    """Return the correlations with their intervals, and what could not be compared."""
    measured = table[table["r"].notna()]
    shown = [
        f"{row.attribute} {row.r:.2f} ({row.low:.2f} to {row.high:.2f})" for row in measured.itertuples()
    ]
    more = f" and {len(shown) - TOLD} more, in agreement.csv" if len(shown) > TOLD else ""
    lines = [f"r with the ratings: {', '.join(shown[:TOLD])}{more}"] if shown else []
    partly = table[(table["images"] > 0) & (table["images"] < images)]
    if len(partly):
        counts = ", ".join(f"{row.attribute} {row.images:,}" for row in partly.head(TOLD).itertuples())
        lines.append(f"of {images:,} pictures only some have a rating: {counts}")
    if len(unknown := table[table["r"].isna()]):
        names = ", ".join(unknown["attribute"].head(TOLD))
        lines.append(f"no r for {names}: fewer than three ratings, or the same number in every picture")
    return lines
