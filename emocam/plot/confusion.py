"""Predicted labels against the labels that people gave."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emocam.plot.association import NUMBERED_COLUMNS, UNKNOWN, readable, slant_heads

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
    sns.heatmap(
        percent,
        ax=ax,
        cmap="cividis",
        vmin=0,
        vmax=100 if percent.notna().any(axis=None) else 1,
        annot=counts if counts.shape[1] <= NUMBERED_COLUMNS else False,
        fmt="d",
        annot_kws={"fontsize": 8},
        linewidths=0.5,
        linecolor="white",
        xticklabels=[readable(name) for name in counts.columns],
        yticklabels=[readable(name) for name in counts.index],
        cbar_kws={"label": "% of the annotated label's images", "fraction": 0.04, "pad": 0.02},
    )
    ax.set(xlabel="annotated", ylabel="predicted")
    slant_heads(ax)
    return ax


def confusion_figure(counts: pd.DataFrame) -> Figure:
    """Plot the counts on a new figure, as large as its names need."""
    rows, columns = most_frequent(counts).shape
    figure = Figure(figsize=(3.6 + 0.42 * columns, 1.9 + 0.3 * max(rows, 5)), dpi=150, layout="constrained")
    confusion(counts, figure.subplots())
    return figure
