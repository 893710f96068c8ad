"""Objects x values in diverging colours: what raises a value and what lowers it."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from emocam.plot.association import NUMBERED_COLUMNS, ROWS, UNKNOWN, readable, slant_heads

SIGNS = {"raises": "▲", "lowers": "▼"}


def attribute_figure(table: pd.DataFrame, unit: str) -> Figure:
    """Draw effects, or where none was measured the balance of attention, of the objects that stand out most."""
    measured = bool(table["effect"].notna().any())
    shown = table.pivot(index="object", columns="attribute", values="effect" if measured else "balance")
    shown = shown.reindex(columns=list(dict.fromkeys(table["attribute"])))
    strongest = shown.abs().max(axis=1).fillna(0).sort_values(ascending=False, kind="stable").index[:ROWS]
    words = table.pivot(index="object", columns="attribute", values="verdict").reindex_like(shown)
    shown, words = shown.loc[strongest], words.loc[strongest]
    marks = words.map(lambda word: SIGNS.get(word, "") if isinstance(word, str) else "")
    texts = marks
    if shown.shape[1] <= NUMBERED_COLUMNS:
        texts = marks + shown.map(lambda value: "" if np.isnan(value) else f"{value:.2f}")
    top = float(np.nanmax(np.abs(shown.to_numpy(float)), initial=0)) or 1.0
    figure = Figure(
        figsize=(3.4 + 0.62 * shown.shape[1], 1.8 + 0.3 * len(shown)), dpi=150, layout="constrained"
    )
    ax = figure.subplots()
    ax.set_facecolor(UNKNOWN)
    sns.heatmap(
        shown.astype(float),
        ax=ax,
        cmap="RdBu_r",
        vmin=-top,
        vmax=top,
        annot=texts,
        fmt="",
        annot_kws={"fontsize": 7},
        linewidths=0.5,
        linecolor="white",
        xticklabels=[readable(name) for name in shown],
        yticklabels=[readable(name) for name in shown.index],
        cbar_kws={"label": f"effect, {unit}" if measured else "counts for less against", "fraction": 0.04},
    )
    ax.set(xlabel="", ylabel="")
    ax.set_title(
        "▲ raises   ▼ lowers" if measured else "where the maps lie; no effect was measured", fontsize=9
    )
    slant_heads(ax)
    return figure
