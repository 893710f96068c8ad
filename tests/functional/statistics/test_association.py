"""Counting images, beside three nested loops."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emocam.functional.statistics.association import count_images, percent_of_label

IMAGES = st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(0, 3), max_size=6)), max_size=12)


@given(IMAGES, st.randoms())
def test_equals_three_nested_loops(corpus: list[tuple[int, list[int]]], order) -> None:
    expected = [[0] * 3 for _ in range(4)]
    for object in range(4):
        for label in range(3):
            for own, shown in corpus:
                if own == label and object in shown:
                    expected[object][label] += 1
    regions = [(i, object) for i, (_, shown) in enumerate(corpus) for object in shown]
    order.shuffle(regions)
    image = torch.tensor([i for i, _ in regions], dtype=torch.int64)
    object_ = torch.tensor([found for _, found in regions], dtype=torch.int64)
    label_ = torch.tensor([own for own, _ in corpus], dtype=torch.int64)
    assert count_images(label_, object_, image, 4, 3).tolist() == expected


def test_an_object_twice_in_an_image_counts_once() -> None:
    zeros = torch.zeros(3, dtype=torch.int64)
    assert count_images(torch.tensor([1]), zeros, zeros, 1, 2).tolist() == [[0, 1]]


@given(IMAGES, st.integers(0, 12))
def test_counts_of_parts_add_up(corpus: list[tuple[int, list[int]]], at: int) -> None:
    def count(part: list[tuple[int, list[int]]]) -> torch.Tensor:
        image = torch.tensor([i for i, (_, shown) in enumerate(part) for _ in shown], dtype=torch.int64)
        object = torch.tensor([o for _, shown in part for o in shown], dtype=torch.int64)
        label = torch.tensor([own for own, _ in part], dtype=torch.int64)
        return count_images(label, object, image, 4, 3)

    assert torch.equal(count(corpus), count(corpus[:at]) + count(corpus[at:]))


def test_percent_is_of_the_label_s_images_and_nan_where_there_are_none() -> None:
    percent = percent_of_label(torch.tensor([[1, 0], [4, 0]]), torch.tensor([8, 0]))
    assert percent[:, 0].tolist() == pytest.approx([12.5, 50])
    assert all(math.isnan(value) for value in percent[:, 1].tolist())
