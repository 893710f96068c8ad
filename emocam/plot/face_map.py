"""Faces by region: mean maps in one face, side by side, and a bar a region."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from emocam.face.warp import FaceWarp
from emocam.plot.association import readable

MOST_LABELS = 12
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")


@dataclass(frozen=True)
class MeanMap:
    """The mean map (side, side) of a group's faces under a label, and of how many."""

    group: str
    label: str
    values: NDArray[np.float64]
    faces: int


def face_map_figure(maps: list[MeanMap], warp: FaceWarp) -> Figure:
    """Plot a row a group and a column a label, all in one colour scale, with the canonical face's triangles."""
    groups = list(dict.fromkeys(one.group for one in maps))
    labels = list(dict.fromkeys(one.label for one in maps))[:MOST_LABELS]
    figure = Figure(figsize=(1.2 + 1.5 * len(labels), 0.7 + 1.7 * len(groups)), dpi=150, layout="constrained")
    axes = figure.subplots(len(groups), len(labels), squeeze=False)
    top = max(float(one.values.max()) for one in maps) or 1.0
    inner = warp.triangles[(warp.triangles < len(warp.template)).all(1)]
    image = None
    for ax in axes.flat:
        ax.set_axis_off()
    for one in maps:
        if one.label not in labels:
            continue
        ax = axes[groups.index(one.group), labels.index(one.label)]
        image = ax.imshow(one.values, cmap="inferno", vmin=0, vmax=top, extent=(0, 1, 1, 0))
        ax.triplot(*warp.template.T, inner, color="white", linewidth=0.25, alpha=0.5)
        faces = f"{one.faces:,} {'face' if one.faces == 1 else 'faces'}"
        of_group = f"{readable(one.group)}, " if len(groups) > 1 else ""
        ax.set_title(f"{readable(one.label)}\n{of_group}{faces}", fontsize=7)
    if image is not None:
        figure.colorbar(image, ax=axes, label="mean map", fraction=0.03, pad=0.01)
    return figure


def face_region_figure(
    regions: pd.DataFrame, expected: dict[str, list[str]], units: str = "persons"
) -> Figure:
    """Plot a panel a label and a bar a region and group, with intervals over units; expected regions are marked."""
    labels = list(dict.fromkeys(regions["label"]))[:MOST_LABELS]
    groups = list(dict.fromkeys(regions["slice"]))
    names = list(dict.fromkeys(regions["region"]))
    across = min(3, max(1, len(labels)))
    down = -(-max(1, len(labels)) // across)
    height = 0.9 + (0.16 + 0.11 * len(groups)) * len(names)
    figure = Figure(figsize=(1.2 + 2.7 * across, height * down), dpi=150, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    thick = 0.8 / max(1, len(groups))
    for ax in axes.flat[len(labels) :]:
        ax.set_axis_off()
    for ax, label in zip(axes.flat, labels, strict=False):
        for number, group in enumerate(groups):
            rows = regions[(regions["label"] == label) & (regions["slice"] == group)].set_index("region")
            rows = rows.reindex(names)
            at = np.arange(len(names)) + (number - (len(groups) - 1) / 2) * thick
            value, low, high = (rows[name].to_numpy(float) for name in ("importance", "low", "high"))
            reach = np.nan_to_num(np.maximum(0, [value - low, high - value]))
            name = readable(group) if ax is axes.flat[0] and len(groups) > 1 else None
            ax.barh(at, value, thick, color=COLOURS[number % len(COLOURS)], label=name)
            ax.errorbar(value, at, xerr=reach, fmt="none", ecolor="0.2", elinewidth=0.7)
        ax.set_title(readable(label), fontsize=9, loc="left")
        ax.set_yticks(range(len(names)), [readable(name) for name in names], fontsize=7)
        wanted = [names.index(name) for name in expected.get(label, []) if name in names]
        ax.scatter(np.zeros(len(wanted)), wanted, marker="o", s=14, color="black", zorder=5, clip_on=False)
    axes.flat[0].invert_yaxis()
    figure.supxlabel(
        f"mean importance (95 % over {units}; a dot: expected by Ekman's prototypes)", fontsize=8
    )
    if len(groups) > 1:
        figure.legend(fontsize=7, loc="outside upper right", ncols=len(groups))
    return figure
