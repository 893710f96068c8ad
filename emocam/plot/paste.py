"""How often a change made the classifier change its mind: the paper's Figure 7."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emocam.plot.association import readable

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")  # Okabe and Ito
MOST_POSITIONS = 25


def switches(table: pd.DataFrame, object: str, colour: str = COLOURS[0], ax: Axes | None = None) -> Axes:
    """Plot bars over positions for one object of paste.csv, above each the label most often switched to."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    rows = table[table["object"] == object]
    if len(rows) > MOST_POSITIONS:
        rows = rows.nlargest(MOST_POSITIONS, "percent_changed")
    bars = ax.bar(range(len(rows)), rows["percent_changed"], color=colour, width=0.75)
    ax.bar_label(
        bars, [readable(name) for name in rows["most_often"].fillna("")], rotation=90, fontsize=7, padding=2
    )
    ax.set_xticks(range(len(rows)), [readable(position) for position in rows["position"]])
    if rows["position"].str.len().max() > 3:
        ax.tick_params(axis="x", rotation=45)
    ax.set(ylabel="% of labels changed", title=readable(object))
    ax.margins(y=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def switches_figure(table: pd.DataFrame, most: int = 8) -> Figure:
    """Plot one row of bars per object; of many objects, those that change the most labels."""
    means = table.groupby("object", sort=False)["percent_changed"].mean()
    objects = list(means.nlargest(most).index) if len(means) > most else list(means.index)
    figure = Figure(figsize=(9, 2.6 * max(1, len(objects)) + 0.4), dpi=150, layout="constrained")
    axes = figure.subplots(max(1, len(objects)), 1, squeeze=False, sharey=True)[:, 0]
    for number, (object, ax) in enumerate(zip(objects, axes, strict=False)):
        switches(table, object, COLOURS[number % len(COLOURS)], ax)
    axes[-1].set_xlabel("position")
    return figure
