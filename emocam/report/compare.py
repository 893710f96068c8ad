"""The page of a sweep or a comparison: how alike the runs are, where they differ, all maps side by side."""

import os
import shutil
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from PIL import Image

from emocam.report.differences import (
    FEW_IMAGES,
    Difference,
    comparable,
    enough_images,
    find_differences,
    find_pictures,
    same_counts,
)
from emocam.report.examples import Example
from emocam.report.focus_shift import hides_faces, lenders, write_moved
from emocam.report.page import static, templates
from emocam.report.paste import find_pasted
from emocam.report.scripts import write_script
from emocam.results.run import Run

SCRIPTS = ("state.js", "colour.js", "stage.js", "compare.js")
FLIPS = 3
"""Pictures before and after, of each run."""


def write_comparison(
    folder: Path,
    runs: list[Path],
    names: list[str],
    refusal: str | None = None,
    remarks: Sequence[str] = (),
) -> Path:
    """Writes `folder`/report/ from finished runs and the tables that lie in `folder`; returns its index.

    Thumbnails are taken from the runs' own reports. `refusal` says why the runs cannot be compared,
    `remarks` what to know of those that are alike.
    """
    tables = [Run(run) for run in runs]
    matrices = [run.matrix for run in tables]
    half = folder / "report.tmp"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    same = refusal is None and comparable(tables)
    cells = find_differences(matrices) if same else []
    _write_cells(half, tables, cells)
    moved = write_moved(half, folder, tables) if same else []
    for name in (*SCRIPTS, "style.css"):
        (half / name).write_text(static(name), encoding="utf-8")
    page = (
        templates()
        .get_template("compare.html.j2")
        .render(
            title=folder.resolve().name,
            names=names,
            tables=tables,
            pages=[_link(folder, run) for run in runs],
            remarks=remarks,
            refusal=refusal or (None if same else "The runs do not have the same objects and labels."),
            settings=_settings(folder),
            similarity=_matrix(folder / "similarity.csv"),
            low=_matrix(folder / "similarity_low.csv"),
            high=_matrix(folder / "similarity_high.csv"),
            chance=_matrix(folder / "similarity_permutation_p.csv"),
            cells=cells,
            equal=same and same_counts(matrices),
            enough=same and bool(enough_images(matrices).any()),
            few_images=FEW_IMAGES,
            moved=moved,
            notes=list(dict.fromkeys(note for table in tables for note in table.summary.get("notes", []))),
            paired=(folder / "paired.csv").is_file(),
            pasted=[
                find_pasted(run.path, half, f"flips/{i}", 0 if hides_faces(run) else FLIPS)
                for i, run in enumerate(tables)
            ],
            scripts=SCRIPTS,
        )
    )
    (half / "index.html").write_text(page, encoding="utf-8")
    shutil.rmtree(folder / "report", ignore_errors=True)
    half.rename(folder / "report")
    return folder / "report" / "index.html"


def _link(folder: Path, run: Path) -> str:
    """The run's own page, as seen from this one."""
    return quote(Path(os.path.relpath(run / "report" / "index.html", folder / "report")).as_posix())


def _matrix(file: Path) -> list[list[float]]:
    return pd.read_csv(file, index_col=0).to_numpy(float).tolist() if file.is_file() else []


def _settings(folder: Path) -> dict[str, list[str]]:
    """Columns of comparison.csv as text, without the names, which stand beside them."""
    file = folder / "comparison.csv"
    if not file.is_file():
        return {}
    table = pd.read_csv(file).drop(columns=["run", "folder"], errors="ignore")
    kept = [c for c in table if table[c].nunique(dropna=False) > 1 or c in ("images", "done")]
    return {str(column): [_text(value) for value in table[column]] for column in kept}


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:.4g}"
    return str(value)


def _write_cells(folder: Path, runs: list[Run], cells: list[Difference]) -> None:
    """`data/compare.js`, and the pictures of each cell in a file of its own."""
    pictures, examples = find_pictures(runs, cells) if cells else ([], [])
    shown = list(dict.fromkeys(path for own in pictures for path, _ in own))
    lending = [
        pair for pair, lends in zip(zip(runs, examples, strict=False), lenders(runs), strict=False) if lends
    ]
    sizes = {path: _copy_thumbnail(folder, place, path, lending) for place, path in enumerate(shown)}
    told: dict[str, Any] = {
        "name": "data/compare.js",
        "objects": {cell.object: runs[0].object_names[cell.object] for cell in cells},
        "labels": runs[0].label_names,
        "explained": [run.explained for run in runs],
        "cells": [{"object": cell.object, "label": cell.label} for cell in cells],
    }
    write_script(folder / "data" / "compare.js", told)
    for number, own in enumerate(pictures):
        name = f"data/cells/{number:04d}.js"
        listed = [
            {"id": shown.index(path), "path": path, "views": views}
            | ({"size": sizes[path]} if sizes[path] else {})
            for path, views in own
        ]
        write_script(folder / name, {"name": name, "pictures": listed})


def _copy_thumbnail(
    folder: Path, place: int, path: str, lending: list[tuple[Run, dict[str, Example]]]
) -> tuple[int, int] | None:
    """From the first run whose report shows the picture; its size, or None."""
    for run, known in lending:
        source = run.path / "report" / known[path].thumbnail if path in known else None
        if source and source.is_file():
            target = folder / f"thumbnails/{place // 1000:03d}/{place:06d}.webp"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            with Image.open(target) as picture:
                return picture.size
    return None
