"""Parts of maps against plain loops: places on a grid, owners of cells, what no box covers, values at places."""

import math

import numpy as np
import pytest
import torch

from emocam.functional.box.boxes import area, from_window, to_window
from emocam.functional.map import maps as maps_module
from emocam.functional.map import unexplained
from emocam.functional.map.features import channel_means, small_views
from emocam.functional.map.focus import moved, on_one_grid
from emocam.functional.map.maps import box_integrals, box_means, normalise
from emocam.functional.map.owners import owners_of_cells
from emocam.functional.map.peaks import box_peaks
from emocam.functional.map.placements import (
    box_sums,
    equally_far,
    find_places,
    inside,
    refine,
    summed_area,
)
from emocam.functional.map.rings import grow, surround, widen
from emocam.functional.map.sampled import map_values, mask_cells
from emocam.functional.map.unexplained import fullest_window, uncovered
from emocam.records.detections import Detections

WINDOWS = [[0.0, 0.0, 1.0, 1.0], [0.2, 0.1, 0.8, 0.7], [0.0, 0.5, 0.5, 1.0]]


def boxes_of(draw: np.random.Generator, many: int) -> np.ndarray:
    corner = draw.uniform(-0.05, 0.9, (many, 2))
    return np.concatenate([corner, corner + draw.uniform(0.0, 0.6, (many, 2))], 1)


def value_at(cells: np.ndarray, x: float, y: float) -> float:
    """The map between the middles of its cells, constant beyond the outermost."""
    height, width = cells.shape
    column, row = min(max(x * width - 0.5, 0), width - 1), min(max(y * height - 0.5, 0), height - 1)
    left, top = min(int(column), max(width - 2, 0)), min(int(row), max(height - 2, 0))
    right, low = min(left + 1, width - 1), min(top + 1, height - 1)
    u, v = column - left, row - top
    return float(
        (cells[top, left] * (1 - u) + cells[top, right] * u) * (1 - v)
        + (cells[low, left] * (1 - u) + cells[low, right] * u) * v
    )


@pytest.mark.parametrize("shape", [(2, 3), (7, 5), (1, 4), (40, 33)])
def test_regions_are_placed_on_the_grid_as_loops_place_them(shape: tuple[int, int]) -> None:
    draw = np.random.default_rng(shape[0])
    maps = torch.from_numpy(draw.random((3, *shape)))
    grid = refine(maps)
    parts = math.ceil(32 / min(shape))
    height, width = shape[0] * parts, shape[1] * parts
    assert grid.shape == (3, height, width) and grid.dtype == torch.float64
    for y, x in draw.integers(0, (height, width), (12, 2)):  # each is the mean of its part of the map
        fine = [(i + 0.5) / 24 for i in range(24)]
        mean = np.mean(
            [value_at(maps[1].numpy(), (x + u) / width, (y + v) / height) for u in fine for v in fine]
        )
        assert grid[1, y, x].item() == pytest.approx(mean, abs=2e-4)
    boxes = boxes_of(draw, 14)
    boxes[0], boxes[1] = [0.3, 0.3, 0.3, 0.3], [0.0, 0.0, 1.0, 1.0]
    boxes[2], boxes[3] = [0.8, 0.2, 0.9, 0.3], [0.1, 0.7, 0.2, 0.9]  # touch the window, on its far sides
    boxes[4], boxes[5] = [0.1, 0.2, 0.2, 0.3], [0.3, 0.0, 0.4, 0.1]  # and on its near ones
    image = torch.from_numpy(np.r_[1, 0, 1, 1, 1, 1, draw.integers(0, 3, 8)])
    windows = torch.tensor(WINDOWS, dtype=torch.float64)
    places = find_places(grid, windows, torch.from_numpy(boxes), image)
    sums, there, far = (
        box_sums(summed_area(grid), places),
        inside(grid.shape, places),
        equally_far(grid.shape, places),
    )
    assert len(places) == 14 and sums.shape == there.shape == far.shape == (14, height, width)
    for n, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        window = WINDOWS[int(image[n])]
        across, down = window[2] - window[0], window[3] - window[1]
        seen = [
            (x0 - window[0]) / across,
            (y0 - window[1]) / down,
            (x1 - window[0]) / across,
            (y1 - window[1]) / down,
        ]
        assert places.seen[n].tolist() == pytest.approx(seen)
        assert bool(places.outside[n]) == any(
            places.seen[n, side + 2].item() <= 0 or places.seen[n, side].item() >= 1 for side in (0, 1)
        )
        left, top, right, low = (min(max(side, 0), 1) for side in places.seen[n].tolist())
        wide, tall = max(1, round((right - left) * width)), max(1, round((low - top) * height))
        assert places.size[n].tolist() == [wide, tall]
        assert places.last[n].tolist() == [width - wide, height - tall]
        first_x = min(max(round((left + right) / 2 * width - wide / 2), 0), width - wide)
        first_y = min(max(round((top + low) / 2 * height - tall / 2), 0), height - tall)
        assert places.first[n].tolist() == [first_x, first_y]
        middle = (0.5 - window[0]) / across * width, (0.5 - window[1]) / down * height
        assert places.middle[n].tolist() == pytest.approx(middle)
        whole = grid[int(image[n])].numpy()
        own = math.hypot(first_x + wide / 2 - middle[0], first_y + tall / 2 - middle[1])
        for y, x in [(first_y, first_x), *draw.integers(0, (height, width), (25, 2)).tolist()]:
            assert sums[n, y, x].item() == pytest.approx(whole[y : y + tall, x : x + wide].sum(), abs=1e-9)
            assert bool(there[n, y, x]) == (x + wide <= width and y + tall <= height)
            distance = math.hypot(x + wide / 2 - middle[0], y + tall / 2 - middle[1])
            steps = [(d + 0.25) / 2 for d in (own, distance)]
            if min(abs(s - round(s)) for s in steps) > 1e-4:
                assert bool(far[n, y, x]) == (int(steps[0]) == int(steps[1]))
        assert bool(far[n, first_y, first_x])
    part = places[3:5]
    assert part.size.tolist() == places.size[3:5].tolist() and part.image.tolist() == image[3:5].tolist()


