"""The share of the whole corpus's strongest cells that its parts find, against their size."""

import pandas as pd
from matplotlib.figure import Figure

from emocam.functional.statistics.stability import ENOUGH


def stability_figure(table: pd.DataFrame, top: int, stable_from: int | None) -> Figure:
    """Plot `overlap` of the top with its range over draws, and `strongest`, against `images`."""
    figure = Figure(figsize=(5.2, 3.4), dpi=150, layout="constrained")
    ax = figure.subplots()
    sizes = table["images"]
    ax.fill_between(sizes, 100 * table["overlap_low"], 100 * table["overlap_high"], alpha=0.2, linewidth=0)
    ax.plot(sizes, 100 * table["overlap"], marker="o", markersize=3, label=f"top {top} by mean percentage")
    ax.plot(sizes, 100 * table["strongest"], marker="s", markersize=3, label="each label's strongest object")
    ax.axhline(100 * ENOUGH, color="0.6", linewidth=0.8, linestyle=":")
    if len(sizes) > 1:
        # parts larger than half agree because they are nearly the same pictures
        ax.axvspan(sizes.iloc[-1] / 2, sizes.iloc[-1], color="0.92", zorder=0)
        ax.set_xscale("log")
    outcome = f"stable from {stable_from:,} pictures" if stable_from else "still changes"
    ax.set_title(f"The top {top} {outcome}", fontsize=9, loc="left")
    ax.set(xlabel="pictures", ylabel="shared with all of them, %", ylim=(0, 103))
    ax.legend(fontsize=8, frameon=False, loc="lower right")
    return figure
