"""The matrix as the page first shows it: rows of cells with their texts and colours."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from emocam.results.run import Matrix

DEPTHS = 9
"""The steps of colour above zero; the style sheet has a class for each."""


def percent_text(value: float) -> str:
    """Return a percentage as the page's scripts write it: one decimal, none for 0 and 100."""
    if np.isnan(value):
        return "–"
    rounded = Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return str(int(rounded)) if value == 0 or rounded == 100 else str(rounded)


def depth(value: float, top: float) -> str:
    """Return the class of a cell's colour: none for no images, c0 for zero, c9 for the highest."""
    if np.isnan(value):
        return "none"
    return f"c{int(np.ceil(DEPTHS * value / top - 1e-9))}" if value > 0 else "c0"


@dataclass(frozen=True)
class Row:
    """An object of the matrix; `cells` are (class, text) in the labels' order."""

    object: int
    name: str
    cells: list[tuple[str, str]]


def first_rows(matrix: Matrix, most: int | None = None) -> list[Row]:
    """Return a row for every object with a count, in percent, the highest mean first."""
    means = np.nan_to_num(matrix.percent).mean(1) if len(matrix.labels) else np.zeros(len(matrix.objects))
    order = [int(i) for i in np.argsort(-means, kind="stable") if matrix.counts[i].any()][:most]
    top = float(np.nanmax(matrix.percent)) if order else 1.0
    rows = []
    for i in order:
        cells = [(depth(value, top), percent_text(value)) for value in matrix.percent[i].tolist()]
        rows.append(Row(i, matrix.objects[i], cells))
    return rows