def detections(draw: np.random.Generator, many: int, images: int, masks: bool) -> Detections:
    shown = (draw.random((many, 5, 4)) < 0.7).astype(np.float32)
    shown[0] = 0
    return Detections(
        torch.from_numpy(boxes_of(draw, many).clip(0, 1)),
        torch.arange(many),
        torch.from_numpy(draw.permutation(many) / many),
        torch.from_numpy(np.sort(draw.integers(0, images, many))),
        torch.from_numpy(shown) if masks else None,
    )


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("most", [0, 1, 3, 99])
def test_each_cell_is_of_the_smallest_region_over_it(masks: bool, most: int) -> None:
    for seed in range(3):
        draw = np.random.default_rng(seed)
        regions = detections(draw, 13, 4, masks)
        size = (9, 11)
        window = torch.tensor([*WINDOWS, WINDOWS[0]], dtype=torch.float64)[:4]
        owner, count = owners_of_cells(regions, window, size, most)
        for image in range(4):
            rows = [n for n in range(13) if regions.image[n] == image]
            rows = sorted(rows, key=lambda n: -regions.score[n].item())[:most]
            areas = {n: area(regions.boxes[n : n + 1]).item() for n in rows}
            if masks and regions.masks is not None:
                areas = {n: a * regions.masks[n].mean().item() for n, a in areas.items()}
            wanted = np.full(size, -1)
            for n in sorted(rows, key=lambda n: -areas[n]):
                x0, y0, x1, y1 = regions.boxes[n].tolist()
                left, top, right, low = window[image].tolist()
                for row, column in np.ndindex(size):
                    x = left + (column + 0.5) / size[1] * (right - left)
                    y = top + (row + 0.5) / size[0] * (low - top)
                    if not (x0 <= x < x1 and y0 <= y < y1):
                        continue
                    covers = True
                    if masks and regions.masks is not None and regions.masks[n].any():
                        mask = regions.masks[n].numpy()
                        covers = value_at(mask, (x - x0) / (x1 - x0), (y - y0) / (y1 - y0)) > 0.5
                    if covers:
                        wanted[row, column] = n
            found = owner[image].numpy()
            pairs = {(int(a), int(b)) for a, b in zip(found.ravel(), wanted.ravel(), strict=True)}
            assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) == int(count[image])
            numbers = {b: a for a, b in pairs}
            left_over = sorted(b for b in numbers if b >= 0)
            order = sorted(left_over, key=lambda n: -areas[n])
            assert [numbers[n] for n in order] == list(range(len(order)))
            assert numbers.get(-1, len(order)) == len(order)  # cells of none come last


