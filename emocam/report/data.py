"""The page's data: what it loads at once, and files for objects and pictures, which it loads on a click."""

from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from emocam.report.best_pairs import MOST
from emocam.report.cell_columns import write_cells
from emocam.report.content import PageContent
from emocam.report.scripts import write_script
from emocam.report.unexplained import outside_line

CHUNK = 50
"""The number of pictures in one file of `data/pictures/`."""


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
        "cells": write_cells(folder, run),
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
