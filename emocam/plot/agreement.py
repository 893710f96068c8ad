"""Predicted numbers against the numbers that people gave."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

MANY = 2000
"""The number of images from which on single points hide each other."""


def agreement_panel(pair: pd.DataFrame, name: str, ax: Axes | None = None) -> Axes:
    """Plot one point per image from columns `annotated` and `predicted`; of very many, the density."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    if len(pair) < MANY:
        ax.scatter(pair["annotated"], pair["predicted"], s=12, alpha=0.5, linewidths=0)
    else:
        ax.hexbin(pair["annotated"], pair["predicted"], gridsize=30, cmap="cividis", mincnt=1)
    ax.set(xlabel=f"annotated {name}", ylabel=f"predicted {name}")
    return ax


def agreement_figure(pairs: Mapping[str, pd.DataFrame], titles: Mapping[str, str]) -> Figure:
    """Plot one panel with its title for each name."""
    figure = Figure(figsize=(1 + 3.6 * len(pairs), 3.8), dpi=150, layout="constrained")
    panels = figure.subplots(1, len(pairs), squeeze=False)[0]
    for ax, (name, pair) in zip(panels, pairs.items(), strict=True):
        agreement_panel(pair, name, ax).set_title(titles[name], fontsize=9, loc="left")
    return figure
