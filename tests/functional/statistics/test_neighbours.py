"""Held against scikit-learn, and against counting one by one."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from emocam.functional.statistics.neighbours import (
    anchors,
    chance_share,
    faithfulness,
    intrinsic_dimension,
    nearest_points,
    own_share,
    rank_correlation,
    shared_neighbours,
)
from emocam.functional.statistics.pacmap import principal_axes


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    noise = np.random.default_rng(0).normal(0, 0.01, (600, 64))  # no two distances are equal
    return torch.from_numpy(load_digits().data[:600] + noise)


def test_trustworthiness_and_continuity_are_scikit_learns(digits):
    picture = principal_axes(digits.float(), 2).double()
    found = faithfulness(digits, picture, torch.arange(len(digits)))
    assert found.trustworthiness == pytest.approx(
        trustworthiness(digits.numpy(), picture.numpy(), n_neighbors=15), abs=1e-6
    )
    assert found.continuity == pytest.approx(
        trustworthiness(picture.numpy(), digits.numpy(), n_neighbors=15), abs=1e-6
    )


def test_anchors_estimate_what_all_points_give(digits):
    picture = principal_axes(digits.float(), 2)
    some, all = (faithfulness(digits, picture, places) for places in (anchors(600, 300), torch.arange(600)))
    assert some.trustworthiness == pytest.approx(all.trustworthiness, abs=0.02)
    assert len(anchors(600, 300).unique()) == 300


def test_a_perfect_picture_keeps_all_and_a_random_one_nothing(digits):
    flat = digits[:, :2] + torch.arange(600)[:, None] * 1e-3
    perfect = faithfulness(flat, flat * 7, torch.arange(600))
    assert perfect.trustworthiness == perfect.continuity == perfect.overlap == 1
    assert perfect.distances == pytest.approx(1)
    lot = torch.rand(600, 2, generator=torch.Generator().manual_seed(0))
    assert faithfulness(digits, lot, torch.arange(600)).trustworthiness == pytest.approx(0.5, abs=0.05)


def test_nearest_points_are_scikit_learns_whatever_the_block(digits):
    square, place = NearestNeighbors(n_neighbors=6).fit(digits).kneighbors(digits)
    for block in (7, 600):
        found, squares = nearest_points(digits, 5, block)
        assert (found.numpy() == place[:, 1:]).all()
        assert torch.allclose(squares.sqrt(), torch.from_numpy(square[:, 1:]), atol=1e-5)


def test_shares_of_neighbours_are_counted():
    near = torch.tensor([[1, 2], [0, 2], [3, 0], [2, 1]])
    of = torch.tensor([0, 0, 1, 1])
    assert own_share(near, of) == 0.5
    assert chance_share(of) == pytest.approx(1 / 3)
    assert shared_neighbours(near, torch.tensor([[2, 1], [2, 3], [1, 2], [0, 3]])) == 3 / 8


@pytest.mark.parametrize("seed", range(3))
def test_a_ball_of_three_dimensions_has_three_however_it_is_turned(seed):
    draws = torch.Generator().manual_seed(seed)
    ball = torch.nn.functional.normalize(torch.randn(2000, 3, generator=draws, dtype=torch.float64))
    ball *= torch.rand(2000, 1, generator=draws) ** (1 / 3)
    turned = ball @ torch.linalg.qr(torch.randn(20, 20, generator=draws, dtype=torch.float64))[0][:3]
    assert 2.6 < intrinsic_dimension(nearest_points(turned, 2)[1]) < 3.2


def test_rank_correlation_asks_for_the_order_alone():
    assert rank_correlation(torch.tensor([[1.0, 2, 3, 9], [1, 10, 100, 1000]])) == pytest.approx(1)
    assert rank_correlation(torch.tensor([[1.0, 2, 3], [3, 2, 1]])) == pytest.approx(-1)


def test_neither_copies_nor_the_unit_of_length_change_a_dimension():
    squares = nearest_points(torch.randn(400, 3, generator=torch.Generator().manual_seed(0)), 2)[1].double()
    dimension = intrinsic_dimension(squares)
    assert intrinsic_dimension(squares * 1e-4) == pytest.approx(dimension)
    assert intrinsic_dimension(squares * 1e4) == pytest.approx(dimension)
    copies = torch.tensor([[0.0, 0.3], [0.0, 0.0]], dtype=torch.float64)
    assert intrinsic_dimension(torch.cat([copies, squares])) == pytest.approx(dimension)
