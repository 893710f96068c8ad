"""Held against scikit-learn, and against counting one by one."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
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
    squared_distances,
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


def slow_ranks(points: np.ndarray, of: int) -> dict[int, int]:
    """The rank, from 1, of every other point by its distance."""
    far = {i: float(((points[of] - one) ** 2).sum()) for i, one in enumerate(points) if i != of}
    return {i: 1 + place for place, i in enumerate(sorted(far, key=lambda i: far[i]))}


@pytest.mark.parametrize(
    ("count", "given", "taken"),
    [(40, None, 15), (40, 4, 4), (30, None, 14), (9, None, 4), (3, None, 1), (4, 2, 1)],
)
def test_how_a_picture_keeps_its_space_is_counted_point_by_point(count, given, taken):
    draw = np.random.default_rng(count)
    space = draw.normal(size=(count, 5))
    picture = space[:, :2] + 0.7 * draw.normal(size=(count, 2))
    around = torch.arange(0, count, 2)
    lost = strangers = shared = 0
    far: tuple[list[float], list[float]] = [], []
    for a in around.tolist():
        true, drawn = slow_ranks(space, a), slow_ranks(picture, a)
        near, shown = ({i for i, rank in ranks.items() if rank <= taken} for ranks in (true, drawn))
        strangers += sum(true[i] - taken for i in shown - near)
        lost += sum(drawn[i] - taken for i in near - shown)
        shared += len(near & shown)
        for b in around.tolist():
            for rows, points in zip(far, (space, picture), strict=True):
                rows += [float(((points[a] - points[b]) ** 2).sum())] * (a != b)
    args = (torch.from_numpy(space).float(), torch.from_numpy(picture), around)
    found = faithfulness(*args) if given is None else faithfulness(*args, given)
    worst = 2 / (len(around) * taken * (2 * count - 3 * taken - 1))
    assert found.trustworthiness == pytest.approx(1 - worst * strangers)
    assert found.continuity == pytest.approx(1 - worst * lost)
    assert found.overlap == pytest.approx(shared / (len(around) * taken))
    if count > 4:
        assert found.distances == pytest.approx(spearmanr(*far).statistic, abs=0.01)


def test_the_order_of_distances_is_that_of_all_pairs_of_anchors_in_any_block(digits):
    picture, around = principal_axes(digits.float(), 2).double(), torch.arange(0, 600, 2)
    far = [torch.cdist(points[around], points[around]) for points in (digits, picture)]
    other = ~torch.eye(300, dtype=torch.bool)
    expected = spearmanr(*(one[other].numpy() for one in far)).statistic
    assert faithfulness(digits, picture, around).distances == pytest.approx(expected, abs=1e-4)


def test_distances_and_nearest_points_are_those_of_loops():
    points = torch.from_numpy(np.random.default_rng(1).normal(size=(12, 3)))
    far = [[float(((a - b) ** 2).sum()) for b in points[:5]] for a in points]
    assert squared_distances(points, points[:5]).tolist() == [pytest.approx(row, abs=1e-12) for row in far]
    assert (squared_distances(points, points) >= 0).all()
    for block in (1, 5, 256):
        places, squares = nearest_points(points, 99, block)  # all others
        assert places.shape == squares.shape == (12, 11)
        for i in range(12):
            ranks = slow_ranks(points.numpy(), i)
            assert places[i].tolist() == sorted(ranks, key=lambda one, ranks=ranks: ranks[one])
            own = sorted(float(((points[i] - one) ** 2).sum()) for j, one in enumerate(points) if j != i)
            assert squares[i].tolist() == pytest.approx(own)


def test_anchors_are_drawn_by_their_seed_where_points_are_many():
    assert anchors(7).tolist() == list(range(7)) and anchors(2000).tolist() == list(range(2000))
    lots = torch.randperm(2500, generator=torch.Generator().manual_seed(0))
    assert anchors(2500).tolist() == sorted(lots[:2000].tolist())
    lots = torch.randperm(50, generator=torch.Generator().manual_seed(3))
    assert anchors(50, 8, 3).tolist() == sorted(lots[:8].tolist())


def test_a_dimension_is_the_slope_of_the_lower_nine_tenths_of_the_ratios():
    draw = np.random.default_rng(7)
    for count in (5, 19, 20, 33):
        first = draw.uniform(0.1, 2, count)
        squares = np.stack([first, first * draw.uniform(1, 9, count)], 1)
        ratios = sorted(np.sqrt(squares[:, 1] / squares[:, 0]).tolist())
        ratios = ratios[: count - count // 10]
        x = [np.log(one) for one in ratios]
        y = [-np.log(1 - i / count) for i in range(len(ratios))]
        expected = sum(a * b for a, b in zip(x, y, strict=True)) / sum(a * a for a in x)
        copies = np.concatenate([squares, [[0, 1], [0, 0]]])
        assert intrinsic_dimension(torch.from_numpy(copies)) == pytest.approx(expected, rel=1e-9)
    assert np.isnan(intrinsic_dimension(torch.zeros(3, 2)))


def test_rank_correlation_is_scipys():
    pairs = np.random.default_rng(2).normal(size=(2, 50))
    assert rank_correlation(torch.from_numpy(pairs)) == pytest.approx(spearmanr(*pairs).statistic)
