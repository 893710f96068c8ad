"""Measures of association, by hand and against two other ways to them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance

from emocam.functional.statistics.association_measures import MEASURES, dice, jaccard, lift_over_all, yule

# 10 images are Joy and 10 are Awe; the cake is in 6 of Joy and 2 of Awe, the house in all, the boat in none
COUNTS = torch.tensor([[6, 2], [10, 10], [0, 0]])
IMAGES = torch.tensor([10, 10])


@pytest.mark.parametrize(
    ("measure", "joy", "awe"),
    [
        (dice, 12 / 18, 4 / 18),
        (jaccard, 6 / 12, 2 / 16),
        # with and without cake: 6 and 4 of Joy, 2 and 8 of Awe
        (yule, (6 * 8 - 4 * 2) / (6 * 8 + 4 * 2), -(6 * 8 - 4 * 2) / (6 * 8 + 4 * 2)),
        (lift_over_all, 0.6 / 0.4, 0.2 / 0.4),
    ],
)
def test_the_cake_by_hand(measure, joy: float, awe: float) -> None:
    assert measure(COUNTS, IMAGES)[0].tolist() == pytest.approx([joy, awe])


def test_what_is_everywhere_is_lifted_by_nothing() -> None:
    assert lift_over_all(COUNTS, IMAGES)[1].tolist() == [1, 1]
    assert dice(COUNTS, IMAGES)[1].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert yule(COUNTS, IMAGES)[1].isnan().all()


def test_what_is_nowhere_has_no_lift() -> None:
    assert dice(COUNTS, IMAGES)[2].tolist() == jaccard(COUNTS, IMAGES)[2].tolist() == [0, 0]
    assert lift_over_all(COUNTS, IMAGES)[2].isnan().all() and yule(COUNTS, IMAGES)[2].isnan().all()


def test_a_label_without_images_has_no_lift() -> None:
    found = lift_over_all(torch.tensor([[3, 0]]), torch.tensor([5, 0]))
    assert found[0, 0] == 1 and found[0, 1].isnan()


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.booleans(), min_size=3, max_size=3)), min_size=1))
def test_equal_what_comes_from_the_images_one_by_one(corpus: list[tuple[int, list[bool]]]) -> None:
    label, present = np.array([label for label, _ in corpus]), np.array([shown for _, shown in corpus])
    hot = np.eye(4, dtype=bool)[label]
    counts = torch.from_numpy((present[:, :, None] & hot[:, None]).sum(0))
    images = torch.from_numpy(hot.sum(0))
    found = {name: measure(counts, images) for name, measure in MEASURES.items()}
    for i in range(3):
        for j in range(4):
            one, other = present[:, i], hot[:, j]
            if one.any() or other.any():
                assert found["dice"][i, j].item() == pytest.approx(1 - distance.dice(one, other))
                assert found["jaccard"][i, j].item() == pytest.approx(1 - distance.jaccard(one, other))
            if one.any() and other.any():
                assert found["lift"][i, j].item() == pytest.approx(one[other].mean() / one.mean())
            a, b, c, d = ((x & y).sum() for x in (one, ~one) for y in (other, ~other))
            if a * d + b * c:
                assert found["yule"][i, j].item() == pytest.approx((a * d - b * c) / (a * d + b * c))
