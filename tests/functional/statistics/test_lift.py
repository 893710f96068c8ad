"""The lift of whole numbers, one cell at a time."""

from itertools import product

import numpy as np
import pytest

from emocam.functional.statistics.lift import lift, lifts


def slow_lift(count: float, images: float, elsewhere: float, others: float) -> float:
    if count + elsewhere == 0 or images == 0 or others == 0:
        return float("nan")
    half = 0.5 if count == 0 or elsewhere == 0 else 0.0
    return ((count + half) / (images + half + half)) / ((elsewhere + half) / (others + half + half))


def test_every_lift_of_few_images_is_that_of_its_sentence() -> None:
    given = [
        (count, images, elsewhere, others)
        for images, others in product(range(4), repeat=2)
        for count, elsewhere in product(range(images + 1), range(others + 1))
    ]
    found = lift(*(np.array(column) for column in zip(*given, strict=True)))
    assert found.tolist() == pytest.approx([slow_lift(*one) for one in given], nan_ok=True)


def test_lifts_of_a_matrix_are_against_all_other_labels() -> None:
    counts, images = np.array([[3, 0, 1], [0, 0, 0], [5, 2, 0], [0, 0, 4]]), np.array([6, 2, 4])
    expected = [
        [slow_lift(row[k], images[k], sum(row) - row[k], sum(images) - images[k]) for k in range(3)]
        for row in counts.tolist()
    ]
    assert lifts(counts, images) == pytest.approx(np.array(expected), nan_ok=True)
