"""The page of a run over several values: objects x values, what raises each and what lowers it."""

import os
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from emocam.report.page import begin_report, finish_report, templates
from emocam.results.run import Run

STEPS = 4
"""Of the colours on either side."""
SIGNS = {"raises": "▲", "lowers": "▼"}


@dataclass(frozen=True)
class ShownCell:
    """A cell of the page: its number, its colour, its sign, and all that is known of it in words."""

    text: str
    colour: str
    sign: str
    title: str


def write_attribute_page(
    folder: Path, runs: list[Run], table: pd.DataFrame, methods: list[str], sentences: list[str]
) -> Path:
    """Write `folder`/report/ with the matrix and a link to each direction's own page, and return its index."""
    half = begin_report(folder, ())
    measured = bool(table["effect"].notna().any())
    names = list(dict.fromkeys(table["attribute"]))
    strength = table["effect" if measured else "balance"].abs()
    top = float(strength.max()) if strength.notna().any() else 1.0
    peak = strength.groupby(table["object"]).max().fillna(-1).sort_values(ascending=False, kind="stable")
    cells = {
        (str(row["object"]), str(row["attribute"])): shown_cell(row, measured, top)
        for row in table.to_dict("records")
    }
    pages = {
        str(run.asked): quote(os.path.relpath(run.path / "report" / "index.html", folder / "report"))
        for run in runs
        if run.choices.get("cam", "") == methods[0]
    }
    page = (
        templates()
        .get_template("attributes.html.j2")
        .render(
            title=folder.resolve().name,
            names=names,
            objects=[str(name) for name in peak.index],
            cells=cells,
            pages=pages,
            measured=measured,
            unit=runs[0].effect_unit,
            images=len(runs[0].predictions),
            methods=methods,
            sentences=sentences,
        )
    )
    (half / "index.html").write_text(page, encoding="utf-8")
    return finish_report(half)


def shown_cell(row: Mapping[Hashable, Any], measured: bool, top: float) -> ShownCell:
    """Return how a row of the table is shown; `top` is the largest number of all."""
    number = {str(name): float(value) for name, value in row.items() if isinstance(value, float)}
    value = number.get("effect" if measured else "balance", np.nan)
    verdict = row["verdict"] if isinstance(row["verdict"], str) else ""
    if np.isnan(value):
        colour, text = "none", "–"
    else:
        step = round(STEPS * abs(value) / (top or 1))
        colour, text = f"{'r' if value > 0 else 'm'}{step}" if step else "c0", f"{value:+.2f}"
    told = [f"{row['object']}, {row['attribute']}"]
    for name, words in (("up", "counts for it in"), ("down", "against it in")):
        if np.isfinite(number.get(name, np.nan)):
            by_chance = number.get(f"{name}_chance", np.nan)
            expected = f" (by chance {100 * by_chance:.0f} %)" if np.isfinite(by_chance) else ""
            told.append(f"{words} {100 * number[name]:.0f} % of the pictures that hold it{expected}")
    if np.isfinite(number.get("balance", np.nan)):
        told.append(f"balance {number['balance']:+.2f} ({number['low']:+.2f} to {number['high']:+.2f})")
    return ShownCell(
        text, colour, SIGNS.get(verdict, ""), "; ".join([*told, *([verdict] if verdict else [])])
    )
