"""Under each label one object: by percent for the terminal, by contrast for the page."""

import numpy as np

from emocam.cells.findings import most_counted, standing_out
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
    found = most_counted(shown.percent, shown.counts, shown.objects, shown.labels, {})
    return [(cell["object"], cell["label"], cell["percent"]) for cell in found]


def test_the_most_counted_is_the_highest_percentage_whatever_is_elsewhere() -> None:
    assert frequent([[95, 90], [60, 10]], [100, 100]) == [("o0", "l0", 95.0), ("o0", "l1", 90.0)]


def test_labels_without_images_or_counts_have_no_finding() -> None:
    assert frequent([[0, 0, 3], [0, 0, 3]], [0, 10, 10]) == [("o0", "l2", 30.0)]
    assert standing_out(matrix([[0, 0, 3], [0, 0, 1]], [0, 10, 10]))[0].object == 0


def test_without_objects_there_is_no_finding() -> None:
    shown = Matrix([], ["a"], np.zeros((0, 1), int), np.ones(1, int))
    assert most_counted(shown.percent, shown.counts, [], ["a"], {}) == [] and standing_out(shown) == []


def test_a_cell_has_its_role_or_none() -> None:
    shown = matrix([[9, 1], [1, 9]], [10, 10])
    roles = {("o0", "l0"): "cause"}
    found = most_counted(shown.percent, shown.counts, shown.objects, shown.labels, roles)
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


def test_labels_with_few_images_come_last() -> None:
    shown = matrix([[5, 0, 0], [0, 30, 0]], [5, 100, 100])
    assert [cell.label for cell in standing_out(shown)] == [1, 0]
