"""What taking two objects away costs beyond what each costs alone, for the strongest pairs."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from emocam.plot.paste import COLOURS

MOST_PLOTTED = 25
WORDS = {"only with": "only with", "either": "or", "unless": "unless", "": "and"}


def pair_figure(table: pd.DataFrame, least: float) -> Figure:
    """Plot the interaction of each pair less its control's, with its interval; colours are relations."""
    shown = table[np.isfinite(table["p"].to_numpy(float))]
    shown = (shown if len(shown) else table).head(MOST_PLOTTED)[::-1].reset_index(drop=True)
    figure = Figure(figsize=(7.2, 1.3 + 0.26 * len(shown)), dpi=150, layout="constrained")
    ax = figure.subplots()
    ax.axvline(0, color="0.8", linewidth=1)
    ax.axvspan(-least, least, color="0.95", zorder=0)
    middle = ((shown["low"] + shown["high"]) / 2).to_numpy(float)
    middle = np.where(np.isfinite(middle), middle, shown["interaction"].to_numpy(float))
    reach = np.nan_to_num((shown["high"] - shown["low"]).to_numpy(float) / 2)
    colours = dict(zip(WORDS, [*COLOURS[:3], "0.6"], strict=True))
    for relation, colour in colours.items():
        mine = (shown["relation"] == relation).to_numpy()
        if mine.any():
            ax.errorbar(
                middle[mine],
                np.flatnonzero(mine),
                xerr=reach[mine],
                fmt="o",
                ms=4,
                linewidth=1.2,
                color=colour,
                label=relation or "no relation",
            )
    names = [
        f"{row['label']}: {row['a']} {WORDS[row['relation']]} {row['b']}" for row in shown.to_dict("records")
    ]
    ax.set_yticks(range(len(shown)), names, fontsize=8)
    ax.set_xlabel("log-odds that both away cost beyond the sum of each, less the control's", fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", fontsize=8, frameon=False, ncols=4)
    return figure
