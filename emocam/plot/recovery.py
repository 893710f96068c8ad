"""How much of what is used each rule finds, against how much it finds that is not."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emocam.functional.ranking import rank
from emocam.plot.switches import COLOURS

LINES = {
    ("paper", "mean"): ("the paper's rule: importance > 0.3", COLOURS[5]),
    ("average", "mean"): ("importance where present", COLOURS[1]),
    ("chance", "anywhere"): ("chance < 0.05", COLOURS[4]),
    ("above chance", "anywhere"): ("above chance where present", COLOURS[0]),
    ("use", ""): ("use above chance", COLOURS[3]),
    ("effect", ""): ("effect of taking it away", COLOURS[2]),
    ("presence", ""): ("presence alone", "0.5"),
}


def recovery(table: pd.DataFrame, ax: Axes) -> None:
    """A line a rule for the cells of one world and one CAM; a dot is the rule's own decision."""
    runs = table["seed"].nunique()
    for key, (_, colour) in LINES.items():
        cells = table[(table["rule"] == key[0]) & (table["by"] == key[1])]
        if cells.empty:
            continue
        used, chosen = cells["used"].to_numpy(bool), cells["chosen"].to_numpy(bool)
        ranking = rank(cells["score"].to_numpy(float), used)
        false, found = np.r_[0, ranking.false] / runs, np.r_[0, ranking.recall]
        ax.step(false, found, where="post", color=colour, linewidth=1.5)
        if chosen.any() and used.any():
            own = (chosen & ~used).sum() / runs, (chosen & used).sum() / used.sum()
            ax.plot(*own, "o", color=colour, markersize=5)
    ax.set_xscale("symlog", linthresh=1)
    ax.set(xlim=(-0.05, None), ylim=(0, 1.04))
    ax.spines[["top", "right"]].set_visible(False)


def recovery_figure(table: pd.DataFrame, most: int = 4) -> Figure:
    """A column a world that has something to find, a row a CAM, the first ones."""
    worlds = list(table.loc[table["used"].astype(bool), "world"].unique())
    cams = [cam for cam in table["cam"].unique() if cam not in ("", "none")][:most] or [""]
    size = 2.6 * max(len(worlds), 1) + 0.4, 2.3 * len(cams) + 0.8
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    axes = figure.subplots(len(cams), max(len(worlds), 1), squeeze=False, sharex=True, sharey=True)
    for row, cam in zip(axes, cams, strict=True):
        for ax, world in zip(row, worlds, strict=False):
            here = table[(table["world"] == world) & table["cam"].isin([cam, ""])]
            recovery(here, ax)
            ax.set_title(f"{cam}, {world}" if cam else world, fontsize=9)
    figure.supxlabel("cells wrongly called used, a run", fontsize=9)
    figure.supylabel("share of what is used", fontsize=9)
    for label, colour in LINES.values():
        axes[0][0].plot([], [], color=colour, label=label)
    figure.legend(loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    return figure
