"""A picture before and after a change: where the classifier looked, and its probabilities."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from emocam.plot.association import readable
from emocam.plot.overlay import overlay

MOST_LABELS = 24
BEFORE, AFTER = "#8f9aa6", "#0072b2"


@dataclass(frozen=True)
class FlipShown:
    """A picture, the box that was changed in it, its probabilities or values (L,), and the map over its window."""

    image: Image.Image
    box: tuple[float, float, float, float]
    probabilities: NDArray[np.floating]
    map: NDArray[np.floating] | None
    window: NDArray[np.floating]


def probabilities(before: FlipShown, after: FlipShown, labels: list[str], ax: Axes | None = None) -> Axes:
    """Plot two bars for each label; of very many labels, the most probable in either picture."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    highest = np.maximum(before.probabilities, after.probabilities)
    places = np.sort(np.argsort(-highest, kind="stable")[:MOST_LABELS])
    rows = np.arange(len(places))
    ax.barh(rows - 0.2, before.probabilities[places], 0.4, color=BEFORE, label="before")
    ax.barh(rows + 0.2, after.probabilities[places], 0.4, color=AFTER, label="after")
    # probabilities are none below 0, and of values one direction is
    if min(before.probabilities.min(), after.probabilities.min()) < 0:
        ax.set(xlabel="value, in standard deviations", yticks=rows)
    else:
        ax.set(xlim=(0, 1), xlabel="probability", yticks=rows)
    ax.set_yticklabels([readable(labels[place]) for place in places])
    ax.invert_yaxis()
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def flip_figure(before: FlipShown, after: FlipShown, labels: list[str], change: str) -> Figure:
    """Plot the picture, the changed picture, and the probabilities to their right."""
    count = min(len(labels), MOST_LABELS)
    figure = Figure(figsize=(12, max(3.6, 0.28 * count + 1)), dpi=120, layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    for ax, shown, title in zip(axes, (before, after), ("before", f"after: {change}"), strict=False):
        boxes = [shown.box] if shown.box[2] > shown.box[0] else []
        overlay(
            shown.image, shown.map, shown.window.tolist(), boxes, [""] * len(boxes), [np.nan] * len(boxes), ax
        )
        label = labels[int(shown.probabilities.argmax())]
        ax.set_title(f"{readable(title)}\n{readable(label)} {shown.probabilities.max():.2f}")
    probabilities(before, after, labels, axes[2])
    return figure