def test_a_box_holds_the_middles_on_its_upper_and_left_side_and_none_on_the_others() -> None:
    none = torch.zeros(0, dtype=torch.int64)
    for masks in (None, torch.ones(1, 3, 3)):
        regions = Detections(
            torch.tensor([[0.125, 0.375, 0.625, 0.875]]),
            none.new_zeros(1),
            torch.ones(1),
            none.new_zeros(1),
            masks,
        )
        owner, count = owners_of_cells(regions, torch.tensor(WINDOWS[:1]), (4, 4), 9)
        assert count.tolist() == [2]
        assert (owner[0] == 0).int().tolist() == [[0] * 4, [1, 1, 0, 0], [1, 1, 0, 0], [0] * 4]


def test_mass_is_what_no_box_covers_however_little_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(5)
    many = [0, 1, 30, 2, 9, 3, 3]
    image = draw.permutation(np.repeat(np.arange(7), many))
    boxes = boxes_of(draw, sum(many))
    boxes[3] = [0.4, 0.4, 0.4, 0.9]  # without area
    boxes[4], image[4] = boxes[5], image[5]  # twice
    maps = draw.random((7, 3, 4))
    windows = np.array([WINDOWS[n % 3] for n in range(7)])
    given = [torch.from_numpy(part) for part in (maps, windows, boxes, image)]
    steps = 240
    t = (np.arange(steps) + 0.5) / steps
    whole = uncovered(*given)
    assert whole.shape == (7, 3, 4) and whole.dtype == torch.float64
    for chunk in (3000, 400):
        monkeypatch.setattr(unexplained, "CHUNK", chunk)
        torch.testing.assert_close(uncovered(*given), whole, atol=1e-12, rtol=0)
    for n in range(7):
        x = windows[n, 0] + t * (windows[n, 2] - windows[n, 0])
        y = windows[n, 1] + t * (windows[n, 3] - windows[n, 1])
        bare = np.ones((steps, steps), bool)
        for x0, y0, x1, y1 in boxes[image == n]:
            bare[np.ix_((y >= y0) & (y < y1), (x >= x0) & (x < x1))] = False
        along = np.stack([np.interp(t * 4 - 0.5, np.arange(4), row) for row in maps[n]])
        values = np.stack([np.interp(t * 3 - 0.5, np.arange(3), column) for column in along.T], 1)
        wanted = (values * bare).reshape(3, 80, 4, 60).sum((1, 3)) / steps**2
        assert np.abs(whole[n].numpy() - wanted).max() < 2e-3


def test_the_fullest_window_has_the_share_that_is_asked_for() -> None:
    mass = torch.zeros(1, 8, 8)
    mass[0, 2:6, 3:7] = 1
    for share, side in ((0.5, 4), (0.25, 2), (0.01, 1)):
        boxes, held = fullest_window(mass, share)
        assert held.item() == pytest.approx(side**2) and boxes.dtype == torch.float64
        x0, y0, x1, y1 = (8 * boxes[0]).tolist()
        assert (x1 - x0, y1 - y0) == (side, side) and 3 <= x0 <= 7 - side and 2 <= y0 <= 6 - side


def test_peaks_are_the_same_one_region_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(6)
    maps, boxes = torch.from_numpy(draw.random((2, 4, 6))), torch.from_numpy(boxes_of(draw, 20))
    window, image = torch.tensor(WINDOWS[:2]), torch.from_numpy(draw.integers(0, 2, 20))
    whole = box_peaks(maps, window, boxes, image)
    assert (whole > 0).any() and len(box_peaks(maps, window, boxes[:0], image[:0])) == 0
    for chunk in (1, 700):
        monkeypatch.setattr("emocam.functional.map.peaks.CHUNK", chunk)
        assert torch.equal(box_peaks(maps, window, boxes, image), whole)
    for n in range(20):
        (left, top, right, low), box = window[image[n]].tolist(), boxes[n].tolist()
        x0, x1 = ((x - left) / (right - left) for x in (box[0], box[2]))
        y0, y1 = ((y - top) / (low - top) for y in (box[1], box[3]))
        if x1 < 0 or y1 < 0 or x0 > 1 or y0 > 1:
            assert whole[n] == 0
            continue
        x0, x1, y0, y1 = (min(max(side, 0), 1) for side in (x0, x1, y0, y1))
        columns = [x0, x1, *((c + 0.5) / 6 for c in range(6) if x0 < (c + 0.5) / 6 < x1)]
        rows = [y0, y1, *((r + 0.5) / 4 for r in range(4) if y0 < (r + 0.5) / 4 < y1)]
        highest = max(value_at(maps[image[n]].numpy(), x, y) for x in columns for y in rows)
        assert whole[n].item() == pytest.approx(highest, abs=1e-6)


