"""The figure shows R, and marks what shared presence does not explain."""

import numpy as np
import pandas as pd
import pytest

from emocam.plot.similarity import mark, similarity, similarity_figure


@pytest.fixture
def correlation() -> pd.DataFrame:
    names = ["gradcam", "lift", "lrp"]
    return pd.DataFrame([[1, 0.931, np.nan], [0.931, 1, -0.2], [np.nan, -0.2, 1]], names, names)


@pytest.fixture
def p(correlation) -> pd.DataFrame:
    return pd.DataFrame(
        [[0.002, 0.002, np.nan], [0.002, 0.002, 0.7], [np.nan, 0.7, 0.002]],
        correlation.index,
        correlation.columns,
    )


def texts(ax):
    return [t.get_text() for t in ax.texts]


@pytest.mark.parametrize(
    ("p", "stars"), [(0.05, "*"), (0.051, ""), (0.01, "**"), (0.001, "***"), (np.nan, "")]
)
def test_stars_grow_as_p_shrinks(p, stars):
    assert mark(p) == stars


def test_cells_hold_their_numbers_and_marks_but_not_on_the_diagonal(correlation, p):
    ax = similarity(correlation, p, ax=similarity_figure(correlation).subplots())
    assert texts(ax) == ["1.00", "0.93\n**", "0.93\n**", "1.00", "-0.20", "-0.20", "1.00"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["gradcam", "lift", "lrp"]


def test_without_p_nothing_is_marked_or_promised(correlation):
    ax = similarity_figure(correlation).axes[0]
    assert "0.93" in texts(ax)
    assert not ax.get_title("left")


def test_colours_reach_from_the_lowest_correlation_to_one(correlation):
    drawn = similarity_figure(correlation).axes[0].collections[0]
    assert drawn.get_clim() == (-0.2, 1)


@pytest.mark.parametrize("runs", [1, 30])
def test_any_number_of_runs_with_hostile_names_is_drawn(runs, tmp_path):
    names = [f"$\\frac{{{i}" for i in range(runs)]
    figure = similarity_figure(pd.DataFrame(np.full((runs, runs), np.nan), names, names))
    figure.savefig(tmp_path / "s.png")
    assert (tmp_path / "s.png").stat().st_size
