"""Outlines of masks: their area and place are those of the mask, counted finely."""

import re

import numpy as np
import pytest

from emocam.plot.outline import outline_path


def loops(path: str) -> list[np.ndarray]:
    return [
        np.array([[float(n) for n in point.split()] for point in loop.split("L")])
        for loop in re.findall("M(.*?)Z", path)
    ]


def area(loop: np.ndarray) -> float:
    x, y = loop.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_an_outline_encloses_as_much_as_the_mask_at_its_place() -> None:
    y, x = (np.indices((28, 28)) + 0.5) / 28
    disc = ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.4**2).astype(np.float32)
    (loop,) = loops(outline_path((0.2, 0.4, 0.6, 0.9), disc))
    assert area(loop) == pytest.approx(np.pi * 0.16 * 0.4 * 0.5, rel=0.04)
    assert loop.mean(0) == pytest.approx([0.4, 0.65], abs=0.01)
    assert (loop.min(0) >= [0.2, 0.4]).all() and (loop.max(0) <= [0.6, 0.9]).all()


def test_two_parts_a_hole_and_nothing() -> None:
    mask = np.zeros((28, 28), np.float32)
    mask[4:24, 2:10] = mask[4:24, 16:26] = 1
    mask[10:16, 4:8] = 0
    assert len(loops(outline_path((0, 0, 1, 1), mask))) == 3
    assert outline_path((0, 0, 1, 1), np.zeros((28, 28), np.float32)) == ""
    (whole,) = loops(outline_path((0.25, 0.5, 0.75, 1), np.ones((28, 28), np.float32)))
    assert area(whole) == pytest.approx(0.25, rel=0.01)
