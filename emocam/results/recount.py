"""The tables of counts, counted again from the evidence and held to what the files say, row by row."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from emocam.results.files import ASSOCIATION, ASSOCIATION_PERCENT, CELLS, LABELS, parquet
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run, predicted_first
from emocam.results.spreadsheet import without_formula

MOST_ROWS = 3
"""Named of a table with many faults."""
CELL_COLUMNS = ("images", "present", "kept")


def recounted_faults(run: Run) -> Iterator[str]:
    """Yield what differs, naming file, line and row; a file that is not there is told elsewhere."""
    try:
        counts = run.counts(run.thresholds)
    except Exception as error:  # tables that do not fit each other may lead anywhere
        yield f"the tables cannot be counted again ({type(error).__name__}: {' '.join(str(error).split())[:160]})"
        return
    kept, present = counts.counts.numpy(), counts.present.numpy()
    images, percent = counts.images.numpy(), counts.percent.numpy()
    objects, labels = run.object_names, run.label_names
    for name, expected in ((ASSOCIATION, kept), (ASSOCIATION_PERCENT, percent)):
        file = run.path / name
        listed = expected[:, _order_of(file, labels, images)]
        yield from csv_faults(file, objects, listed, skipped=1, columns=len(labels))
    yield from csv_faults(run.path / LABELS, labels, images[:, None], skipped=1, columns=1)
    cells = np.stack([np.broadcast_to(images, kept.shape), present, kept], -1).reshape(-1, len(CELL_COLUMNS))
    names = [f"{object} / {label}" for object in objects for label in labels]
    yield from _cell_faults(run.path / parquet(CELLS), names, cells)
    yield from _cell_csv_faults(run.path / f"{CELLS}.csv", names, cells)


def _order_of(file: Path, labels: Sequence[str], images: np.ndarray) -> np.ndarray:
    """Return which label each column is: in their own order, as older runs have them, or the predicted ones first."""
    rows = csv_rows(file)
    if rows and rows[0][1:] == [without_formula(name) for name in labels]:
        return np.arange(len(labels))
    return predicted_first(images)


def csv_faults(
    file: Path, names: Sequence[str], expected: np.ndarray, skipped: int, columns: int
) -> Iterator[str]:
    """Hold the rows of a CSV file to numbers; names may carry a spreadsheet's apostrophe."""
    rows = csv_rows(file)
    if rows is None:
        return
    head, *body = rows or [[]]
    if len(head) != skipped + columns or len(body) != len(names):
        yield (
            f"{file.name} has {len(body)} rows of {len(head)} columns, and the evidence gives {len(names)} of "
            f"{skipped + columns}"
        )
    yield from _differing(file, body, names, expected, list(range(skipped, skipped + columns)), head)


def _cell_csv_faults(file: Path, names: Sequence[str], expected: np.ndarray) -> Iterator[str]:
    rows = csv_rows(file)
    if rows is None:
        return
    head, *body = rows or [[]]
    if len(body) != len(names):
        yield f"{file.name} has {len(body):,} rows, and the evidence gives {len(names):,}"
    missing = [column for column in CELL_COLUMNS if column not in head]
    if missing:
        yield f"{file.name} has no column {missing[0]}"
        return
    yield from _differing(file, body, names, expected, [head.index(column) for column in CELL_COLUMNS], head)


def _cell_faults(file: Path, names: Sequence[str], expected: np.ndarray) -> Iterator[str]:
    if not file.is_file():
        return
    try:
        table = read_frame(file, ["object", "label", *CELL_COLUMNS])
    except Exception as error:  # whatever was made of it, the reader may say
        yield f"{file.name} cannot be read ({' '.join(str(error).split())[:160]})"
        return
    if len(table) != len(names):
        yield f"{file.name} has {len(table):,} rows, and the evidence gives {len(names):,}"
    body = [[str(cell) for cell in row] for row in table.itertuples(index=False)]
    named = [f"{row[0]} / {row[1]}" for row in body]
    if named != list(names)[: len(named)]:
        yield f"{file.name} names other objects or labels than the run"
        return
    yield from _differing(file, body, names, expected, [2, 3, 4], ["object", "label", *CELL_COLUMNS])


def csv_rows(file: Path) -> list[list[str]] | None:
    """Return the rows of a CSV file; None where there is none, and nothing where it cannot be read."""
    if not file.is_file():
        return None
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return list(csv.reader(opened))
    except (OSError, ValueError, csv.Error):
        return []


def _differing(
    file: Path,
    body: Sequence[Sequence[str]],
    names: Sequence[str],
    expected: np.ndarray,
    places: Sequence[int],
    head: Sequence[str],
) -> Iterator[str]:
    faults = 0
    for line, (row, name, wanted) in enumerate(zip(body, names, expected.tolist(), strict=False), 2):
        for place, value in zip(places, wanted, strict=True):
            found = row[place] if place < len(row) else ""
            if not same_number(found, float(value)):
                faults += 1
                if faults <= MOST_ROWS:
                    column = head[place] if place < len(head) else f"column {place + 1}"
                    yield (
                        f"{file.name}, line {line} ({name}), {column}: {found or 'nothing'}, and the evidence gives "
                        f"{'nothing' if math.isnan(value) else f'{value:g}'}"
                    )
                break
    if faults > MOST_ROWS:
        yield f"{file.name}: {faults - MOST_ROWS:,} more rows differ from the evidence"


def same_number(found: str, value: float) -> bool:
    """Return whether a text is a number, to what a CSV file rounds; an empty one is none."""
    if math.isnan(value):
        return found.lower() in ("", "nan", "<na>", "none")
    try:
        return math.isclose(float(found), value, rel_tol=1e-6, abs_tol=1e-6)
    except ValueError:
        return False
