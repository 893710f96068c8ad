"""The files that compare numbers which a network answers with and ratings of people: agreement.csv and figures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emocam.functional.statistics.value_agreement import ValueMeasures, value_agreement
from emocam.plot.agreement import agreement_figure
from emocam.plot.values import correlation_figure
from emocam.results.files import AGREEMENT
from emocam.results.spreadsheet import write_csv

PANELS = 8
"""The most values of which each has a panel of points."""
TOLD = 8
"""The most values that the terminal names."""


@dataclass(frozen=True)
class Ratings:
    """Of n pictures the predicted and the rated values (n, A), and the highest r (A,) that the ratings allow."""

    predicted: pd.DataFrame
    rated: pd.DataFrame
    ceiling: np.ndarray


def ratings_of(rows: pd.DataFrame, names: list[str]) -> Ratings:
    """Return what predictions say of values that have columns `truth_NAME`."""
    rated = rows[[f"truth_{name}" for name in names]].set_axis(names, axis=1)
    return Ratings(rows[names], rated, ceilings(rows, names))


def columns_of_ratings(names: list[str], columns: list[str]) -> list[str]:
    """Return the columns of predictions that `ratings_of` needs, of those that are there."""
    reliable = [f"truth_{name}_reliability" for name in names]
    return [*names, *(f"truth_{name}" for name in names), *(c for c in reliable if c in columns)]


def ceilings(rows: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return the highest r (A,) that the ratings' reliability allows; NaN where it is not given."""
    found = []
    for name in names:
        column = f"truth_{name}_reliability"
        reliability = float(rows[column].mean()) if column in rows else np.nan
        found.append(np.sqrt(reliability) if 0 < reliability <= 1 else np.nan)
    return np.array(found)


def write_agreement(
    folder: Path, ratings: Ratings, unit: np.ndarray, seed: int
) -> tuple[pd.DataFrame, list[str]]:
    """Write agreement.csv and its figures; return the table and its words. `unit` (n,) is resampled whole."""
    predicted, rated = ratings.predicted, ratings.rated
    found = value_agreement(predicted.to_numpy(float), rated.to_numpy(float), unit, seed)
    table = agreement_table(list(map(str, predicted)), found, ratings.ceiling)
    write_csv(table, folder / AGREEMENT, index=False)
    draw_agreement(folder, predicted, rated, found)
    return table, agreement_in_words(table, len(predicted))


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


def draw_agreement(folder: Path, predicted: pd.DataFrame, rated: pd.DataFrame, found: ValueMeasures) -> None:
    """Draw points of few values, and how values go together; nothing of those without ratings that vary."""
    known = [str(name) for name, r in zip(rated, found.r, strict=True) if np.isfinite(r)]
    pairs = {
        name: pd.DataFrame({"annotated": rated[name], "predicted": predicted[name]}).dropna()
        for name in known[:PANELS]
    }
    r_of = dict(zip(map(str, rated), found.r, strict=True))
    titles = {name: f"r {r_of[name]:.2f}, {len(pair):,} pictures" for name, pair in pairs.items()}
    if pairs:
        agreement_figure(pairs, titles).savefig(folder / "agreement.png")
    if len(known) > 1:
        figure = correlation_figure(rated[known], predicted[known])
        figure.savefig(folder / "agreement_correlations.png")


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
        more = f" and {len(partly) - TOLD} more" if len(partly) > TOLD else ""
        lines.append(f"of {images:,} pictures only some have a rating: {counts}{more}")
    if len(unknown := table[table["r"].isna()]):
        names = ", ".join(unknown["attribute"].head(TOLD))
        lines.append(f"no r for {names}: fewer than three ratings, or the same number in every picture")
    return lines
