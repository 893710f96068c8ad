"""The share of same-size boxes with at least a region's mean: against slow loops, and uniform by chance."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from emocam.functional.map import chance
from emocam.functional.map.chance import box_chance, pass_rates, rates_of_each
from emocam.functional.map.chance_masks import mask_chance, mask_pass_rates
from emocam.functional.map.placements import find_places, refine, summed_area

WHOLE = torch.tensor([[0.0, 0.0, 1.0, 1.0]])


def smooth(count: int, side: int, seed: int) -> torch.Tensor:
    """Maps of a few random hills, stretched to [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 1, 4, 4, generator=generator)
    maps = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")[:, 0]
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low)


def random_boxes(count: int, seed: int) -> torch.Tensor:
    """Of any size up to 0.6, put anywhere with equal chance."""
    generator = torch.Generator().manual_seed(seed)
    size = 0.05 + 0.55 * torch.rand(count, 2, generator=generator)
    corner = torch.rand(count, 2, generator=generator) * (1 - size)
    return torch.cat([corner, corner + size], 1)


def sampled_grid(cells: np.ndarray, parts: int) -> np.ndarray:
    """Means over equal parts of each cell, of a bilinear map drawn with 12 points to a part's side."""
    height, width = cells.shape

    def shares(count: int) -> np.ndarray:
        points = (np.arange(count * parts * 12) + 0.5) / (parts * 12) - 0.5
        return (
            np.stack([np.interp(points, np.arange(count), np.eye(count)[i]) for i in range(count)])
            .T.reshape(count * parts, 12, count)
            .mean(1)
        )

    return shares(height) @ cells @ shares(width).T


def by_loops(grid: np.ndarray, window: np.ndarray, box: np.ndarray, weights: np.ndarray | None = None):
    """Both shares of one box or of one mask on its cells, place after place."""
    height, width = grid.shape
    corner, size = window[:2], window[2:] - window[:2]
    x0, y0, x1, y1 = np.clip((box - np.tile(corner, 2)) / np.tile(size, 2), 0, 1)
    wide, high = max(1, round((x1 - x0) * width)), max(1, round((y1 - y0) * height))
    x = min(max(round((x0 + x1) / 2 * width - wide / 2), 0), width - wide)
    y = min(max(round((y0 + y1) / 2 * height - high / 2), 0), height - high)
    weights = np.ones((high, wide)) if weights is None else weights
    middle_x, middle_y = (0.5 - corner) / size * (width, height)
    means, steps = {}, {}
    for i in range(height - high + 1):
        for j in range(width - wide + 1):
            means[i, j] = (grid[i : i + high, j : j + wide] * weights).sum() / weights.sum()
            distance = np.hypot(j + wide / 2 - middle_x, i + high / 2 - middle_y)
            steps[i, j] = int((distance + 0.25) // 2)
    reached = {place: mean >= means[y, x] - 1e-6 for place, mean in means.items()}
    ring = [place for place in means if steps[place] == steps[y, x]]
    return np.mean(list(reached.values())), np.mean([reached[place] for place in ring]), means


@pytest.mark.parametrize(("side", "parts"), [((7, 7), 5), ((13, 9), 4), ((40, 33), 1)])
def test_shares_equal_slow_loops_over_all_places(side: tuple[int, int], parts: int) -> None:
    maps = torch.rand(2, *side, generator=torch.Generator().manual_seed(1))
    window = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.25, 0.1, 0.85, 0.9]])
    boxes, image = random_boxes(6, 2).clamp(0.2, 0.8), torch.arange(6) % 2
    found = box_chance(maps, window, boxes, image)
    rates = pass_rates(maps, window, boxes, image, 0.5)
    assert refine(maps).shape[1:] == (side[0] * parts, side[1] * parts)
    for n in range(6):
        grid = sampled_grid(maps[image[n]].double().numpy(), parts)
        anywhere, centred, means = by_loops(grid, window[image[n]].numpy(), boxes[n].numpy())
        slack = 3 / len(means)  # the points of the drawn grid are no exact means
        assert found.anywhere[n] == pytest.approx(anywhere, abs=slack)
        assert found.centred[n] == pytest.approx(centred, abs=0.04)
        assert rates[n] == pytest.approx(np.mean([mean > 0.5 for mean in means.values()]), abs=slack)


