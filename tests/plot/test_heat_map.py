"""The figure of a matrix is the one that seaborn draws, point by point."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from emocam.plot.heat_map import draw_heat_map, write_numbers


def pixels(draw) -> np.ndarray:
    figure = Figure(figsize=(5, 4), dpi=60)
    canvas = FigureCanvasAgg(figure)
    ax = figure.subplots()
    ax.set_facecolor("0.85")
    draw(ax)
    ax.tick_params(rotation=0)
    ax.set(xlabel="", ylabel="")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()


@pytest.mark.parametrize("numbered", [False, True])
def test_it_is_seaborn_s_with_its_numbers_and_empty_cells(numbered: bool) -> None:
    import seaborn as sns

    values = np.random.default_rng(3).random((6, 5)) * 90
    values[:, 3] = np.nan
    rows, columns = list("abcdef"), list("vwxyz")

    def ours(ax) -> None:
        mesh = draw_heat_map(ax, values, (rows, columns), "% of it", 90)
        if numbered:
            write_numbers(ax, mesh, values)

    def theirs(ax) -> None:
        sns.heatmap(
            pd.DataFrame(values),
            ax=ax,
            cmap="cividis",
            vmin=0,
            vmax=90,
            annot=numbered,
            fmt=".0f",
            annot_kws={"fontsize": 8},
            linewidths=0.5,
            linecolor="white",
            xticklabels=columns,
            yticklabels=rows,
            cbar_kws={"label": "% of it", "fraction": 0.04, "pad": 0.02},
        )

    assert np.array_equal(pixels(ours), pixels(theirs))
