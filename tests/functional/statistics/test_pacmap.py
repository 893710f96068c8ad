"""The gradient against autograd of the published loss; pairs as they are described; a picture that can be read."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from emocam.functional.statistics import pacmap as module
from emocam.functional.statistics.neighbours import nearest_points, own_share
from emocam.functional.statistics.pacmap import (
    PointPairs,
    draw_pairs,
    near_count,
    pacmap,
    phase,
    principal_axes,
    slopes,
)


def loss(place: torch.Tensor, pairs: PointPairs, step: int) -> torch.Tensor:
    """The loss of the paper, a sum over pairs."""
    total = place.new_zeros(())
    near, middle = phase(step)
    for other, weight, constant in ((pairs.near, near, 10), (pairs.middle, middle, 10_000)):
        d = 1 + (place[:, None] - place[other]).square().sum(-1)
        total = total + weight * (d / (constant + d)).sum()
    d = 1 + (place[:, None] - place[pairs.far]).square().sum(-1)
    return total + (1 / (1 + d)).sum()


@pytest.mark.parametrize("step", [0, 50, 150, 300])
def test_the_slopes_are_those_of_the_published_loss(step):
    draws = torch.Generator().manual_seed(step)
    points = torch.randn(80, 5, generator=draws)
    pairs = draw_pairs(points, draws)
    place = torch.randn(80, 2, generator=draws, dtype=torch.float64, requires_grad=True)
    expected = torch.autograd.grad(loss(place, pairs, step), place)[0]
    assert np.allclose(slopes(place.detach().numpy(), pairs, step), expected, atol=1e-12)


def test_pairs_never_join_a_point_with_itself_and_near_ones_are_near():
    draws = torch.Generator().manual_seed(0)
    points = torch.randn(300, 4, generator=draws)
    pairs = draw_pairs(points, draws)
    assert (pairs.near.shape, pairs.middle.shape, pairs.far.shape) == ((300, 10), (300, 5), (300, 20))
    for other in (pairs.near, pairs.middle, pairs.far):
        assert (other != torch.arange(300)[:, None]).all()
    candidates = nearest_points(points, 60)[0]
    assert all(
        set(near) <= set(around)
        for near, around in zip(pairs.near.tolist(), candidates.tolist(), strict=True)
    )


def test_a_point_has_more_near_pairs_in_a_large_corpus():
    assert [near_count(n) for n in (5, 1000, 10_000, 26_000, 100_000)] == [4, 10, 10, 16, 25]


def test_axes_are_scikit_learns_up_to_their_sign():
    points = torch.from_numpy(load_digits().data).float()
    expected = torch.from_numpy(PCA(2).fit_transform(points.numpy()))
    found = principal_axes(points, 2)
    assert torch.allclose(found.abs(), expected.abs().float(), atol=1e-2)
    assert principal_axes(points[:, :1], 2).shape == (len(points), 2)


def test_digits_lie_beside_their_like_and_a_seed_gives_the_same_picture():
    points, of = (
        torch.from_numpy(load_digits().data[:400]).float(),
        torch.from_numpy(load_digits().target[:400]),
    )
    picture = pacmap(points, seed=3)
    assert torch.equal(picture, pacmap(points, seed=3))
    assert own_share(nearest_points(picture, 10)[0], of) > 0.85
    assert own_share(nearest_points(principal_axes(points, 2), 10)[0], of) < 0.75


def test_its_steps_are_those_of_adam(monkeypatch):
    points = torch.randn(60, 4, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(module, "STEPS", 120)  # of two phases
    found = pacmap(points, seed=5)
    pairs = draw_pairs(points, torch.Generator().manual_seed(5))
    place = (0.01 * principal_axes(points, 2)).double().requires_grad_()
    adam = torch.optim.Adam([place], lr=1.0, betas=(0.9, 0.999), eps=1e-7)
    for step in range(120):
        adam.zero_grad()
        loss(place, pairs, step).backward()
        adam.step()
    assert torch.allclose(found.double(), place.detach(), rtol=1e-2, atol=1e-2 * place.detach().abs().max())


def test_weights_of_the_three_phases_are_the_published_ones():
    found = {step: phase(step) for step in (0, 1, 99, 100, 199, 200, 449)}
    assert (
        found[0] == (2, 1000)
        and found[1] == pytest.approx((2, 990.03))
        and found[99] == pytest.approx((2, 12.97))
    )
    assert found[100] == found[199] == (3, 3) and found[200] == found[449] == (1, 0)


def test_a_picture_takes_as_many_steps_as_published_from_the_same_seed(monkeypatch):
    points, steps = torch.randn(70, 4, generator=torch.Generator().manual_seed(1)), []
    first = pacmap(points), pacmap(points, 0)
    assert torch.equal(*first)

    def still(place: np.ndarray, pairs: PointPairs, step: int) -> np.ndarray:
        steps.append(step)
        return 0 * place

    monkeypatch.setattr(module, "slopes", still)
    rest = pacmap(points)
    assert steps == list(range(450))
    assert torch.allclose(rest, 0.01 * principal_axes(points, 2))  # nothing pulls


def test_its_first_steps_are_adams_to_the_last_digits(monkeypatch):
    points = torch.randn(64, 4, generator=torch.Generator().manual_seed(2))
    pairs = draw_pairs(points, torch.Generator().manual_seed(0))
    monkeypatch.setattr(module, "STEPS", 3)
    # slopes about as small as what is added to their root
    monkeypatch.setattr(module, "slopes", lambda place, pairs, step: slopes(place, pairs, step) * 1e-10)
    place = (0.01 * principal_axes(points, 2)).double()
    first = second = torch.zeros(64, 2, dtype=torch.float64)
    for step in range(3):
        slope = torch.from_numpy(slopes(place.numpy(), pairs, step) * 1e-10)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        rate = (1 - 0.999 ** (step + 1)) ** 0.5 / (1 - 0.9 ** (step + 1))
        place = place - rate * first / (second.sqrt() + 1e-7)
    assert torch.allclose(pacmap(points).double(), place, rtol=1e-3, atol=1e-5)


def slow_draws(points: np.ndarray, near: int, draws: torch.Generator) -> tuple[list, list, list]:
    """Near, middle and far ends of each point's pairs, as they are described."""
    count = len(points)

    def others(many: int) -> list[list[int]]:
        lots = torch.randint(count - 1, (count, many), generator=draws).tolist()
        return [[lot + (lot >= i) for lot in row] for i, row in enumerate(lots)]

    far = np.array([[((a - b) ** 2).sum() for b in points] for a in points])
    order = [sorted((j for j in range(count) if j != i), key=lambda j, i=i: far[i, j]) for i in range(count)]
    scale = [max(np.mean([np.sqrt(far[i, j]) for j in order[i][3:6]]), 1e-10) for i in range(count)]
    nearest = [
        sorted(order[i][: near + 50], key=lambda j, i=i: far[i, j] / (scale[i] * scale[j]))[:near]
        for i in range(count)
    ]
    middle = []
    for _ in range(max(1, near // 2)):
        middle.append([sorted(row, key=lambda j, i=i: far[i, j])[1] for i, row in enumerate(others(6))])
    return nearest, np.transpose(middle).tolist(), others(2 * near)


@pytest.mark.parametrize(("count", "near"), [(90, 10), (7, 6)])
def test_pairs_are_those_drawn_point_by_point(count, near):
    points = torch.randn(count, 3, generator=torch.Generator().manual_seed(3))
    points *= torch.linspace(0.1, 3, count)[:, None] ** 2  # dense in the middle
    found = draw_pairs(points, torch.Generator().manual_seed(4))
    nearest, middle, far = slow_draws(points.double().numpy(), near, torch.Generator().manual_seed(4))
    assert found.near.tolist() == nearest and found.far.tolist() == far
    distances = np.array(points)
    # of six drawn with replacement two may be the same point
    for i, (ours, theirs) in enumerate(zip(found.middle.tolist(), middle, strict=True)):
        square = [[((distances[i] - distances[j]) ** 2).sum() for j in ends] for ends in (ours, theirs)]
        assert square[0] == pytest.approx(square[1], rel=1e-5)


def test_copies_of_a_point_do_not_divide_by_nothing():
    points = torch.ones(9, 2)
    assert draw_pairs(points, torch.Generator().manual_seed(0)).near.shape == (9, 8)


def test_each_entry_of_the_matrix_of_pairs_has_its_pair():
    draws = torch.Generator().manual_seed(6)
    pairs = draw_pairs(torch.randn(20, 3, generator=draws), draws)
    of, blank = pairs.sides
    rows = np.repeat(np.arange(20), np.diff(blank.indptr))
    assert blank.shape == (20, 20) and len(of) == 2 * pairs.ends.shape[1] == len(blank.indices)
    for pair, row, column in zip(of, rows, blank.indices, strict=True):
        assert sorted(pairs.ends[:, pair]) == sorted((row, column))
    kinds = [
        (i, j)
        for kind in (pairs.near, pairs.middle, pairs.far)
        for i, row in enumerate(kind.tolist())
        for j in row
    ]
    assert pairs.ends.T.tolist() == [list(pair) for pair in kinds]


def test_the_largest_entry_of_each_axis_is_positive_and_missing_axes_are_nothing():
    points = torch.randn(40, 5, generator=torch.Generator().manual_seed(8)) * torch.tensor(
        [1.0, 5, 2, 0.3, 3]
    )
    model = PCA(5).fit(points.numpy())
    axes = np.array([axis * np.sign(axis[np.abs(axis).argmax()]) for axis in model.components_])
    expected = (points.numpy() - points.numpy().mean(0)) @ axes.T
    for count in (1, 2, 5):
        assert principal_axes(points, count).numpy() == pytest.approx(expected[:, :count], abs=1e-4)
    wide = principal_axes(points, 7)
    assert wide.shape == (40, 7) and (wide[:, 5:] == 0).all()
    assert wide[:, :5].numpy() == pytest.approx(expected, abs=1e-4)