def test_refined_cells_are_exact_means() -> None:
    maps = torch.rand(1, 5, 8, generator=torch.Generator().manual_seed(3))
    assert refine(maps)[0].numpy() == pytest.approx(sampled_grid(maps[0].double().numpy(), 7), abs=2e-4)


def test_masks_equal_slow_loops_over_all_shifts() -> None:
    maps = torch.rand(2, 33, 40, generator=torch.Generator().manual_seed(4))
    window = WHOLE.expand(2, 4)
    # boxes whose sides are whole cells, so that a mask of a cell's parts lies on them unchanged
    boxes = torch.tensor([[4 / 40, 3 / 33, 14 / 40, 13 / 33], [20 / 40, 10 / 33, 30 / 40, 20 / 33]])
    masks = (torch.rand(2, 10, 10, generator=torch.Generator().manual_seed(5)) > 0.4).float()
    found = mask_chance(maps, window, boxes, masks, torch.arange(2))
    for n in range(2):
        anywhere, centred, _ = by_loops(
            refine(maps)[n].numpy(), np.array([0, 0, 1, 1.0]), boxes[n].numpy(), masks[n].numpy()
        )
        assert found.anywhere[n] == pytest.approx(anywhere, abs=1e-6)
        assert found.centred[n] == pytest.approx(centred, abs=1e-6)


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_a_full_or_empty_mask_is_its_box(fill: float) -> None:
    maps, boxes, image = smooth(5, 7, 6), random_boxes(50, 7), torch.arange(50) % 5
    window = torch.tensor([[0.2, 0.0, 0.9, 1.0]]).expand(5, 4)
    of_box = box_chance(maps, window, boxes, image)
    of_mask = mask_chance(maps, window, boxes, torch.full((50, 28, 28), fill), image)
    assert of_mask.anywhere.tolist() == pytest.approx(of_box.anywhere.tolist(), abs=2e-3)
    assert of_mask.centred.tolist() == pytest.approx(of_box.centred.tolist(), abs=2e-2)


def test_a_mask_of_its_hottest_half_is_rarer_than_its_box() -> None:
    maps = torch.zeros(1, 32, 32)
    maps[0, 8:16, 8:12] = 1
    boxes, image = torch.tensor([[0.25, 0.25, 0.5, 0.5]]), torch.zeros(1, dtype=torch.int64)
    mask = torch.zeros(1, 8, 8)
    mask[0, :, :4] = 1
    places = (32 - 8 + 1) ** 2
    # the box keeps the hot half whole when it moves up to four cells to the left
    assert box_chance(maps, WHOLE, boxes, image).anywhere.item() == pytest.approx(5 / places)
    # the mask's empty half may stick out of the hot half, but its full half may not
    assert mask_chance(maps, WHOLE, boxes, mask, image).anywhere.item() == pytest.approx(1 / places)


def uniformity(maps: torch.Tensor, null: str, draws: int = 1500) -> float:
    """The p of Kolmogorov-Smirnov for boxes put anywhere in maps that know nothing of them."""
    image = torch.arange(draws) % len(maps)
    found = box_chance(maps, WHOLE.expand(len(maps), 4), random_boxes(draws, 8), image)
    share = getattr(found, null).numpy()
    return kstest(share, "uniform").pvalue


@pytest.mark.parametrize("null", ["anywhere", "centred"])
@pytest.mark.parametrize("side", [7, 14])
def test_chance_is_uniform_where_boxes_lie_by_chance(side: int, null: str) -> None:
    assert uniformity(smooth(300, side, 9), null) > 0.01


def test_the_share_among_the_equally_far_is_valid_where_boxes_lie_by_chance() -> None:
    draws = 3000
    image = torch.arange(draws) % 300
    found = box_chance(smooth(300, 14, 10), WHOLE.expand(300, 4), random_boxes(draws, 11), image)
    for level in (0.05, 0.1, 0.25, 0.5):
        passed = float((found.centred <= level).float().mean())
        assert passed < level + 3 * (level * (1 - level) / draws) ** 0.5


def test_chance_is_uniform_in_shuffled_maps() -> None:
    maps = smooth(300, 7, 12)
    order = torch.argsort(torch.rand(300, 49, generator=torch.Generator().manual_seed(13)), 1)
    assert uniformity(maps.flatten(1).gather(1, order).unflatten(1, (7, 7)), "anywhere") > 0.01