def test_means_are_integrals_by_areas_one_region_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(7)
    maps, boxes = torch.from_numpy(draw.random((3, 4, 6))), torch.from_numpy(boxes_of(draw, 12).clip(0, 1))
    boxes[0] = torch.tensor([0.4, 0.3, 0.4, 0.3])
    window, image = torch.tensor(WINDOWS), torch.from_numpy(np.r_[0, draw.integers(0, 3, 11)])
    means, integrals = box_means(maps, window, boxes, image), box_integrals(maps, window, boxes, image)
    t = (np.arange(60) + 0.5) / 60
    for n in range(12):
        (left, top, right, low), (x0, y0, x1, y1) = window[image[n]].tolist(), boxes[n].tolist()
        values = [
            value_at(maps[image[n]].numpy(), (x - left) / (right - left), (y - top) / (low - top))
            if left <= x <= right and top <= y <= low
            else 0.0
            for x in x0 + t * (x1 - x0)
            for y in y0 + t * (y1 - y0)
        ]
        assert means[n].item() == pytest.approx(np.mean(values), abs=0.02)
        assert integrals[n].item() == pytest.approx(np.mean(values) * (x1 - x0) * (y1 - y0), abs=0.01)
    monkeypatch.setattr(maps_module, "CHUNK", 50)
    assert torch.allclose(box_means(maps, window, boxes, image), means, atol=1e-12)
    assert box_integrals(maps, window, boxes[:0], image[:0]).shape == (0,)


def test_a_map_that_is_flat_but_for_rounding_is_zero() -> None:
    flat = torch.full((1, 2, 2), 3.0)
    flat[0, 0, 0] += 2e-6
    sloped = torch.full((1, 2, 2), 3.0)
    sloped[0, 0, 0] += 1e-5
    assert normalise(flat).abs().max() == 0 and normalise(sloped).max() == 1
    assert normalise(torch.tensor([[[-4.0, 0.0], [1.0, 4.0]]])).tolist() == [[[0, 0], [0.25, 1]]]


def test_values_are_those_between_cells_and_none_beyond_the_window() -> None:
    draw = np.random.default_rng(8)
    maps, window = torch.from_numpy(draw.random((3, 4, 5))), torch.tensor(WINDOWS)
    places = torch.from_numpy(draw.uniform(-0.1, 1.1, (3, 40, 2)))
    places[0, :4] = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    found = map_values(maps, window, places)
    for image in range(3):
        left, top, right, low = window[image].tolist()
        for n, (x, y) in enumerate(places[image].tolist()):
            u, v = (x - left) / (right - left), (y - top) / (low - top)
            wanted = value_at(maps[image].numpy(), u, v) if 0 <= u <= 1 and 0 <= v <= 1 else 0.0
            assert found[image, n].item() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("side", [1, 6])
def test_a_cell_is_covered_where_its_middle_is(side: int) -> None:
    draw = np.random.default_rng(9)
    boxes, masks = torch.from_numpy(boxes_of(draw, 9)), torch.from_numpy(draw.random((9, 3, 3)))
    masks[0, 1, 1] = 0.5
    boxes[1], boxes[2] = torch.tensor([0.25, 0.25, 0.75, 0.75]), torch.tensor([0.0, 0.0, 1.0, 1.0])
    found = mask_cells(boxes, masks, side)
    assert found.shape == (9, side * side) and found.dtype == torch.bool
    for n, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        for row in range(side):
            for column in range(side):
                x, y = (column + 0.5) / side, (row + 0.5) / side
                covered = x0 <= x < x1 and y0 <= y < y1
                if covered:
                    u, v = int((x - x0) / (x1 - x0) * 3), int((y - y0) / (y1 - y0) * 3)
                    covered = masks[n, v, u].item() >= 0.5
                assert bool(found[n, row * side + column]) == covered


