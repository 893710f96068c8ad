"""The page's data: what it loads at once, and files for objects and pictures, which it loads on a click."""

from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from emocam.report.content import PageContent
from emocam.report.scripts import write_script
from emocam.report.top_pictures import MOST
from emocam.report.unexplained import outside_line
from emocam.results.files import CELLS
from emocam.results.parquet_file import read_parquet
from emocam.results.run import Run, encode_names

CHUNK = 50
"""The number of pictures in one file of `data/pictures/`."""
SHOWN = (
    *("use", "use_low", "use_high", "use_chance", "lift", "p", "q", "effect", "effect_control"),
    *("flips", "flips_control", "effect_images", "verdict"),
)
"""Columns of cells.parquet that the page shows."""


def shown_cells(run: Run) -> dict[str, list[float | str | None]]:
    """Return further columns of the matrix, flat (O x L), where the run has them; None where unmeasured."""
    if not run.file(CELLS).is_file():
        return {}
    table = read_parquet(run.file(CELLS))
    labels = run.label_names
    row = encode_names(table, "object", run.object_names) * len(labels) + encode_names(table, "label", labels)
    columns: dict[str, list[float | str | None]] = {}
    for name in (name for name in SHOWN if name in table.column_names):
        values: list[float | str | None] = [None] * (len(run.object_names) * len(labels))
        for place, value in zip(row.tolist(), table[name].to_pylist(), strict=True):
            values[place] = _shown(value)
        columns[name] = values
    return columns


def _shown(value: float | str | None) -> float | str | None:
    """Return a number rounded to four digits, None where it is not finite, and anything else as it is."""
    if not isinstance(value, float):
        return value
    return round(value, 4) if np.isfinite(value) else None


def write_data(folder: Path, gathered: PageContent, originals: Path | None) -> None:
    """Write `data/run.js`, `data/objects/` and `data/pictures/`; `originals` is the full pictures' folder."""
    run = gathered.run
    pairs = gathered.strongest.pairs
    examples = gathered.examples
    weight = run.thresholds.decides
    thresholds = {key: getattr(run.thresholds, key) for key in ("score", weight, "confidence")}
    cards = [
        {"object": c.object, "label": c.label, "picture": e.in_words(c.object)} for c, e in gathered.cards(1)
    ]
    data = {
        "name": "data/run.js",
        "objects": run.object_names,
        "labels": run.label_names,
        "images": run.matrix.images,
        "counts": run.matrix.counts.ravel(),
        "thresholds": thresholds,
        "weight": weight,
        "explained": run.explained,
        "unit": run.effect_unit,
        "most": MOST,
        "leftOut": gathered.strongest.left_out,
        "pictured": sorted(int(i) for i in pairs["object"].unique()),
        "cards": cards,
        "chunk": CHUNK,
        "cells": shown_cells(run),
        "outside": outside_line(run),
        "roles": [[*cell, role] for cell, role in run.roles.items()],
        "originals": originals.resolve().as_uri() if originals else None,
    }
    write_script(folder / "data" / "run.js", data)
    for thing, rows in pairs.groupby("object", sort=True):
        gallery: dict[int, list[dict[str, Any]]] = {}
        for image, label in zip(rows["image"], rows["label"], strict=True):
            gallery.setdefault(int(label), []).append(examples[image].in_words(int(str(thing))))
        name = f"data/objects/{thing:04d}.js"
        seen = gathered.strongest.seen[int(str(thing))]
        held = {int(label): int(seen[label]) for label in np.flatnonzero(seen)}
        write_script(folder / name, {"name": name, "cells": gallery, "held": held})
    ordered = sorted(examples.values(), key=lambda example: example.place)
    for part, group in groupby(ordered, lambda example: example.place // CHUNK):
        name = f"data/pictures/{part:04d}.js"
        write_script(folder / name, {"name": name, "pictures": {e.place: e.whole() for e in group}})
