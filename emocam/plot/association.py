"""The association matrix as a figure: the paper's Figures 3 to 7."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emocam.plot.heat_map import draw_heat_map, write_numbers

ROWS = 25
"""The rows shown by default; the paper shows the objects with the highest mean."""
COLUMNS = 40
"""The most columns; as wide as ImageNet's thousand labels a figure takes gigabytes and shows nothing."""
NUMBERED_COLUMNS = 14
"""With more columns than this, numbers in the cells would not be readable."""
LONGEST_NAME = 32
UNKNOWN = "0.85"


def readable(name: object) -> str:
    """Return a name as Matplotlib can show it: no formula, on one line, not longer than the figure."""
    line = " ".join(str(name).split())
    short = line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…"
    return short.replace("$", r"\$")


def strongest_rows(percent: pd.DataFrame, rows: int = ROWS) -> pd.DataFrame:
    """Return the rows with the highest mean over the labels that have images, highest first."""
    means = percent.mean(axis=1, skipna=True).fillna(0)
    order = means.sort_values(ascending=False, kind="stable").index[:rows]
    return percent.loc[order]


def strongest_columns(percent: pd.DataFrame, columns: int = COLUMNS) -> pd.DataFrame:
    """Return all labels, or of too many those with the highest mean, in the order they had."""
    if percent.shape[1] <= columns:
        return percent
    means = percent.mean(axis=0, skipna=True).fillna(-1).to_numpy()
    return percent.iloc[:, sorted((-means).argsort(kind="stable")[:columns])]


def predicted_columns(percent: pd.DataFrame, images: np.ndarray) -> pd.DataFrame:
    """Return the labels with `images` (L,), the most first, where all would be more than numbers have room for."""
    if percent.shape[1] <= NUMBERED_COLUMNS or not images.any():
        return percent
    order = np.argsort(-images, kind="stable")
    return percent.iloc[:, [place for place in order if images[place]][:COLUMNS]]


def _left_out(shown: pd.DataFrame, whole: pd.DataFrame) -> str:
    """Return a title that says which objects and labels are shown, or none if all of them are."""
    sides = zip(("objects", "labels"), shown.shape, whole.shape, strict=True)
    shortened = [f"the {few} of {all} {side}" for side, few, all in sides if few < all]
    return f"{' and '.join(shortened)} with the highest mean" if shortened else ""


def slant_heads(ax: Axes) -> None:
    """Turn the names of the columns to a slant, so that each ends below its column."""
    ax.tick_params(axis="x", rotation=45, length=0)
    ax.tick_params(axis="y", rotation=0, length=0)
    for tick in ax.get_xticklabels():
        tick.set(ha="right", rotation_mode="anchor")


def association(percent: pd.DataFrame, rows: int = ROWS, ax: Axes | None = None) -> Axes:
    """Plot objects x labels in percent of the label's images; a label without images is grey and named so."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    shown = strongest_rows(strongest_columns(percent), rows)
    top = shown.max().max() if shown.notna().any(axis=None) else 0.0
    ax.set_facecolor(UNKNOWN)
    values = shown.to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(values).all(0)
    columns = [
        readable(name) + ("" if there else " (no images)") for name, there in zip(shown, known, strict=True)
    ]
    rows_shown = [readable(name) for name in shown.index]
    mesh = draw_heat_map(ax, values, (rows_shown, columns), "% of the label's images", top or 1)
    if shown.shape[1] <= NUMBERED_COLUMNS:
        write_numbers(ax, mesh, values)
    ax.set(xlabel="predicted label", ylabel="")
    slant_heads(ax)
    ax.set_title(_left_out(shown, percent), fontsize=9, loc="left")
    return ax


def association_figure(percent: pd.DataFrame, rows: int = ROWS, images: np.ndarray | None = None) -> Figure:
    """Plot the matrix on a new figure, as large as its names need.

    With the `images` (L,) of each label the columns of a large label set are those that are predicted.
    """
    labels = percent.shape[1]
    percent = percent if images is None else predicted_columns(percent, images)
    height = min(rows, len(percent))
    width = min(COLUMNS, percent.shape[1])
    # the height of the slanted labels, in inches
    slanted = 0.06 * max((len(readable(name)) for name in percent.columns), default=0)
    size = (4 + 0.42 * width, 2.4 + slanted + 0.29 * height)
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    axes = association(percent, rows, figure.subplots())
    if percent.shape[1] < labels:
        told = f"{percent.shape[1]} of {labels:,} labels, those of the most images first"
        axes.set_title("; ".join(filter(None, [axes.get_title(loc="left"), told])), fontsize=9, loc="left")
    return figure