def test_a_ring_has_the_area_of_its_box() -> None:
    draw = np.random.default_rng(10)
    boxes = torch.from_numpy(boxes_of(draw, 40))
    boxes[0], boxes[1] = torch.tensor([0.5, 0.5, 0.5, 0.5]), torch.tensor([0.0, 0.0, 1.0, 0.9])
    boxes[2], boxes[3] = torch.tensor([0.0, 0.2, 0.1, 0.3]), torch.tensor([0.1, 0.1, 0.8, 0.9])
    wide, around = widen(boxes), surround(boxes)
    for box, own, outer in zip(boxes.tolist(), wide.tolist(), around.tolist(), strict=True):
        middle = [(box[side] + box[side + 2]) / 2 for side in (0, 1)]
        half = [max((box[side + 2] - box[side]) / 2, 5e-5) for side in (0, 1)]
        wanted = [m + sign * h for sign in (-1, 1) for m, h in zip(middle, half, strict=True)]
        assert own == pytest.approx([min(max(side, 0), 1) for side in wanted], abs=1e-12)
        size = (own[2] - own[0]) * (own[3] - own[1])
        assert (outer[2] - outer[0]) * (outer[3] - outer[1]) == pytest.approx(min(2 * size, 1), abs=1e-9)
        for side in (0, 1):  # the same middle and proportions, where no border cuts
            if outer[side] > 0 and outer[side + 2] < 1:
                assert outer[side] + outer[side + 2] == pytest.approx(own[side] + own[side + 2], abs=1e-9)
    grown = grow(torch.tensor([[0.4, 0.4, 0.6, 0.5], [0.0, 0.8, 0.4, 1.0]]), torch.tensor([2.0, 3.0]))
    assert grown.tolist() == [pytest.approx([0.3, 0.35, 0.7, 0.55]), pytest.approx([0.0, 0.6, 0.8, 1.0])]


def test_boxes_go_into_a_window_and_back() -> None:
    draw = np.random.default_rng(11)
    boxes, windows = torch.from_numpy(boxes_of(draw, 6)), torch.tensor(WINDOWS * 2, dtype=torch.float64)
    seen = to_window(boxes, windows)
    for box, window, own in zip(boxes.tolist(), windows.tolist(), seen.tolist(), strict=True):
        for side in range(4):
            low, high = window[side % 2], window[side % 2 + 2]
            assert own[side] == pytest.approx((box[side] - low) / (high - low))
    assert torch.allclose(from_window(seen, windows), boxes)
    assert area(torch.tensor([[0.0, 0, 0.5, 0.25], [0.5, 0, 0.25, 1], [0, 1, 1, 0.5]])).tolist() == [
        0.125,
        0,
        0,
    ]


def test_focus_is_compared_on_one_grid_of_the_picture() -> None:
    draw = np.random.default_rng(12)
    maps = draw.random((2, 3, 4))
    window = np.array(WINDOWS[:2])
    found = on_one_grid(torch.from_numpy(maps), torch.from_numpy(window), 4)
    t = (np.arange(80) + 0.5) / 80
    for n in range(2):
        left, top, right, low = window[n]
        values = np.array(
            [
                [
                    value_at(maps[n], (x - left) / (right - left), (y - top) / (low - top))
                    if left <= x <= right and top <= y <= low
                    else 0.0
                    for x in t
                ]
                for y in t
            ]
        )
        shares = values.reshape(4, 20, 4, 20).sum((1, 3)) / values.sum()
        assert np.abs(found[n].numpy() - shares).max() < 2e-3
    assert on_one_grid(torch.zeros(1, 2, 2), torch.tensor(WINDOWS[:1])).shape == (1, 16, 16)
    focus = torch.stack([found, found.flip(0), torch.zeros_like(found)])
    apart = moved(focus)
    for a in range(3):
        for b in range(3):
            for n in range(2):
                half = (focus[a, n] - focus[b, n]).abs().sum().item() / 2
                assert apart[a, b, n].item() == pytest.approx(np.nan if 2 in (a, b) else half, nan_ok=True)


def test_a_view_becomes_small_and_channels_their_means() -> None:
    draw = np.random.default_rng(13)
    view = torch.from_numpy(draw.uniform(0, 255, (2, 1, 96, 48)))
    small = small_views(view)
    assert small.shape == (2, 3, 48, 24) and small.dtype == torch.uint8
    blocks = view[:, 0].reshape(2, 48, 2, 24, 2).float().mean((2, 4)).round()
    assert all(torch.equal(small[:, channel].float(), blocks) for channel in range(3))
    assert small_views(view[..., :1], 10).shape == (2, 3, 10, 1)
    assert small_views(torch.full((1, 3, 4, 4), 300.0), 2).max() == 255
    activation = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[1e9, 1e9], [1e9, 1e9]]]])
    means = channel_means(activation)
    assert means.tolist() == [[3.0, 65504.0]] and means.dtype == torch.float16
    assert channel_means(-activation).tolist() == [[-3.0, -65504.0]]
