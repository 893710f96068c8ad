"""Labels along a film's time, and below them how important each object or region was."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecFromSubplotSpec

from emocam.plot.association import readable
from emocam.records.timeline import Lane, Timeline, gaps, usual_step

MOST_LANES = 6
MOST_LINES = 8
"""Labels whose lines are drawn, those that are likeliest somewhere."""
MOST_CELLS = 4_000
"""Cells along a strip: a longer one is drawn by the highest value of several frames."""


def timeline_figure(timeline: Timeline) -> Figure:
    """Plot the films, or faces, that are seen longest, a panel each; time in seconds of the film."""
    lanes = sorted(timeline.lanes, key=lambda lane: -len(lane.rows))[:MOST_LANES]
    lanes = [lane for lane in timeline.lanes if any(lane.name == kept.name for kept in lanes)]
    objects = len(timeline.objects)
    height = 2.3 + (0.4 + 0.19 * objects if objects else 0)
    figure = Figure(figsize=(10, 0.5 + height * max(1, len(lanes))), dpi=120, layout="constrained")
    if not lanes:
        figure.suptitle("No frame has an answer", fontsize=10)
        return figure
    outer = figure.add_gridspec(len(lanes), 1)
    for place, lane in enumerate(lanes):
        rows = GridSpecFromSubplotSpec(
            2 if objects else 1, 1, outer[place], height_ratios=[2, 0.2 + 0.17 * objects] if objects else [1]
        )
        lines = figure.add_subplot(rows[0])
        draw_labels(lines, timeline, lane)
        if objects:
            draw_strip(figure.add_subplot(rows[1], sharex=lines), timeline, lane)
            lines.tick_params(labelbottom=False)
        figure.axes[-1].set_xlabel("seconds of the film", fontsize=8)
    left = len(timeline.lanes) - len(lanes)
    rest = f"; the {len(lanes)} seen longest of {len(timeline.lanes)}" if left else ""
    figure.suptitle(f"What the network answers along the film{rest}", fontsize=10)
    return figure


def draw_labels(ax: Axes, timeline: Timeline, lane: Lane) -> None:
    """Draw a line a label, broken where there is a gap."""
    time, values = timeline.time[lane.rows], timeline.probability[lane.rows]
    breaks = gaps(time) + 1
    across = np.insert(time, breaks, np.nan)
    highest = values.max(0) if len(values) else np.zeros(len(timeline.labels))
    chosen = sorted(np.argsort(-highest, kind="stable")[:MOST_LINES].tolist())
    for place in chosen:
        up = np.insert(values[:, place], breaks, np.nan)
        ax.plot(
            across,
            up,
            linewidth=1.1,
            marker="." if len(time) < 60 else None,
            markersize=3,
            label=readable(timeline.labels[place]),
        )
    whole = timeline.time[[name == lane.source for name in timeline.source]]
    ax.set(ylim=(-0.03, 1.03), xlim=(whole.min(), whole.max() + usual_step(time)))
    ax.set_ylabel("probability", fontsize=8)
    ax.tick_params(labelsize=7)
    title = readable(lane.name)
    if len(chosen) < len(timeline.labels):
        title += f" ({len(chosen)} of {len(timeline.labels)} labels)"
    ax.set_title(title, fontsize=9, loc="left")
    ax.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.03))
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def draw_strip(ax: Axes, timeline: Timeline, lane: Lane) -> None:
    """Draw each object's importance as a row of cells along time; white where it was not found."""
    time, values = timeline.time[lane.rows], timeline.importance[lane.rows]
    edges, cells = strip_cells(time, values)
    shown = np.ma.masked_invalid(cells.T)
    ax.pcolormesh(
        edges, np.arange(len(timeline.objects) + 1), shown, cmap="magma_r", vmin=0, vmax=1, rasterized=True
    )
    ax.set_yticks(
        np.arange(len(timeline.objects)) + 0.5, [readable(name) for name in timeline.objects], fontsize=6
    )
    ax.tick_params(labelsize=7, axis="x")
    ax.invert_yaxis()
    ax.set_title(
        "dark: high importance" if timeline.explained else "dark: high score", fontsize=7, loc="right", pad=2
    )


def strip_cells(time: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges (m + 1,) of cells along time, and the values (m, K) of each: NaN in gaps.

    A cell lasts until the next frame, and where that is late, as long as frames usually do.
    """
    step = usual_step(time)
    several = -(-len(time) // MOST_CELLS)
    starts = np.arange(0, len(time), several)
    highest = np.fmax.reduceat(values, starts, axis=0)
    first, last = time[starts], time[np.append(starts[1:] - 1, len(time) - 1)] + step
    edges, cells = [], []
    for place in range(len(starts)):
        follows = first[place + 1] if place + 1 < len(starts) else np.inf
        edges.append(first[place])
        cells.append(highest[place])
        if follows > last[place] + 2 * step:
            edges.append(last[place])
            cells.append(np.full(values.shape[1], np.nan))
    return np.array(edges), np.array(cells[:-1])  # after the last frame there is a gap without end
