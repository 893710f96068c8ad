"""A picture with the map of what the classifier looked at and the boxes of its regions."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from emocam.plot.association import readable

OPACITY = 0.65
"""The opacity of the map where it is 1; where it is 0 the picture is untouched."""


def coloured(
    map: NDArray[np.floating], size: tuple[int, int], opacity: float = OPACITY
) -> NDArray[np.floating]:
    """Return a map (h, w) in [0, 1] as RGBA (height, width, 4), bilinear between the centres of its cells."""
    cells = Image.fromarray(np.asarray(map, np.float32))
    fine = np.clip(np.asarray(cells.resize(size, Image.Resampling.BILINEAR)), 0, 1)
    rgba = colormaps["viridis"](fine)
    rgba[..., 3] = opacity * fine
    return rgba


def blended(
    image: Image.Image, map: NDArray[np.floating], window: Sequence[float], longest: int
) -> Image.Image:
    """Return the picture with the map over its window, its longer side at most `longest` pixels."""
    shown = image.convert("RGB")
    shown.thumbnail((longest, longest))
    sides = np.array([*shown.size, *shown.size])
    x0, y0, x1, y1 = (np.asarray(window) * sides).round().astype(int).tolist()
    rgba = Image.fromarray((255 * coloured(map, (max(1, x1 - x0), max(1, y1 - y0)))).astype(np.uint8))
    shown.paste(rgba, (x0, y0), rgba.getchannel("A"))
    return shown


def overlay(
    image: Image.Image,
    map: NDArray[np.floating] | None,
    window: Sequence[float],
    boxes: ArrayLike,
    names: Sequence[str],
    importance: Sequence[float],
    ax: Axes | None = None,
    masks: NDArray[np.floating] | None = None,
) -> Axes:
    """Plot the picture with the map over its window, and boxes (N, 4), both in [0, 1] of the picture.

    A region with a mask (N, m, m) has its outline in place of its box. One without an importance (NaN) shows
    its name only.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    width, height = image.size
    ax.imshow(image, extent=(0, width, height, 0))
    if map is not None:
        x0, y0, x1, y1 = np.asarray(window) * (width, height, width, height)
        size = max(1, round(x1 - x0)), max(1, round(y1 - y0))
        ax.imshow(coloured(map, size), extent=(x0, x1, y1, y0))
    scaled = np.asarray(boxes, float).reshape(-1, 4) * (width, height, width, height)
    for place, (name, value) in enumerate(zip(names, importance, strict=True)):
        x0, y0 = scaled[place, :2]
        draw_region(ax, scaled[place], None if masks is None else masks[place])
        text = readable(name) if np.isnan(value) else f"{readable(name)} {value:.2f}"
        ax.text(
            x0,
            y0,
            text,
            color="white",
            fontsize=7,
            va="bottom",
            bbox={"color": "black", "pad": 1, "alpha": 0.7},
        )
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()
    return ax


def draw_region(ax: Axes, box: NDArray[np.floating], mask: NDArray[np.floating] | None) -> None:
    """Draw a box (4,), or the outline of a mask (m, m) in it, seen on dark and on light pictures."""
    x0, y0, x1, y1 = box.tolist()
    for colour, line in (("black", 2.6), ("white", 1.2)):
        if mask is None or not mask.any():
            ax.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=colour, linewidth=line))
            continue
        # a border of nothing closes the outline of a mask that touches its box
        cells = np.pad(mask.astype(float), 1)
        x, y = (
            low + (np.arange(len(cells)) - 0.5) / (len(cells) - 2) * (high - low)
            for low, high in ((x0, x1), (y0, y1))
        )
        ax.contour(x, y, cells, [0.5], colors=colour, linewidths=line)


def overlay_figure(
    image: Image.Image,
    map: NDArray[np.floating] | None,
    window: Sequence[float],
    boxes: ArrayLike,
    names: Sequence[str],
    importance: Sequence[float],
    title: str,
    masks: NDArray[np.floating] | None = None,
) -> Figure:
    """Plot one picture with its title on a new figure that has the picture's shape."""
    height = 4 * image.height / image.width
    figure = Figure(figsize=(4, min(8, max(1.5, height)) + 0.4), dpi=120, layout="constrained")
    ax = overlay(image, map, window, boxes, names, importance, figure.subplots(), masks)
    ax.set_title(readable(title), fontsize=15)
    return figure
