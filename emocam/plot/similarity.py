"""The similarity of the runs' matrices: the paper's Figure 6, with marks where chance does not explain it."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emocam.plot.association import UNKNOWN, readable

MARKS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
NUMBERED = 16
"""With more runs than this, numbers in the cells would not be readable."""


def mark(p: float) -> str:
    """Return the stars of a p; none where it is large, or not a number."""
    return next((stars for limit, stars in MARKS if p < limit + 1e-12), "")


def marked(correlation: pd.DataFrame, p: pd.DataFrame | None) -> pd.DataFrame:
    """Return the cells' texts as `0.93 **`; the diagonal is a run with itself and bears no mark."""
    texts = correlation.map(lambda r: "" if pd.isna(r) else f"{r:.2f}").to_numpy(object)
    if p is not None:
        for (i, j), value in np.ndenumerate(p.to_numpy(float)):
            if i != j and mark(value):
                texts[i, j] += f"\n{mark(value)}"
    return pd.DataFrame(texts, correlation.index, correlation.columns)


def similarity(correlation: pd.DataFrame, p: pd.DataFrame | None = None, ax: Axes | None = None) -> Axes:
    """Plot runs x runs; grey where a matrix is constant and has no rank correlation."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    names = [readable(name) for name in correlation.index]
    ax.set_facecolor(UNKNOWN)
    sns.heatmap(
        correlation,
        ax=ax,
        cmap="cividis",
        vmin=min(0.0, correlation.min().min()),
        vmax=1,
        square=True,
        annot=marked(correlation, p) if len(correlation) <= NUMBERED else False,
        fmt="",
        annot_kws={"fontsize": 8},
        linewidths=0.5,
        linecolor="white",
        xticklabels=names,
        yticklabels=names,
        cbar_kws={"label": "Spearman's rank correlation", "fraction": 0.04, "pad": 0.02},
    )
    ax.set(xlabel="", ylabel="")
    ax.tick_params(axis="x", rotation=45, length=0)
    ax.tick_params(axis="y", rotation=0, length=0)
    for tick in ax.get_xticklabels():
        tick.set(ha="right", rotation_mode="anchor")
    if p is not None:
        ax.set_title(
            "more alike than by shared presence: * q ≤ .05, ** .01, *** .001", fontsize=8, loc="left"
        )
    return ax


def similarity_figure(correlation: pd.DataFrame, p: pd.DataFrame | None = None) -> Figure:
    """Plot the correlations on a new figure, as large as its names need."""
    side = 0.6 * len(correlation)
    figure = Figure(figsize=(4 + side, 2.4 + side), dpi=150, layout="constrained")
    similarity(correlation, p, figure.subplots())
    return figure
