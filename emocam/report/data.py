"""The page's data: what comes with it, and files for objects and pictures, which come with a click."""

from itertools import groupby
from pathlib import Path
from typing import Any

from emocam.report.content import PageContent
from emocam.report.scripts import write_script
from emocam.report.top_pictures import MOST

CHUNK = 50
"""Pictures in one file of `data/pictures/`."""


def write_data(folder: Path, gathered: PageContent, originals: Path | None) -> None:
    """`data/run.js`, `data/objects/` and `data/pictures/`; `originals` is where full pictures lie, if anywhere."""
    run, pairs, examples = gathered.run, gathered.strongest.pairs, gathered.examples
    weight = run.thresholds.decides
    thresholds = {key: getattr(run.thresholds, key) for key in ("score", weight, "confidence")}
    cards = [
        {"object": c.object, "label": c.label, "picture": e.in_words(c.object)} for c, e in gathered.cards(1)
    ]
    told = {
        "name": "data/run.js",
        "objects": run.objects,
        "labels": run.labels,
        "images": run.images,
        "counts": run.counts.ravel(),
        "thresholds": thresholds,
        "weight": weight,
        "explained": run.explained,
        "most": MOST,
        "pictured": sorted(int(i) for i in pairs["object"].unique()),
        "cards": cards,
        "chunk": CHUNK,
        "cells": run.cells,
        "roles": [[*cell, role] for cell, role in run.roles.items()],
        "originals": originals.resolve().as_uri() if originals else None,
    }
    write_script(folder / "data" / "run.js", told)
    for thing, own in pairs.groupby("object", sort=True):
        gallery: dict[int, list[dict[str, Any]]] = {}
        for image, label in zip(own["image"], own["label"], strict=True):
            gallery.setdefault(int(label), []).append(examples[image].in_words(int(str(thing))))
        name = f"data/objects/{thing:04d}.js"
        write_script(folder / name, {"name": name, "cells": gallery})
    ordered = sorted(examples.values(), key=lambda example: example.place)
    for part, group in groupby(ordered, lambda example: example.place // CHUNK):
        name = f"data/pictures/{part:04d}.js"
        write_script(folder / name, {"name": name, "pictures": {e.place: e.whole() for e in group}})
