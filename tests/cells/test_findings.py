"""Under each label one object: by percent for the terminal, by contrast for the page."""

import numpy as np
import pytest

from emocam.cells.findings import least_contrast, most_counted, standing_out
from emocam.results.run import Matrix


def matrix(counts: list[list[int]], images: list[int]) -> Matrix:
    return Matrix(
        [f"o{i}" for i in range(len(counts))],
        [f"l{i}" for i in range(len(images))],
        np.array(counts),
        np.array(images),
    )


def frequent(counts: list[list[int]], images: list[int]) -> list[tuple[str, str, float]]:
    shown = matrix(counts, images)
    found = most_counted(shown.percent, shown.counts, shown.images, shown.objects, shown.labels, {})
    return [(cell["object"], cell["label"], cell["percent"]) for cell in found]


def test_the_most_counted_is_the_highest_percentage_whatever_is_elsewhere() -> None:
    assert frequent([[95, 90], [60, 10]], [100, 100]) == [("o0", "l0", 95.0), ("o0", "l1", 90.0)]


def test_labels_without_images_or_counts_have_no_finding() -> None:
    assert frequent([[0, 0, 3], [0, 0, 3]], [0, 10, 10]) == [("o0", "l2", 30.0)]
    assert standing_out(matrix([[0, 0, 3], [0, 0, 1]], [0, 10, 10]))[0].object == 0


def test_without_objects_there_is_no_finding() -> None:
    shown = Matrix([], ["a"], np.zeros((0, 1), int), np.ones(1, int))
    assert (
        most_counted(shown.percent, shown.counts, shown.images, [], ["a"], {}) == []
        and standing_out(shown) == []
    )


def test_a_cell_has_its_role_or_none() -> None:
    shown = matrix([[9, 1], [1, 9]], [10, 10])
    roles = {("o0", "l0"): "cause"}
    found = most_counted(shown.percent, shown.counts, shown.images, shown.objects, shown.labels, roles)
    assert [cell["role"] for cell in found] == ["cause", "no"]


def test_what_stands_out_is_the_contrast_and_not_the_highest_percentage() -> None:
    # o0 is everywhere; o1 is in 60 % of l0 and in 10 % of l1
    shown = matrix([[95, 90], [60, 10]], [100, 100])
    first = standing_out(shown)[0]
    assert (first.object, first.label, first.percent, first.elsewhere) == (1, 0, 60, 10)


def test_what_stands_out_is_beyond_chance_where_anything_is() -> None:
    shown = matrix([[95, 90], [60, 10]], [100, 100])
    beyond = np.array([[True, False], [False, False]])
    assert [(cell.object, cell.label) for cell in standing_out(shown, beyond_chance=beyond)] == [(0, 0)]
    assert standing_out(shown, beyond_chance=np.zeros((2, 2), bool)) == standing_out(shown)


def test_of_labels_with_few_images_nothing_stands_out() -> None:
    shown = matrix([[9, 0, 0], [0, 30, 0]], [9, 100, 100])
    assert [cell.label for cell in standing_out(shown)] == [1]


def test_what_stands_out_most_surely_comes_first_and_not_the_largest_difference() -> None:
    # 10 of 10 against none is the larger difference, 90 of 100 the surer one
    shown = matrix([[10, 0, 0], [0, 90, 0]], [10, 100, 100])
    assert [cell.label for cell in standing_out(shown)] == [1, 0]
    assert [(cell.count, cell.images, cell.count_elsewhere, cell.others) for cell in standing_out(shown)] == [
        (90, 100, 0, 110),
        (10, 10, 0, 200),
    ]


def test_no_more_than_ten_labels_stand_out() -> None:
    shown = matrix(np.diag([20] * 14).tolist(), [20] * 14)
    assert len(standing_out(shown)) == 10


def test_the_lower_end_is_that_of_newcombe_from_the_intervals_of_scipy() -> None:
    from scipy.stats import binomtest

    shown = matrix([[12, 7], [0, 25], [30, 3]], [30, 45])
    found = least_contrast(shown)
    for object in range(3):
        for label in range(2):
            k, n = int(shown.counts[object, label]), int(shown.images[label])
            rest, others = int(shown.counts[object].sum()) - k, int(shown.images.sum()) - n
            own = binomtest(k, n).proportion_ci(method="wilson").low
            other = binomtest(rest, others).proportion_ci(method="wilson").high
            low = k / n - rest / others - ((k / n - own) ** 2 + (other - rest / others) ** 2) ** 0.5
            assert found[object, label] == pytest.approx(100 * low, abs=1e-9)
