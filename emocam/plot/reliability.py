"""Confidence against the share of right answers."""

import numpy as np
from matplotlib.figure import Figure

from emocam.functional.statistics.calibration import Reliability
from emocam.functional.statistics.wilson import wilson


def reliability_figure(found: Reliability) -> Figure:
    """Plot each bin's share of right answers with its interval, and how many answers it has."""
    figure = Figure(figsize=(4.2, 4.4), dpi=150, layout="constrained")
    ax, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    there = found.images > 0
    right = np.round((found.right * found.images)[there]).astype(np.int64)
    low, high = wilson(right, found.images[there])
    share = found.right[there]
    ax.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle=":")
    ax.errorbar(
        found.confidence[there],
        100 * share,
        yerr=100 * np.maximum(0, [share - low, high - share]),
        marker="o",
        markersize=4,
        linewidth=1.2,
        elinewidth=0.8,
    )
    ax.lines[0].set_ydata([0, 100])
    ax.set(ylabel="right, %", ylim=(0, 103), xlim=(0, 1))
    ax.set_title(f"Calibration error {100 * found.error:.1f} points", fontsize=9, loc="left")
    width = np.diff(found.edges)
    below.bar(found.edges[:-1], found.images, width=width, align="edge", color="0.75", edgecolor="white")
    below.set(xlabel="confidence", ylabel="answers")
    return figure
