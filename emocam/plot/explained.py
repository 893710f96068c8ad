"""Pictures with maps over them, side by side."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

from emocam.plot.association import readable
from emocam.plot.overlay import overlay


def explained(
    image: Image.Image,
    map: NDArray[np.floating],
    window: Sequence[float],
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """Plot a picture, the map over its window, and a title of one or more lines above."""
    ax = overlay(image, map, window, [], [], [], ax)
    ax.set_title("\n".join(readable(line) for line in title.split("\n")), fontsize=9)
    return ax


def side_by_side(count: int, columns: int) -> list[Axes]:
    """Return `count` axes in rows of at most `columns`, on a figure of pyplot's."""
    import matplotlib.pyplot as plt

    across = max(1, min(columns, count))
    rows = -(-count // across)
    figure, axes = plt.subplots(
        rows, across, figsize=(2.6 * across, 2.9 * rows), squeeze=False, layout="constrained"
    )
    for ax in axes.flat[count:]:
        figure.delaxes(ax)
    return list(axes.flat[:count])
