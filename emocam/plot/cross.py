"""Three matrices over the same emotions side by side, what stands out marked."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from emocam.plot.association import UNKNOWN, readable, slant_heads

TITLES = {"model": "the model", "gaze": "people's gaze", "brain": "brain regions"}


def three_sides(sides: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw each side's percentages, names x emotions; a dot marks what is used, looked at or told."""
    heights = [max(1, len(matrix)) for matrix in sides.values()]
    emotions = max(len(matrix["percent"].columns) for matrix in sides.values())
    figure = Figure(
        figsize=(3 * (2.2 + 0.42 * emotions), 2.0 + 0.24 * max(heights)), dpi=130, layout="constrained"
    )
    axes = np.atleast_1d(np.array(figure.subplots(1, len(sides))))
    for ax, (side, matrix) in zip(axes, sides.items(), strict=True):
        ax.set_title(TITLES.get(side, side), fontsize=10)
        ax.set_facecolor(UNKNOWN)
        if not len(matrix):
            ax.set_axis_off()
            continue
        percent = pd.DataFrame(matrix["percent"]).astype(float)
        marks = np.where(matrix["stands_out"].fillna(False).astype(bool), "●", "")
        sns.heatmap(
            percent,
            ax=ax,
            vmin=0,
            vmax=100,
            cmap="mako_r",
            annot=marks,
            fmt="",
            annot_kws={"fontsize": 7},
            cbar=False,
            linewidths=0.5,
            linecolor="white",
            xticklabels=[readable(str(name)) for name in percent.columns],
            yticklabels=[readable(str(name)) for name in percent.index],
        )
        ax.set(xlabel="", ylabel="")
        ax.tick_params(labelsize=7)
        slant_heads(ax)
    return figure
