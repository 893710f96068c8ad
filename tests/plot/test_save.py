"""A figure that is drawn once is, to the byte, what matplotlib saves."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from emocam.plot.association import association_figure
from emocam.plot.overlay import overlay_figure
from emocam.plot.save import save_png


def overlay() -> Figure:
    dice = np.random.default_rng(0)
    picture = Image.fromarray(dice.integers(0, 255, (60, 90, 3)).astype(np.uint8))
    boxes = [[0.1, 0.1, 0.5, 0.6], [0.3, 0.2, 0.9, 0.9]]
    return overlay_figure(
        picture, dice.random((7, 7)), [0, 0, 1, 1], boxes, ["Boat", "Sun"], [0.2, 0.9], "Joy"
    )


def matrix() -> Figure:
    percent = np.random.default_rng(1).random((5, 3)) * 100
    return association_figure(pd.DataFrame(percent, [f"a long name {i}" for i in range(5)], ["a", "b", "c"]))


def plain() -> Figure:
    figure = Figure(dpi=50, facecolor="lightgrey")
    figure.subplots().plot([1, 3, 2])
    return figure


@pytest.mark.parametrize("draw", [overlay, matrix, plain])
@pytest.mark.parametrize("level", [None, 3])
def test_a_figure_is_saved_as_matplotlib_saves_it(
    draw: Callable[[], Figure], level: int | None, tmp_path: Path
) -> None:
    save_png(draw(), tmp_path / "once.png", level)
    draw().savefig(tmp_path / "twice.png", pil_kwargs={} if level is None else {"compress_level": level})
    assert (tmp_path / "once.png").read_bytes() == (tmp_path / "twice.png").read_bytes()
