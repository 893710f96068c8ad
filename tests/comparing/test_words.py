"""The closing lines of a comparison."""

import numpy as np
import pandas as pd

from emocam.comparing.twins import Twins
from emocam.comparing.words import comparison_lines, similarity_lines


def frame(values, names):
    return pd.DataFrame(np.asarray(values, float), names, names)


def test_the_matrix_is_shown_below_its_diagonal_with_its_marks():
    names = ["gradcam", "lime"]
    lines = similarity_lines(frame([[1, 0.934], [0.934, 1]], names), frame([[0, 0.01], [0.01, 0]], names))
    assert lines[1:] == ["  gradcam  1", "  lime     0.93*  1"]


def test_of_many_runs_the_extremes_are_shown():
    names = [str(i) for i in range(12)]
    r = np.full((12, 12), 0.5)
    r[3, 2], r[7, 5], r[1, 0] = 0.1, 0.9, np.nan
    lines = similarity_lines(frame(r, names), frame(r, names))
    assert lines[1:] == ["  least: 3 and 2 0.10", "  most: 7 and 5 0.90"]


def test_a_refusal_stands_alone_and_twins_are_named():
    assert comparison_lines({}, [], "other images") == ["other images"]
    assert comparison_lines({}, [], None) == ["one run alone has nothing to be compared with"]
    one = frame([[1]], ["a"])
    lines = comparison_lines(
        {"similarity": one, "similarity_permutation_p": one}, [Twins(("a", "b"), 3e-8)], None
    )
    assert "a and b gave the same importance to every region (largest difference 3e-08)" in lines[-1]
