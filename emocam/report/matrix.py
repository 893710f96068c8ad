"""The matrix as the page first shows it: rows of cells with their texts and colours."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

from emocam.results.run import Matrix

DEPTHS = 9
"""The steps of colour above zero; the style sheet has a class for each."""


WHOLE = 20_000
"""The most cells that are written into a page; of a larger table it is what is in sight, and the scripts build on."""
IN_SIGHT = 60
"""The rows and columns that are in sight at first."""


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


def columns_in_order(matrix: Matrix) -> NDArray[np.intp]:
    """Return the labels that stand as columns: those that any image is called, of the most images first.

    Where no image counts these are all labels.
    """
    order = np.argsort(-matrix.images, kind="stable")
    called = order[matrix.images[order] > 0]
    return called if len(called) else order


def with_columns(matrix: Matrix, labels: NDArray[np.intp]) -> Matrix:
    """Return the matrix with some of its labels, in their order."""
    names = [matrix.labels[label] for label in labels]
    return Matrix(matrix.objects, names, matrix.counts[:, labels], matrix.images[labels])


def first_view(matrix: Matrix) -> "tuple[Matrix, list[Row], NDArray[np.intp]]":
    """Return the columns and the rows that are written into the page, and which labels the columns are."""
    labels = columns_in_order(matrix)
    rows = int(matrix.counts.any(axis=1).sum())
    large = rows * len(labels) > WHOLE
    written = labels[:IN_SIGHT] if large else labels
    shown = with_columns(matrix, written)
    return shown, first_rows(matrix, IN_SIGHT if large else None, written), written


@dataclass(frozen=True)
class Row:
    """An object of the matrix; `cells` are (class, text) in the order of the columns."""

    object: int
    name: str
    cells: list[tuple[str, str]]


def first_rows(matrix: Matrix, most: int | None = None, labels: NDArray[np.intp] | None = None) -> list[Row]:
    """Return a row for every object with a count, in percent of some `labels`, the highest mean over all first."""
    means = np.nan_to_num(matrix.percent).mean(1) if len(matrix.labels) else np.zeros(len(matrix.objects))
    order = [int(i) for i in np.argsort(-means, kind="stable") if matrix.counts[i].any()][:most]
    top = float(np.nanmax(matrix.percent)) if order else 1.0
    shown = matrix.percent if labels is None else matrix.percent[:, labels]
    rows = []
    for i in order:
        cells = [(depth(value, top), percent_text(value)) for value in shown[i].tolist()]
        rows.append(Row(i, matrix.objects[i], cells))
    return rows
