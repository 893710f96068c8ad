"""The page of a model, gaze and a brain side by side: three matrices over the same emotions."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from emocam.plot.cross import three_sides
from emocam.report.page import static, templates
from emocam.results.files import CROSS, CROSS_FOLDER, CROSS_PICTURE
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv

MOST_ROWS = 25
"""Objects, or regions, of each side on the page and in the figure; cross.csv has all."""
LEVELS = (5, 20, 40, 60)
"""Percent from which on a cell has the next colour."""


def write_cross(folder: Path, table: pd.DataFrame, runs: Mapping[str, Run]) -> Path:
    """Leave cross.csv, cross.png and cross/index.html in a folder, and return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(table, folder / CROSS, index=False)
    sides = {side: side_matrix(table, side) for side in runs}
    three_sides(sides).savefig(folder / CROSS_PICTURE)
    place = folder / CROSS_FOLDER
    place.mkdir(exist_ok=True)
    (place / "style.css").write_text(static("style.css"), encoding="utf-8")
    page = templates().get_template("cross.html.j2")
    words = {
        "sides": [_shown(side, matrix, runs[side], place) for side, matrix in sides.items()],
        "emotions": list(table["emotion"].unique()),
        "summary": standing(table),
        "csv": f"../{CROSS}",
        "picture": f"../{CROSS_PICTURE}",
    }
    (place / "index.html").write_text(page.render(**words), encoding="utf-8")
    return place / "index.html"


def side_matrix(table: pd.DataFrame, side: str) -> pd.DataFrame:
    """Return the rows of one side as cells, names x emotions: those that stand out first, then the commonest."""
    emotions = list(table["emotion"].unique())
    rows = table[table["side"] == side].drop_duplicates(["name", "emotion"])
    counts = rows.assign(percent=rows["percent"].fillna(0)).groupby("name", sort=False)
    order = counts.agg(out=("stands_out", "sum"), most=("percent", "max"))
    order = order[(order["most"] > 0) | (order["out"] > 0)]
    first = order.sort_values(["out", "most"], ascending=False, kind="stable").index[:MOST_ROWS]
    values = ["percent", "chance", "effect", "verdict", "stands_out"]
    wide = rows.pivot(index="name", columns="emotion", values=values)
    return wide.reindex(index=first).reindex(columns=emotions, level=1)


def standing(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what stands out of each emotion on each side."""
    found = []
    for emotion in table["emotion"].unique():
        rows = table[(table["emotion"] == emotion)]
        out = rows[rows["stands_out"]]
        sides = {side: out.loc[out["side"] == side, "name"].tolist() for side in ("model", "gaze", "brain")}
        found.append({"emotion": emotion, "has": set(rows["side"]), **sides})
    return found


def _shown(side: str, matrix: pd.DataFrame, run: Run, place: Path) -> dict[str, Any]:
    """Return what the page shows of a side: rows of cells with a text, a colour and what the pointer tells."""
    emotions = list(matrix.columns.get_level_values(1).unique())
    rows = []
    for name, values in matrix.iterrows():
        rows.append((str(name), [_cell(values.xs(emotion, level=1)) for emotion in emotions]))
    report = run.path / "report" / "index.html"
    link = quote(Path(os.path.relpath(report, place)).as_posix()) if report.is_file() else ""
    return {"side": side, "rows": rows, "emotions": emotions, "link": link, "run": run.path.resolve().name}


def _cell(values: pd.Series) -> dict[str, str]:
    percent = float(values["percent"]) if values["percent"] is not None else np.nan
    if np.isnan(percent):
        return {"text": "", "colour": "none", "title": "no such label here, or never answered", "mark": ""}
    level = int(np.searchsorted(LEVELS, percent, side="right"))
    parts = [f"{percent:.1f} % of the emotion's"]
    if np.isfinite(float(values["chance"])):
        parts.append(f"by chance {float(values['chance']):.0f} % where it is present")
    if np.isfinite(float(values["effect"])):
        parts.append(f"effect {float(values['effect']):.2f} log-odds")
    if values["verdict"]:
        parts.append(str(values["verdict"]))
    mark = "●" if bool(values["stands_out"]) else ""
    return {"text": f"{percent:.0f}", "colour": f"c{level}", "title": "; ".join(parts), "mark": mark}
