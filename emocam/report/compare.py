"""The page of a sweep or comparison: the runs' similarity, where they differ, and their maps side by side."""

import os
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from emocam.cells.paired_effects import PairedEffects, paired_effects
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
from emocam.report.glossary import documents, glossary
from emocam.report.page import begin_report, finish_report, templates
from emocam.report.paste import Pasted, find_pasted
from emocam.report.scripts import write_script
from emocam.report.slices import ComparedGroups, find_run_groups
from emocam.report.thumbnails import copy_thumbnail
from emocam.results.files import EFFECTS_PAIRED
from emocam.results.run import Matrix, Run

SCRIPTS = ("state.js", "colour.js", "stage.js", "compare.js")
FLIPS = 3
"""The changed pictures shown of each run."""


def write_comparison(
    folder: Path,
    runs: list[Path],
    names: list[str],
    refusal: str | None = None,
    remarks: Sequence[str] = (),
    groups: ComparedGroups | None = None,
) -> Path:
    """Write `folder`/report/ from finished runs and the tables in `folder`, and return its index.

    Thumbnails are copied from the runs' own reports. `refusal` says why the runs cannot be compared,
    `remarks` what to know about runs that are alike, `groups` how runs over different people differ.
    """
    tables = [Run(run) for run in runs]
    half = begin_report(folder, SCRIPTS)
    same = refusal is None and comparable(tables)
    matrices = [run.matrix for run in tables]
    cells = find_differences(matrices) if same else []
    _write_cells(half, tables, cells)
    moved = write_moved(half, folder, tables) if same else []
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
            cells=cells,
            glossary=glossary(),
            documents=documents(),
            **_headline(tables, matrices, cells, same),
            moved=moved,
            notes=_notes(tables),
            effects=_paired_effects(folder, tables),
            groups=groups and find_run_groups(groups, folder, dict(zip(names, runs, strict=True)), half),
            pasted=_find_flips(half, tables),
            scripts=SCRIPTS,
            **_tables_of(folder),
        )
    )
    (half / "index.html").write_text(page, encoding="utf-8")
    return finish_report(half)


def _headline(runs: list[Run], matrices: list[Matrix], cells: list[Difference], same: bool) -> dict[str, Any]:
    """Return what the page's first sentence is made of."""
    return {
        "equal": same and same_counts(matrices),
        "enough": same and bool(enough_images(matrices).any()),
        "few_images": FEW_IMAGES,
        "methods": _methods_differ(runs),
        "of_pictures": {cell.label: _pictures_of(cell.label, matrices) for cell in cells},
    }


def _pictures_of(label: int, matrices: list[Matrix]) -> str:
    """Return how many pictures the runs call so, in words."""
    images = [int(matrix.images[label]) for matrix in matrices]
    least, most = min(images), max(images)
    return f"{most:,} pictures" if least == most else f"{least:,} to {most:,} pictures"


def _methods_differ(runs: list[Run]) -> bool:
    """Return whether the runs differ in their CAM method, and in no other part."""
    parts = [dict(run.choices) for run in runs]
    cams = {part.pop("cam", None) for part in parts}
    return len(cams) == len(runs) and all(part == parts[0] for part in parts)


def _link(folder: Path, run: Path) -> str:
    """Return the link from this page to the run's own."""
    return quote(Path(os.path.relpath(run / "report" / "index.html", folder / "report")).as_posix())


def _paired_effects(folder: Path, runs: list[Run]) -> PairedEffects | None:
    """Return what became of each effect, where that was asked for."""
    return paired_effects(*runs) if (folder / EFFECTS_PAIRED).is_file() and len(runs) == 2 else None


def _notes(runs: list[Run]) -> list[str]:
    """Return the notes of all runs, each once."""
    return list(dict.fromkeys(note for run in runs for note in run.summary.get("notes", [])))


def _find_flips(folder: Path, runs: list[Run]) -> list[Pasted | None]:
    """Find what each run's paste did; of a run that hides faces no picture is shown."""
    return [
        find_pasted(run.path, folder, f"flips/{i}", 0 if hides_faces(run) else FLIPS)
        for i, run in enumerate(runs)
    ]


def _tables_of(folder: Path) -> dict[str, Any]:
    """Read the runs' settings and correlations (R, R), with limits and p where they were computed."""
    return {
        "settings": _settings(folder),
        "paired": (folder / "paired.csv").is_file(),
        "similarity": _matrix(folder / "similarity.csv"),
        "low": _matrix(folder / "similarity_low.csv"),
        "high": _matrix(folder / "similarity_high.csv"),
        "chance": _matrix(folder / "similarity_permutation_p.csv"),
    }


def _matrix(file: Path) -> list[list[float]]:
    return pd.read_csv(file, index_col=0).to_numpy(float).tolist() if file.is_file() else []


def _settings(folder: Path) -> dict[str, list[str]]:
    """Return the columns of comparison.csv that differ as text, without the runs' names."""
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
    """Write `data/compare.js`, and the pictures of each cell to a file of its own."""
    pictures, examples = find_pictures(runs, cells) if cells else ([], [])
    shown = list(dict.fromkeys(picture.path for of_cell in pictures for picture in of_cell))
    # without cells there are no examples
    lending = [
        (run, by_path) for run, by_path, lends in zip(runs, examples, lenders(runs), strict=False) if lends
    ]
    sizes = {path: _copy_thumbnail(folder, place, path, lending) for place, path in enumerate(shown)}
    data: dict[str, Any] = {
        "name": "data/compare.js",
        "objects": {cell.object: runs[0].object_names[cell.object] for cell in cells},
        "labels": runs[0].label_names,
        "explained": [run.explained for run in runs],
        "cells": [{"object": cell.object, "label": cell.label} for cell in cells],
    }
    write_script(folder / "data" / "compare.js", data)
    for number, of_cell in enumerate(pictures):
        name = f"data/cells/{number:04d}.js"
        entries = []
        for picture in of_cell:
            entry = {"id": shown.index(picture.path), "path": picture.path, "views": picture.views}
            if size := sizes[picture.path]:
                entry["size"] = size
            entries.append(entry)
        write_script(folder / name, {"name": name, "pictures": entries})


def _copy_thumbnail(
    folder: Path, place: int, path: str, lending: list[tuple[Run, dict[str, Example]]]
) -> tuple[int, int] | None:
    """Copy the thumbnail from the first run whose report has it, and return its size; None if none has."""
    for run, examples in lending:
        target = folder / f"thumbnails/{place // 1000:03d}/{place:06d}.webp"
        if path in examples and (size := copy_thumbnail(run.path, examples[path].thumbnail, target)):
            return size
    return None
