"""Accuracies of several weights on several test sets."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

NAN = "0.92"


def cross_figure(cells: pd.DataFrame) -> Figure:
    """Plot a row a training, a column a test set; cells whose pictures overlap are struck out, own ones framed."""
    records = cells.to_dict("records")
    rows, columns = list(dict.fromkeys(cells["weights"])), list(dict.fromkeys(cells["data"]))
    size = (2.6 + 1.1 * len(columns), 1.6 + 0.55 * len(rows))
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    ax = figure.subplots()
    values = np.full((len(rows), len(columns)), np.nan)
    for cell in records:
        if not cell["struck"]:
            values[rows.index(cell["weights"]), columns.index(cell["data"])] = 100 * cell["accuracy"]
    image = ax.imshow(np.ma.masked_invalid(values), cmap="cividis", vmin=0, vmax=100, aspect="auto")
    ax.set_facecolor(NAN)
    for cell in records:
        x, y = columns.index(cell["data"]), rows.index(cell["weights"])
        low, value, high = (100 * cell[name] for name in ("low", "accuracy", "high"))
        colour = "0.45" if cell["struck"] else "white" if value < 50 else "black"
        text = f"{value:.1f}\n{low:.0f} to {high:.0f}"
        ax.text(x, y, text, ha="center", va="center", fontsize=7, color=colour)
        if cell["struck"]:
            ax.plot([x - 0.45, x + 0.45], [y + 0.4, y - 0.4], color="0.45", linewidth=1)
        if cell["own"]:
            ax.add_patch(_frame(x, y))
    ax.set_xticks(range(len(columns)), columns, rotation=30, ha="right", fontsize=8)
    ax.set_yticks(range(len(rows)), rows, fontsize=8)
    ax.set(xlabel="tested on", ylabel="trained weights")
    figure.colorbar(image, ax=ax, label="accuracy, %", fraction=0.05, pad=0.02)
    return figure


def _frame(x: int, y: int) -> Rectangle:
    return Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, fill=False, edgecolor="tab:red", linewidth=1.2)
