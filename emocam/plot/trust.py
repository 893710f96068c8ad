"""How far each method's weights agree with effects, at each layer, beside the controls."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from emocam.plot.paste import COLOURS

CONTROL_NAMES = ("random", "uniform", "centre", "edges")


def trust_figure(table: pd.DataFrame) -> Figure:
    """Plot a line for each method with its interval, one colour for each layer; controls are grey and below."""
    layers = list(dict.fromkeys(table.sort_values("images", kind="stable")["layer"]))
    best = table.groupby("method")["faithfulness"].max().sort_values()
    methods = [name for name in best.index if name not in CONTROL_NAMES]
    controls = [name for name in best.index if name in CONTROL_NAMES]
    order = [*controls, *methods]
    figure = Figure(figsize=(7.2, 1.3 + 0.28 * len(order)), dpi=150, layout="constrained")
    ax = figure.subplots()
    ax.axvline(0, color="0.8", linewidth=1)
    if controls:
        highest = float(table.loc[table["method"].isin(controls), "faithfulness"].max())
        ax.axvspan(-1, highest, color="0.95", zorder=0)
        ax.axhline(len(controls) - 0.5, color="0.8", linewidth=0.8)
    steps = np.linspace(0.22, -0.22, len(layers)) if len(layers) > 1 else [0.0]
    for colour, layer, step in zip(COLOURS, layers, steps, strict=False):
        rows = table[table["layer"] == layer]
        at = np.array([order.index(name) for name in rows["method"]]) + step
        value = rows["faithfulness"].to_numpy(float)
        reach = np.abs(np.stack([value - rows["low"], rows["high"] - value]))
        named = f"{layer} ({rows['grid'].iloc[0]})"
        ax.errorbar(value, at, xerr=reach, fmt="o", ms=4, linewidth=1.2, color=colour, label=named)
    ax.set_yticks(range(len(order)), order)
    ax.set_xlim(min(-0.3, float(table["low"].min()) - 0.05), 1)
    ax.set_xlabel("rank correlation of importance with effect less control, within pictures", fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", fontsize=8, frameon=False, ncols=1)
    return figure
