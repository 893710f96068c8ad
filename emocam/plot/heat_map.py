"""A matrix as coloured cells with numbers in them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from numpy.typing import NDArray

DARK, LIGHT = ".15", "w"
"""The colours of numbers, on light cells and on dark ones."""
BRIGHT = 0.408
"""The luminance from which a cell is a light one."""


def draw_heat_map(
    ax: Axes, values: NDArray[np.floating], names: tuple[Sequence[str], Sequence[str]], unit: str, top: float
) -> QuadMesh:
    """Draw values (R, C) from 0 to `top`, with the names of rows and columns; NaN leaves its cell as it is."""
    rows, columns = names
    mesh = ax.pcolormesh(
        np.ma.masked_invalid(values), cmap="cividis", vmin=0, vmax=top, linewidths=0.5, edgecolor="white"
    )
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows, va="center")
    bar = ax.figure.colorbar(mesh, ax=ax, label=unit, fraction=0.04, pad=0.02)
    bar.outline.set_linewidth(0)  # type: ignore[operator]
    return mesh


def write_numbers(ax: Axes, mesh: QuadMesh, numbers: NDArray[np.number]) -> None:
    """Write numbers (R, C), as whole ones, into the cells that have a colour."""
    values = mesh.get_array()
    assert values is not None
    coloured = ~np.ma.getmaskarray(values).reshape(numbers.shape)
    colours = np.asarray(mesh.to_rgba(values))[..., :3].reshape(*numbers.shape, 3)
    linear = np.where(colours <= 0.03928, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    light = linear @ (0.2126, 0.7152, 0.0722) > BRIGHT
    for row, column in zip(*np.nonzero(coloured), strict=True):
        colour = DARK if light[row, column] else LIGHT
        text = f"{numbers[row, column]:.0f}"
        ax.text(column + 0.5, row + 0.5, text, color=colour, ha="center", va="center", fontsize=8)
