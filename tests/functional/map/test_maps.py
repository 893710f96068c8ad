"""The mean of a map in a box: exact, whatever the window, and whatever the box."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from emocam.functional.map.maps import CHUNK, box_integrals, box_means, hat_integrals, normalise

WHOLE = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
WINDOWS = {
    "whole": (0.0, 0.0, 1.0, 1.0),
    "crop": (0.1, 0.25, 0.9, 0.75),
    "letterbox": (-0.25, 0.0, 1.25, 1.0),
    "corner": (0.5, 0.5, 1.5, 1.5),
}


def slowly(map: Tensor, window: Tensor, box: Tensor, points: int) -> float:
    """The map read by torch's own sampler at the middle of points x points equal parts of the box."""
    steps = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    places = torch.stack([columns, rows], -1) * (box[2:] - box[:2]) + box[:2]
    seen = (places - window[:2]) / (window[2:] - window[:2])
    values = grid_sample(
        map[None, None].double(), seen[None] * 2 - 1, padding_mode="border", align_corners=False
    )
    return (values[0, 0] * ((seen >= 0) & (seen <= 1)).all(-1)).mean().item()


def boxes_of(seed: int, count: int = 12) -> Tensor:
    dice = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=dice) * 0.7
    return torch.cat([corner, corner + 0.02 + 0.28 * torch.rand(count, 2, generator=dice)], 1)


@pytest.mark.parametrize("shape", [(7, 7), (3, 11), (1, 1), (14, 2)])
def test_equals_a_grid_64_times_as_fine(shape: tuple[int, int]) -> None:
    maps = torch.rand(1, *shape, generator=torch.Generator().manual_seed(1))
    boxes = boxes_of(2, 4)
    means = box_means(maps, WHOLE, boxes, torch.zeros(4, dtype=torch.int64))
    expected = [slowly(maps[0], WHOLE[0], box, 64 * max(shape)) for box in boxes.double()]
    torch.testing.assert_close(means, torch.tensor(expected), atol=1e-4, rtol=0, check_dtype=False)


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_what_lies_outside_of_the_window_counts_as_zero(window: tuple[float, ...]) -> None:
    maps = torch.rand(1, 5, 6, generator=torch.Generator().manual_seed(3))
    windows, boxes = torch.tensor([window]), boxes_of(4, 6)
    means = box_means(maps, windows, boxes, torch.zeros(6, dtype=torch.int64))
    expected = [slowly(maps[0], windows[0].double(), box, 800) for box in boxes.double()]
    torch.testing.assert_close(means, torch.tensor(expected), atol=2e-3, rtol=0, check_dtype=False)


def test_equals_the_paper_s_way_to_within_its_pixels() -> None:
    size = 608
    maps = normalise(torch.randn(4, 7, 7, generator=torch.Generator().manual_seed(5)))
    large = interpolate(maps[:, None], (size, size), mode="bilinear", align_corners=False)[:, 0]
    boxes, image = boxes_of(6, 40), torch.arange(40) % 4
    means = box_means(maps, WHOLE.expand(4, 4), boxes, image)
    for box, i, mean in zip(boxes, image, means, strict=True):
        x0, y0, x1, y1 = (round(v) for v in (box * size).tolist())
        assert mean.item() == pytest.approx(large[i, y0:y1, x0:x1].mean().item(), abs=0.02)


def test_all_of_a_picture_has_the_mean_of_the_cells() -> None:
    maps = torch.rand(1, 4, 5)
    found = box_means(maps, WHOLE, WHOLE, torch.zeros(1, dtype=torch.int64))
    assert found.item() == pytest.approx(maps.mean().item())


def test_halves_of_a_slope_by_hand() -> None:
    row = torch.tensor([[[0.0, 1.0]]])
    # from 0 at 1/4 to 1 at 3/4: the left half holds 1/8 of the picture, 1/4 of its own area
    halves = torch.tensor([[0.0, 0, 0.5, 1], [0.5, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0.25, 1]])
    found = box_means(row, WHOLE, halves, torch.zeros(4, dtype=torch.int64))
    assert found.tolist() == pytest.approx([0.125, 0.875, 0.5, 0])


@pytest.mark.parametrize("place", [(0.5, 0.5), (0.3, 0.77), (0.0, 0.0), (1.0, 1.0), (1.0, 0.4)])
def test_a_box_without_area_takes_the_value_at_its_place(place: tuple[float, float]) -> None:
    maps = torch.rand(1, 4, 4, generator=torch.Generator().manual_seed(7))
    point = torch.tensor([[*place, *place]])
    value = slowly(maps[0], WHOLE[0], point[0].double(), 1)
    found = box_means(maps, WHOLE, point, torch.zeros(1, dtype=torch.int64))
    assert found.item() == pytest.approx(value, abs=1e-3)


