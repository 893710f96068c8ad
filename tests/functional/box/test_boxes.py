"""Boxes in the frames of pictures and of views."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from emocam.functional.box.boxes import area, from_window, to_window

SIDES = st.lists(st.floats(-1, 2), min_size=4, max_size=4)


def test_area_by_hand() -> None:
    boxes = torch.tensor([[0.0, 0, 0.5, 0.5], [0.2, 0.2, 0.2, 0.9], [0.9, 0, 0.1, 1], [0.9, 0.9, 0.1, 0.1]])
    assert area(boxes).tolist() == [0.25, 0, 0, 0]


def test_windows_by_hand() -> None:
    crop = torch.tensor([[0.25, 0.0, 0.75, 1.0]])
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    assert from_window(whole, crop).tolist() == crop.tolist()
    assert to_window(crop, crop).tolist() == whole.tolist()
    assert to_window(whole, crop).tolist() == [[-0.5, 0, 1.5, 1]]


@given(SIDES, SIDES)
def test_there_and_back_is_the_same(box: list[float], window: list[float]) -> None:
    x0, y0, x1, y1 = window
    frame = torch.tensor(
        [[min(x0, x1), min(y0, y1), max(x0, x1) + 0.1, max(y0, y1) + 0.1]], dtype=torch.float64
    )
    boxes = torch.tensor([box], dtype=torch.float64)
    torch.testing.assert_close(from_window(to_window(boxes, frame), frame), boxes)
