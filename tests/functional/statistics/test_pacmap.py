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
