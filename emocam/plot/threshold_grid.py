"""The threshold ablation as a figure."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

TITLES = {"kept": "object x image pairs that count", "similarity": "similarity to the matrix of this run"}


def grid(table: pd.DataFrame, value: str, ax: Axes | None = None) -> Axes:
    """Plot a value of grid.csv, `kept` or `similarity`, over score (down) and importance (across)."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    square = table.pivot(index="score", columns="importance", values=value)
    sns.heatmap(
        square,
        ax=ax,
        cmap="cividis",
        vmin=0 if value == "kept" else None,
        annot=square.size <= 150,
        fmt=",.0f" if value == "kept" else ".2f",
        annot_kws={"fontsize": 7},
        cbar=False,
    )
    ax.set(title=TITLES[value], xlabel="threshold.importance", ylabel="threshold.score")
    ax.tick_params(axis="y", rotation=0)
    return ax


def grid_figure(table: pd.DataFrame) -> Figure:
    """Plot both values side by side."""
    across = table["importance"].nunique()
    down = table["score"].nunique()
    figure = Figure(figsize=(2 + 1.1 * across, 1.6 + 0.4 * down), dpi=150, layout="constrained")
    for value, ax in zip(TITLES, figure.subplots(1, 2), strict=True):
        grid(table, value, ax)
    return figure
