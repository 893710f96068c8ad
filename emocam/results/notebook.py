"""A run in one look, for a notebook: what stands out, the ledger, and where the report is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from emocam.results.notebook_html import paragraph, table
from emocam.results.sentences import capitalised
from emocam.results.support import best_supported, held_back, images_of_finding


def glance(path: Path, summary: Mapping[str, Any], cells: pd.DataFrame | None, ledger: str) -> str:
    """Return HTML; `cells` add intervals, chance and verdict to what the summary found."""
    findings = summary.get("finding", [])
    found = [findings[place] for place in best_supported(findings)[0]]
    known = None if cells is None else cells.set_index(["object", "label"])
    rows = [_row(cell, known) for cell in found]
    heads = ["object", "label", "% of its images", "looked at where present", "verdict"]
    kept = [column for column in range(5) if column < 3 or any(row[column] for row in rows)]
    choices = summary.get("choices", {})
    name = " · ".join(f"{key} {choices[key]}" for key in ("data", "classifier", "cam") if choices.get(key))
    shown = table([heads[k] for k in kept], [[row[k] for k in kept] for row in rows], name or path.name)
    page = path / "report" / "index.html"
    link = ("report", _address(page)) if page.is_file() else ()
    rest = held_back(findings)
    return shown + (paragraph(f"{capitalised(rest)}") if rest else "") + paragraph(f"{ledger}.", *link)


def _row(cell: Any, known: pd.DataFrame | None) -> list[str]:
    first = [cell["object"], cell["label"], f"{cell['percent']:.0f} of {images_of_finding(cell):,}"]
    if known is None or (cell["object"], cell["label"]) not in known.index:
        return [*first, "", ""]
    row = known.loc[(cell["object"], cell["label"])]
    first[2] += f" ({row['percent_low']:.0f} to {row['percent_high']:.0f})"
    use = "" if pd.isna(row["use"]) else f"{100 * row['use']:.0f} %"
    if use and pd.notna(row["use_chance"]):
        use += f" (by chance {100 * row['use_chance']:.0f} %)"
    return [*first, use, "" if pd.isna(row["verdict"]) else str(row["verdict"])]


def _address(page: Path) -> str:
    """Return a relative address where a notebook's server can serve the page, else the file's own."""
    here = Path.cwd()
    inside = page.absolute().is_relative_to(here)
    return page.absolute().relative_to(here).as_posix() if inside else page.absolute().as_uri()
