"""The closing lines of a comparison."""

import numpy as np
import pandas as pd

from emocam.compare.closing import (
    certainty_lines,
    comparison_lines,
    corrected,
    difference_lines,
    similarity_lines,
)
from emocam.compare.twins import Twins


def frame(values, names):
    return pd.DataFrame(np.asarray(values, float), names, names)


def test_the_matrix_is_shown_below_its_diagonal_with_its_marks():
    names = ["gradcam", "lime"]
    lines = similarity_lines(frame([[1, 0.934], [0.934, 1]], names), frame([[0, 0.01], [0.01, 0]], names))
    assert lines[1:] == ["  gradcam  1", "  lime     0.93*  1"]


def test_a_mark_of_many_pairs_is_corrected_for_their_number():
    names = list("abcd")
    p = np.full((4, 4), 0.5)
    p[1, 0] = p[0, 1] = 0.04
    q = corrected(frame(p, names)).to_numpy()
    assert q[1, 0] == q[0, 1] == 0.24 and (np.diag(q) == 0.5).all()
    assert "*" not in "".join(similarity_lines(frame(np.full((4, 4), 0.9), names), frame(p, names))[1:])
    p[np.tril_indices(4, -1)] = p.T[np.tril_indices(4, -1)] = 0.04
    assert "".join(similarity_lines(frame(p, names), frame(p, names))[1:]).count("*") == 6


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


def test_how_sure_r_is_and_how_high_it_could_be_is_said_of_the_extremes():
    names = ["a", "b"]
    parts = {"": 0.88, "_low": 0.67, "_high": 0.96, "_residual": 0.4, "_ceiling": 0.9}
    similarity = {f"similarity{part}": frame([[1, r], [r, 1]], names) for part, r in parts.items()}
    assert certainty_lines(similarity) == [
        "  b and a: 0.88, on other pictures 0.67 to 0.96; beyond shared presence 0.40; the same method on two "
        "halves of these pictures agrees to 0.90"
    ]
    assert certainty_lines({"similarity": similarity["similarity"]}) == []


def test_differences_name_the_surest_cell_and_the_picture():
    columns = {"object": ["cake", "boat"], "label": "Joy", "run_a": "a", "run_b": "b", "percent_a": [49, 2.0]}
    columns |= {
        "percent_b": [73, 40.0],
        "difference": [24, 38],
        "low": [14, 1],
        "high": [32, 60],
        "q": [0.01, 0.2],
    }
    moved = pd.DataFrame({"image": ["7.png"], "moved": [0.66], "run_a": ["a"], "run_b": ["b"]})
    assert difference_lines(pd.DataFrame(columns), moved) == [
        "1 of 2 cells differ by more than chance (paired, q < 0.05)",
        "  most: cake -> Joy, 49 % in a and 73 % in b (+14 to +32 points)",
        "the focus moved most in 7.png: 66 % of it lies elsewhere in b than in a",
    ]
    assert difference_lines(pd.DataFrame(), pd.DataFrame()) == []