def test_a_thin_box_is_the_mean_along_its_line() -> None:
    maps = torch.rand(1, 4, 4, generator=torch.Generator().manual_seed(8))
    line = torch.tensor([[0.4, 0.1, 0.4, 0.9]])
    expected = slowly(maps[0], WHOLE[0], line[0].double(), 2000)
    found = box_means(maps, WHOLE, line, torch.zeros(1, dtype=torch.int64))
    assert found.item() == pytest.approx(expected, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(1e-6, 1), st.floats(0, 1), st.floats(1e-6, 1))
def test_tiny_boxes_never_leave_the_map_s_own_range(seed, x: float, w: float, y: float, h: float) -> None:
    maps = torch.rand(1, 3, 3, generator=torch.Generator().manual_seed(seed))
    box = torch.tensor([[x, y, min(1, x + w), min(1, y + h)]])
    found = box_means(maps, WHOLE, box, torch.zeros(1, dtype=torch.int64)).item()
    assert maps.min().item() - 1e-3 <= found <= maps.max().item() + 1e-3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted), st.integers(1, 9))
def test_hats_are_the_integrals_of_the_interpolation(ends: list[float], cells: int) -> None:
    start, end = (torch.tensor([value], dtype=torch.float64) for value in ends)
    hats = hat_integrals(start, end, cells)[0]
    assert hats.sum().item() == pytest.approx(ends[1] - ends[0], abs=1e-9)
    for i in range(cells):
        centres = [(j + 0.5) / cells for j in range(cells)]

        def hat(t: float, own: float = centres[i]) -> float:
            return max(0.0, 1 - abs(min(max(t, centres[0]), centres[-1]) - own) * cells)  # noqa: B023

        kinks = [c for c in centres if ends[0] < c < ends[1]]
        expected = quad(hat, *ends, points=kinks or None)[0]
        assert hats[i].item() == pytest.approx(expected, abs=1e-7)


def test_integrals_of_parts_add_up() -> None:
    maps = torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(9))
    windows = torch.tensor([WINDOWS["crop"]])
    parts = torch.tensor([[0.0, 0, 0.35, 1], [0.35, 0, 1, 0.6], [0.35, 0.6, 1, 1], [0, 0, 1, 1]])
    found = box_integrals(maps, windows, parts, torch.zeros(4, dtype=torch.int64))
    assert found[:3].sum().item() == pytest.approx(found[3].item(), abs=1e-6)


def test_many_regions_are_taken_in_parts_with_the_same_result(monkeypatch) -> None:
    maps, boxes = torch.rand(2, 5, 5), boxes_of(10, 50)
    image = torch.arange(50) % 2
    whole = box_means(maps, WHOLE.expand(2, 4), boxes, image)
    assert CHUNK > 50 * 25
    monkeypatch.setattr("emocam.functional.map.maps.CHUNK", 7 * 25)
    torch.testing.assert_close(box_means(maps, WHOLE.expand(2, 4), boxes, image), whole)


def test_no_boxes_have_no_means() -> None:
    none = torch.zeros(0, dtype=torch.int64)
    assert box_means(torch.rand(1, 3, 3), WHOLE, torch.zeros(0, 4), none).shape == (0,)


def test_normalised_maps_reach_from_0_to_1_and_negative_parts_are_nothing() -> None:
    raw = torch.tensor([[[-1.0, 2.0], [4.0, 0.0]], [[3.0, 5.0], [4.0, 3.0]]])
    assert normalise(raw).tolist() == [[[0, 0.5], [1, 0]], [[0, 1], [0.5, 0]]]


@pytest.mark.parametrize("value", [0.0, -3.0, 5.0, 1e-30, 1e30])
def test_a_flat_map_becomes_zero(value: float) -> None:
    assert (normalise(torch.full((1, 3, 3), value)) == 0).all()


def test_a_difference_that_is_only_rounding_is_flat() -> None:
    raw = torch.full((1, 2, 2), 1000.0)
    raw[0, 0, 0] = raw[0, 0, 0].nextafter(torch.tensor(2000.0))
    assert (normalise(raw) == 0).all()


def test_a_slope_far_above_zero_reaches_from_0_to_1_too() -> None:
    assert normalise(torch.tensor([[[10.0, 10.5, 11.0]]])).tolist() == [[[0, 0.5, 1]]]
    # a thousandth of the height is no rounding
    assert normalise(torch.tensor([[[1000.0, 1001.0]]])).tolist() == [[[0, 1]]]
