"""The share of the used cells that each rule finds, against the cells that it wrongly calls used."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emocam.functional.statistics.ranking import rank
from emocam.plot.paste import COLOURS

LINES = {
    ("paper", "mean"): ("the paper's rule: importance > 0.3", COLOURS[5]),
    ("average", "mean"): ("importance where present", COLOURS[1]),
    ("chance", "anywhere"): ("chance < 0.05", COLOURS[4]),
    ("above chance", "anywhere"): ("above chance where present", COLOURS[0]),
    ("use", ""): ("use above chance", COLOURS[3]),
    ("effect", ""): ("effect of taking it away", COLOURS[2]),
    ("verdict", ""): ("verdict: use and effect", "black"),
    ("presence", ""): ("presence alone", "0.6"),
}

MEASURED = ("effect", "verdict")
"""The rules that tell apart by what an effect was measured."""


def recovery(table: pd.DataFrame, ax: Axes) -> None:
    """Plot one line per rule for the cells of one CAM, one threshold for all runs; a dot is its decision."""
    for (rule, by), (_, colour) in LINES.items():
        cells = table[table["rule"] == rule]
        # an effect is by the region and control that measured it: of several, the first
        cells = cells[cells["by"] == (next(iter(cells["by"]), "") if rule in MEASURED else by)]
        if cells.empty or not cells["used"].any():
            continue
        runs = len(cells[[name for name in ("network", "world", "seed") if name in cells]].drop_duplicates())
        used = cells["used"].to_numpy(bool)
        chosen = cells["chosen"].to_numpy(bool)
        ranking = rank(cells["score"].to_numpy(float), used)
        false = np.r_[0, ranking.false] / runs
        recall = np.r_[0, ranking.recall]
        ax.step(false, recall, where="post", color=colour, linewidth=1.3)
        ax.plot((chosen & ~used).sum() / runs, (chosen & used).sum() / used.sum(), "o", color=colour, ms=4.5)
    ax.set_xscale("symlog", linthresh=1)
    ax.set(xlim=(-0.05, None), ylim=(-0.03, 1.04))
    ax.spines[["top", "right"]].set_visible(False)


def recovery_figure(table: pd.DataFrame, across: int = 6) -> Figure:
    """Plot one panel per CAM, over all worlds in which any cell is used."""
    worlds = table.loc[table["used"].astype(bool), "world"].unique()
    table = table[table["world"].isin(worlds)]
    cams = [cam for cam in table["cam"].unique() if cam not in ("", "none")] or [""]
    columns = min(across, len(cams))
    rows = -(-len(cams) // columns)
    entries = 4 if columns > 3 else 2
    size = max(1.9 * columns, 6) + 0.4, 1.7 * rows + 0.7 + 0.2 * len(LINES) / entries
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, cam in zip(axes, cams, strict=False):
        recovery(table[table["cam"].isin([cam, ""])], ax)
        ax.set_title(cam, fontsize=9)
    if not len(worlds):
        axes[0].set_title("no cell of these runs is used", fontsize=9)
    for ax in axes[len(cams) :]:
        ax.set_visible(False)
    figure.supxlabel("cells wrongly called used, a run", fontsize=9)
    figure.supylabel("share of what is used", fontsize=9)
    for label, colour in LINES.values():
        axes[0].plot([], [], color=colour, label=label)
    figure.legend(loc="outside upper center", ncols=entries, fontsize=8, frameon=False)
    return figure
