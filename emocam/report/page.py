"""The page a person opens: `report/index.html`, its data and its thumbnails, from a run's folder."""

import shutil
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from emocam.report.examples import Example, find_examples
from emocam.report.finding import Cell, ledger, nothing, standing_out, warnings
from emocam.report.matrix import first_rows
from emocam.report.scripts import write_script
from emocam.report.strongest import MOST, find_strongest
from emocam.report.tables import RunTables
from emocam.report.thumbnails import OpenPicture, side_for, write_thumbnails

SCRIPTS = ("state.js", "colour.js", "matrix.js", "gallery.js", "page.js")


def templates() -> Environment:
    """Everything a template is given is escaped; a name it is not given is an error."""
    loader = PackageLoader("emocam.report", "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def write_report(
    folder: Path, open_picture: OpenPicture | None = None, originals: Path | None = None
) -> Path:
    """Writes `report/` of a finished run and returns its index.

    `open_picture` gives the upright picture of a path of the run, or raises; without it the page
    has no photographs. `originals` is the folder under which the full pictures lie, if any.
    """
    run = RunTables.read(folder)
    half = folder / "report.tmp"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    strongest = find_strongest(run)
    examples, flat = find_examples(run, strongest.pairs)
    ordered = sorted(examples.values(), key=lambda e: e.place)
    lost = write_thumbnails(ordered, half, open_picture, side_for(len(ordered))) if open_picture else 0
    cells = standing_out(run)
    cards = _cards(cells, strongest.pairs, examples)
    _write_data(half, run, strongest.pairs, examples, cards, originals)
    static = files("emocam.report") / "static"
    for name in (*SCRIPTS, "style.css"):
        (half / name).write_bytes((static / name).read_bytes())
    page = templates().get_template("index.html.j2")
    told = warnings(run, strongest, flat, lost)
    shown = identity(run) | {"cards": cards, "nothing": nothing(run, strongest.highest), "warnings": told}
    (half / "index.html").write_text(
        page.render(**shown, rows=first_rows(run), scripts=SCRIPTS), encoding="utf-8"
    )
    shutil.rmtree(folder / "report", ignore_errors=True)
    half.rename(folder / "report")
    return folder / "report" / "index.html"


def identity(run: RunTables) -> dict[str, Any]:
    """What every page of a run says of it."""
    return {
        "run": run,
        "name": run.folder.resolve().name,
        "ledger": ledger(run),
        "made": datetime.now().strftime("%Y-%m-%d %H:%M"),
        "version": run.summary.get("versions", {}).get("emocam", ""),
    }


def _cards(
    cells: list[Cell], pairs: pd.DataFrame, examples: dict[str, Example]
) -> list[tuple[Cell, Example]]:
    """Each cell that stands out with its strongest picture."""
    first = pairs[pairs["passed"].astype(bool)].drop_duplicates(["object", "label"])
    picture = dict(zip(zip(first["object"], first["label"], strict=True), first["image"], strict=True))
    return [(cell, examples[picture[cell.object, cell.label]]) for cell in cells]


def _write_data(
    folder: Path,
    run: RunTables,
    pairs: pd.DataFrame,
    examples: dict[str, Example],
    cards: list[tuple[Cell, Example]],
    originals: Path | None,
) -> None:
    """`data/run.js`, which comes with the page, and a file an object, which comes with a click."""
    thresholds = {key: getattr(run.thresholds, key) for key in ("score", "importance", "confidence")}
    told = {
        "name": "data/run.js",
        "objects": run.objects,
        "labels": run.labels,
        "images": run.images,
        "counts": run.counts.ravel(),
        "thresholds": thresholds,
        "explained": run.explained,
        "most": MOST,
        "pictured": sorted(int(i) for i in pairs["object"].unique()),
        "cards": [{"object": c.object, "label": c.label, "picture": e.in_words(c.object)} for c, e in cards],
        "originals": originals.resolve().as_uri() if originals else None,
    }
    write_script(folder / "data" / "run.js", told)
    for thing in pairs["object"].unique().tolist():
        gallery: dict[int, list[dict[str, Any]]] = {}
        for image, label in pairs.loc[pairs["object"] == thing, ["image", "label"]].itertuples(index=False):
            gallery.setdefault(int(label), []).append(examples[image].in_words(thing))
        name = f"data/objects/{thing:04d}.js"
        write_script(folder / name, {"name": name, "cells": gallery})
