"""Predicted labels against the labels that people gave."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emocam.plot.association import NUMBERED_COLUMNS, UNKNOWN, readable, slant_heads
from emocam.plot.heat_map import draw_heat_map, write_numbers

MOST = 40
"""The most labels along each side, the most frequent ones: more would not be readable."""


def most_frequent(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the rows and columns with any image, in the order they had, at most the 40 most frequent."""
    for _ in range(2):  # the rows, then the columns
        often = counts.sum(axis=1)
        kept = often[often > 0].nlargest(MOST).index
        counts = counts.loc[counts.index.isin(kept)].T
    return counts


def confusion(counts: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot images predicted (rows) x annotated (columns), coloured by percent of the annotated label's."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    counts = most_frequent(counts)
    ax.set_facecolor(UNKNOWN)
    totals = counts.sum()
    percent = 100 * counts / totals.where(totals > 0)
    mesh = draw_heat_map(
        ax,
        percent.to_numpy(dtype=float, na_value=np.nan),
        ([readable(name) for name in counts.index], [readable(name) for name in counts.columns]),
        "% of the annotated label's images",
        100 if percent.notna().any(axis=None) else 1,
    )
    if counts.shape[1] <= NUMBERED_COLUMNS:
        write_numbers(ax, mesh, counts.to_numpy())
    ax.set(xlabel="annotated", ylabel="predicted")
    slant_heads(ax)
    return ax


def confusion_figure(counts: pd.DataFrame) -> Figure:
    """Plot the counts on a new figure, as large as its names need."""
    rows, columns = most_frequent(counts).shape
    figure = Figure(figsize=(3.6 + 0.42 * columns, 1.9 + 0.3 * max(rows, 5)), dpi=150, layout="constrained")
    confusion(counts, figure.subplots())
    return figure