def test_the_trial_tells_a_wrong_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes that stick out of the map count too: they hold less, and every region looks rare."""
    monkeypatch.setattr(chance, "inside", lambda shape, places: torch.ones(len(places), *shape[-2:]) > 0)
    assert uniformity(smooth(300, 7, 9), "anywhere") < 1e-6


def test_a_map_of_the_middle_says_nothing_of_boxes_in_the_middle() -> None:
    along = torch.linspace(-1, 1, 14)
    hill = torch.exp(-(along[:, None] ** 2 + along**2) / 0.3)[None]
    size = torch.linspace(0.1, 0.5, 9)[:, None].expand(9, 2)
    boxes, image = torch.cat([0.5 - size / 2, 0.5 + size / 2], 1), torch.zeros(9, dtype=torch.int64)
    found = box_chance(hill, WHOLE, boxes, image)
    assert (found.anywhere < 0.02).all() and (found.centred > 0.05).all()


def test_a_flat_map_and_a_region_outside_the_window_prove_nothing() -> None:
    maps = torch.stack([torch.zeros(7, 7), torch.rand(7, 7)])
    window = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.2, 0.2, 0.6, 0.6]])
    boxes = torch.tensor([[0.1, 0.1, 0.4, 0.4], [0.7, 0.1, 0.9, 0.5], [0.3, 0.3, 0.3, 0.3]])
    found = box_chance(maps, window, boxes, torch.tensor([0, 1, 1]))
    assert found.anywhere[:2].tolist() == [1, 1] and found.centred[:2].tolist() == [1, 1]
    assert 0 < found.anywhere[2] <= 1


def test_the_hottest_of_all_places_is_one_of_them_all() -> None:
    maps = torch.zeros(1, 32, 32)
    maps[0, 4, 9] = 1
    boxes, image = torch.tensor([[9 / 32, 4 / 32, 10 / 32, 5 / 32]]), torch.zeros(1, dtype=torch.int64)
    assert box_chance(maps, WHOLE, boxes, image).anywhere.item() == pytest.approx(1 / 1024)


def test_parts_of_a_batch_do_not_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    maps, boxes, image = smooth(4, 7, 14), random_boxes(40, 15), torch.arange(40) % 4
    masks = torch.rand(40, 8, 8, generator=torch.Generator().manual_seed(16))
    seen = maps, WHOLE.expand(4, 4), boxes
    whole = box_chance(*seen, image), mask_chance(*seen, masks, image)
    rates = pass_rates(*seen, image, 0.4)
    monkeypatch.setattr(chance, "CHUNK", 1)
    assert torch.equal(pass_rates(*seen, image, 0.4), rates) and 0 < rates.mean() < 1
    parts = box_chance(*seen, image), mask_chance(*seen, masks, image)
    for one, other in zip(whole, parts, strict=True):
        assert torch.equal(one.anywhere, other.anywhere) and torch.equal(one.centred, other.centred)


def test_no_region_has_no_share() -> None:
    nothing, none = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
    assert box_chance(torch.rand(1, 7, 7), WHOLE, nothing, none).anywhere.shape == (0,)
    assert mask_chance(torch.rand(1, 7, 7), WHOLE, nothing, torch.zeros(0, 8, 8), none).centred.shape == (0,)
    assert pass_rates(torch.rand(1, 7, 7), WHOLE, nothing, none, 0.3).shape == (0,)


def test_all_stays_where_the_maps_are() -> None:
    """The device without numbers refuses whatever was made elsewhere."""
    maps, window, boxes = torch.rand(2, 7, 7), WHOLE.expand(2, 4), random_boxes(6, 17)
    seen = [given.to("meta") for given in (maps, window, boxes)]
    image, masks = torch.zeros(6, dtype=torch.int64, device="meta"), torch.zeros(6, 8, 8, device="meta")
    assert box_chance(*seen, image).centred.device.type == "meta"
    assert mask_chance(*seen, masks, image).anywhere.device.type == "meta"
    assert pass_rates(*seen, image, 0.3).device.type == "meta"


def test_a_device_counts_as_the_processor_does() -> None:
    maps, window, boxes = torch.rand(3, 7, 7), WHOLE.expand(3, 4), random_boxes(60, 18)
    image, grid = torch.arange(60) % 3, refine(maps)
    of_each = rates_of_each(summed_area(grid), find_places(grid, window, boxes, image), 0.5)
    assert torch.equal(of_each, pass_rates(maps, window, boxes, image, 0.5)) and 0 < of_each.mean() < 1


def test_a_small_mask_is_not_cut_though_its_box_is_hardly_wider_than_a_cell() -> None:
    maps = torch.rand(1, 33, 40, generator=torch.Generator().manual_seed(4))
    box = torch.tensor([[4 / 40, 3 / 33, 8 / 40, 7 / 33]])  # a tenth of the window
    mask = torch.zeros(1, 4, 4)
    mask[0, :, 3] = mask[0, 3] = 1  # at the far end, which a cut would lose
    found = mask_chance(maps, WHOLE.expand(1, 4), box, mask, torch.zeros(1, dtype=torch.int64))
    whole = np.array([0, 0, 1, 1.0])
    anywhere, centred, _ = by_loops(refine(maps)[0].numpy(), whole, box[0].numpy(), mask[0].numpy())
    assert found.anywhere[0] == pytest.approx(anywhere, abs=1e-6)
    assert found.centred[0] == pytest.approx(centred, abs=1e-6)


def test_a_mask_that_is_wider_than_high_equals_slow_loops() -> None:
    maps = torch.rand(1, 33, 40, generator=torch.Generator().manual_seed(6))
    box = torch.tensor([[5 / 40, 20 / 33, 17 / 40, 26 / 33]])
    mask = (torch.rand(1, 6, 12, generator=torch.Generator().manual_seed(7)) > 0.4).float()
    none, whole = torch.zeros(1, dtype=torch.int64), np.array([0, 0, 1, 1.0])
    found = mask_chance(maps, WHOLE, box, mask, none)
    grid = refine(maps)[0].numpy()
    anywhere, centred, means = by_loops(grid, whole, box[0].numpy(), mask[0].numpy())
    assert found.anywhere[0] == pytest.approx(anywhere, abs=1e-6)
    assert found.centred[0] == pytest.approx(centred, abs=1e-6)
    rate = mask_pass_rates(maps, WHOLE, box, mask, none, 0.5)
    assert rate[0] == pytest.approx(np.mean([mean > 0.5 for mean in means.values()]), abs=1e-6)


def test_of_a_mask_that_the_window_cuts_the_part_inside_counts() -> None:
    maps = torch.rand(1, 33, 40, generator=torch.Generator().manual_seed(8))
    window, box = torch.tensor([[0.5, 0.0, 1.0, 1.0]]), torch.tensor([[0.3, 3 / 33, 0.7, 13 / 33]])
    mask = (torch.rand(1, 10, 8, generator=torch.Generator().manual_seed(9)) > 0.4).float()
    found = mask_chance(maps, window, box, mask, torch.zeros(1, dtype=torch.int64))
    shown = np.repeat(mask[0, :, 4:].numpy(), 4, axis=1)  # each part of its right half is four cells wide
    anywhere, centred, _ = by_loops(refine(maps)[0].numpy(), window[0].numpy(), box[0].numpy(), shown)
    assert found.anywhere[0] == pytest.approx(anywhere, abs=1e-6)
    assert found.centred[0] == pytest.approx(centred, abs=1e-6)


def test_a_mask_of_a_part_of_a_cell_is_no_empty_one() -> None:
    maps = torch.rand(1, 33, 40, generator=torch.Generator().manual_seed(10))
    box = torch.tensor([[4 / 40, 3 / 33, 6 / 40, 5 / 33]])
    mask, shown = torch.zeros(1, 28, 28), np.zeros((2, 2))
    mask[0, 27, 27] = shown[1, 1] = 1
    found = mask_chance(maps, WHOLE, box, mask, torch.zeros(1, dtype=torch.int64))
    whole = np.array([0, 0, 1, 1.0])
    anywhere, centred, _ = by_loops(refine(maps)[0].numpy(), whole, box[0].numpy(), shown)
    assert found.anywhere[0] == pytest.approx(anywhere, abs=1e-6)
    assert found.centred[0] == pytest.approx(centred, abs=1e-6)
