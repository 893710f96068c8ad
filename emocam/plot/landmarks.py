"""Faces of points whose sizes are weights, and what is left of the accuracy with fewer of them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

ROW = 3
LARGEST = 110.0
COLOURS = {
    "ig": "#1f5a96",
    "typical": "#2c8a8a",
    "permutation": "#7a3b9a",
    "welch": "#b5651d",
    "random": "0.55",
    "worst": "#a02c2c",
}


def points_figure(face: np.ndarray, weights: Mapping[str, np.ndarray]) -> Figure:
    """Draw a face (P, 2) for each label with its points sized by their weights (P,), those below 0 as rings."""
    rows = -(-len(weights) // ROW)
    columns = min(ROW, len(weights))
    figure = Figure(figsize=(2.6 * columns, 2.9 * rows), dpi=150, layout="constrained")
    for ax, (label, weight) in zip(
        figure.subplots(rows, columns, squeeze=False).flat, weights.items(), strict=False
    ):
        share = weight / max(float(np.nanmax(np.abs(weight), initial=0)), 1e-12)
        ax.scatter(*face.T, s=3, color="0.8")
        up = share > 0
        ax.scatter(*face[up].T, s=LARGEST * share[up], color=COLOURS["ig"], alpha=0.85, linewidth=0)
        ax.scatter(
            *face[~up].T, s=-LARGEST * share[~up], facecolor="none", edgecolor=COLOURS["worst"], linewidth=0.8
        )
        ax.set_title(label, fontsize=9)
        ax.set_aspect("equal")
        ax.invert_yaxis()
        ax.set_axis_off()
    for ax in figure.axes[len(weights) :]:
        ax.set_axis_off()
    figure.supxlabel("filled: speaks for the label; ring: against it", fontsize=8)
    return figure


def reduction_figure(rows: pd.DataFrame, orders: Sequence[str], label: str) -> Figure:
    """Plot the balanced accuracy of a label against the number of points, retrained and not."""
    figure = Figure(figsize=(9.2, 3.8), dpi=150, layout="constrained")
    for ax, retrained in zip(figure.subplots(1, 2, sharey=True), (True, False), strict=True):
        part = rows[(rows["retrained"] == retrained) & (rows["label"] == label)]
        for order in orders:
            curve = part[part["order"] == order].sort_values("points")
            if curve.empty:
                continue
            colour = COLOURS.get(order, "0.3")
            ax.plot(
                curve["points"],
                100 * curve["balanced_accuracy"],
                marker="o",
                markersize=3,
                color=colour,
                label=order,
            )
            if order != "random":
                ax.fill_between(
                    curve["points"], 100 * curve["low"], 100 * curve["high"], color=colour, alpha=0.12
                )
        ax.set_xscale("log", base=2)
        sizes = sorted(part["points"].unique())
        ax.set_xticks(sizes, [str(size) for size in sizes])
        ax.minorticks_off()
        ax.axhline(50, color="0.7", linewidth=0.8, linestyle=":")
        ax.set_xlabel("points")
        words = (
            "trained again on the points that are left"
            if retrained
            else "one training; other points set to rest"
        )
        ax.set_title(words, fontsize=9, loc="left")
    figure.axes[0].set_ylabel("balanced accuracy, people unseen, %")
    figure.axes[0].legend(fontsize=8, frameon=False)
    return figure
