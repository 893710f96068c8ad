"""Intervals of figures, from counts that are added up a resample and a picture at a time."""

import numpy as np
import pytest

from emocam.functional.statistics.figure_intervals import figure_intervals, redrawn_counts


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dice = np.random.default_rng(0)
    truth, predicted = dice.integers(0, 2, 30), dice.integers(0, 3, 30)  # no picture of the third label
    return truth, predicted, 5 + 3 * (np.arange(30) % 7)


def test_pictures_are_drawn_again_by_the_shares_of_their_cells(answers) -> None:
    truth, predicted, _ = answers
    cells = np.zeros((3, 3))
    for one, other in zip(truth, predicted, strict=True):
        cells[one, other] += 1
    expected = np.random.default_rng(4).multinomial(30, cells.ravel() / 30, 50)
    found = redrawn_counts(truth, predicted, 3, resamples=50, seed=4)
    assert found.shape == (50, 3, 3) and found.reshape(50, 9).tolist() == expected.tolist()
    few = redrawn_counts(np.zeros(2, int), np.zeros(2, int), 3, resamples=2)
    assert few.tolist() == [[[2, 0, 0], [0, 0, 0], [0, 0, 0]]] * 2


def test_groups_are_drawn_again_with_all_their_pictures(answers) -> None:
    truth, predicted, group = answers
    times = np.random.default_rng(4).multinomial(7, [1 / 7] * 7, 50)
    found = redrawn_counts(truth, predicted, 3, group, 50, 4)
    for counts, often in zip(found, times, strict=True):
        expected = np.zeros((3, 3), int)
        for one, other, own in zip(truth, predicted, group, strict=True):
            expected[one, other] += often[(own - 5) // 3]
        assert counts.tolist() == expected.tolist()


def test_where_nobody_says_otherwise_two_thousand_are_drawn_by_the_same_seed(answers) -> None:
    truth, predicted, group = answers
    for of in (None, group):
        drawn = redrawn_counts(truth, predicted, 3, of)
        assert (drawn == redrawn_counts(truth, predicted, 3, of, 2000, 0)).all()


def test_the_middle_of_each_figure_leaves_out_resamples_without_one(answers) -> None:
    truth, predicted, _ = answers
    drawn = redrawn_counts(truth[:5], predicted[:5], 3, resamples=200, seed=1)
    drawn[::17] = 0
    figures: dict[str, list[float]] = {"accuracy": [], "balanced_accuracy": [], "macro_f1": []}
    for counts in drawn.tolist():
        rows, columns = [sum(row) for row in counts], [sum(column) for column in zip(*counts, strict=True)]
        if not sum(rows):
            continue
        hits = [counts[k][k] for k in range(3)]
        recalls = [hits[k] / rows[k] for k in range(3) if rows[k]]
        ones = [2 * hits[k] / (rows[k] + columns[k]) for k in range(3) if rows[k] + columns[k]]
        figures["accuracy"].append(sum(hits) / sum(rows))
        figures["balanced_accuracy"].append(sum(recalls) / len(recalls))
        figures["macro_f1"].append(sum(ones) / len(ones))
    found = figure_intervals(drawn)
    assert found.keys() == figures.keys()
    for name, values in figures.items():
        assert found[name] == pytest.approx(np.percentile(values, (2.5, 97.5)))
