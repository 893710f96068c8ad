"""Plots of one panel draw into the axes they are given, return them, and never show anything."""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from emocam.plot.agreement import agreement_panel
from emocam.plot.association import association
from emocam.plot.confusion import confusion
from emocam.plot.explained import explained
from emocam.plot.paste import switches
from emocam.plot.similarity import similarity
from emocam.plot.threshold_grid import grid

SQUARE = pd.DataFrame(np.eye(3, dtype=int), list("abc"), list("abc"))
PAIR = pd.DataFrame({"annotated": [0.0, 1.0], "predicted": [0.5, 1.0]})
CELLS = pd.DataFrame({"score": [0.1, 0.2], "importance": [0.3, 0.3], "kept": [4, 2]})
PASTED = pd.DataFrame({"object": ["x"], "position": ["1"], "percent_changed": [5.0], "most_often": ["joy"]})
PLOTS = {
    "agreement": (agreement_panel, (PAIR, "valence")),
    "association": (association, (SQUARE * 100.0,)),
    "confusion": (confusion, (SQUARE,)),
    "explained": (explained, (Image.new("RGB", (8, 8)), np.eye(2), (0, 0, 1, 1), "joy 0.50")),
    "grid": (grid, (CELLS, "kept")),
    "similarity": (similarity, (SQUARE * 1.0,)),
    "switches": (switches, (PASTED, "x")),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_takes_axes_and_returns_them(name, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("nobody asked to see it"))
    draw, given = PLOTS[name]
    assert inspect.signature(draw).parameters["ax"].default is None
    ax = Figure().subplots()
    assert draw(*given, ax=ax) is ax
    assert ax.has_data()
    figure = plt.figure()
    assert draw(*given).figure is figure
    plt.close(figure)
