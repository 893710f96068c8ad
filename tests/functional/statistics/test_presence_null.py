"""The honest null rejects as often as it says, where the textbook always does."""

from itertools import combinations, product

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from emocam.functional.statistics.presence_null import affordable_draws, presence_null_p, redraw, redrawn
from emocam.functional.statistics.similarity import spearman, textbook_p

OBJECTS, LABELS = 20, 5


def presence(draw: np.random.Generator) -> np.ndarray:
    """Common and rare objects, common and rare labels (O, L)."""
    return draw.poisson(np.outer(draw.gamma(1, 10, OBJECTS), draw.dirichlet(np.ones(LABELS)) * 3))


def test_a_redrawn_matrix_keeps_presence_and_each_objects_rate():
    draw = np.random.default_rng(0)
    present = presence(draw)
    kept = draw.binomial(present, 0.3)
    drawn = redraw(kept, present, 50, draw)
    assert (drawn.sum(2) == kept.sum(1)).all()
    assert (drawn <= present).all() and (drawn >= 0).all()
    assert (drawn[0] != drawn[1]).any()


def test_the_draw_is_that_of_choosing_images_one_by_one():
    """One object, present in 3, 5 and 2 images of three labels, kept in 4."""
    draw = np.random.default_rng(1)
    ours = redraw(np.array([[4, 0, 0]]), np.array([[3, 5, 2]]), 20_000, draw)[:, 0]
    images = np.repeat([0, 1, 2], [3, 5, 2])
    theirs = np.array([np.bincount(draw.permutation(images)[:4], minlength=3) for _ in range(20_000)])
    assert np.allclose(ours.mean(0), theirs.mean(0), atol=0.03)
    assert np.allclose(np.cov(ours.T), np.cov(theirs.T), atol=0.03)


def test_methods_that_attend_to_nothing_in_common_are_called_alike_in_one_of_twenty_worlds():
    draw = np.random.default_rng(2)
    honest, textbook, worlds = 0, 0, 300
    for world in range(worlds):
        present = presence(draw)
        rate = draw.uniform(0.1, 0.9, (OBJECTS, 1))  # large objects are kept often by any method
        kept = torch.from_numpy(draw.binomial(np.stack([present, present]), rate))
        p = presence_null_p(kept, torch.from_numpy(np.stack([present, present])), 39, seed=world)
        honest += p[0, 1].item() <= 0.05
        textbook += textbook_p(spearman(kept), OBJECTS * LABELS)[0, 1].item() <= 0.05
    assert textbook == worlds
    assert 0.015 < honest / worlds < 0.09  # 5 %, give or take three standard errors


def test_methods_that_attend_to_the_same_labels_are_found_alike():
    draw = np.random.default_rng(3)
    found = 0
    for world in range(10):
        present = presence(draw) * 3
        rate = draw.uniform(0.1, 0.9, (OBJECTS, LABELS))
        kept = torch.from_numpy(draw.binomial(np.stack([present, present]), rate))
        found += (
            presence_null_p(kept, torch.from_numpy(np.stack([present, present])), 99, world)[0, 1] <= 0.05
        )
    assert found == 10


def test_parts_of_the_draws_make_no_difference_to_how_many_there_are(monkeypatch):
    monkeypatch.setattr("emocam.functional.statistics.presence_null.CHUNK", 250)
    draw = np.random.default_rng(4)
    present = np.stack([presence(draw)] * 2)
    kept = draw.binomial(present, 0.5)
    p = presence_null_p(torch.from_numpy(kept), torch.from_numpy(present), 19)
    assert 0.05 <= p[0, 1] <= 1
    assert (p[0, 1] * 20).item() == pytest.approx(round((p[0, 1] * 20).item()))
    assert p.diagonal().tolist() == pytest.approx([1 / 20] * 2)


def test_where_all_was_kept_nothing_can_be_redrawn_and_there_is_no_p():
    present = torch.from_numpy(np.random.default_rng(5).integers(1, 9, (2, 4, 3)))
    assert presence_null_p(present, present, 19).isnan().all()


def test_a_constant_matrix_has_no_p():
    present = torch.ones(2, 4, 3, dtype=torch.int64)
    assert presence_null_p(present * 0, present, 9).isnan().all()


@pytest.mark.parametrize(
    ("methods", "cells", "draws"), [(1, 0, 999), (5, 160, 999), (5, 12_020, 415), (20, 12_020, 99)]
)
def test_draws_are_as_many_as_time_allows(methods, cells, draws):
    assert affordable_draws(methods, cells) == draws


def test_each_label_draws_from_what_the_labels_before_it_have_left():
    present = np.array([[3, 0, 5, 2], [4, 4, 0, 1], [0, 0, 0, 0], [2, 1, 1, 0], [6, 6, 6, 6], [0, 2, 0, 1]])
    kept = np.array([[1, 0, 2, 1], [0, 0, 0, 0], [0, 0, 0, 0], [2, 1, 1, 0], [0, 5, 0, 6], [0, 1, 0, 0]])
    found = redraw(kept, present, 7, np.random.default_rng(5))
    dice = np.random.default_rng(5)
    expected = np.array([kept] * 7)
    left = np.array([[4, 11, 1]] * 7)
    for label in range(4):
        for draw in range(7):
            for place, row in enumerate((0, 4, 5)):
                rest = int(present[row, label + 1 :].sum())
                taken = dice.hypergeometric(present[row, label], rest, left[draw, place])
                expected[draw, row, label] = taken
                left[draw, place] -= taken
    assert found.tolist() == expected.tolist() and (left == 0).all()


def slow_residual_r(one: np.ndarray, other: np.ndarray, present: np.ndarray) -> float:
    rows: list[list[float]] = [[], []]
    for o, label in np.ndindex(*present.shape):
        expected = [k[o].sum() * present[o, label] / max(present[o].sum(), 1) for k in (one, other)]
        if min(expected) > 0:
            for row, k, e in zip(rows, (one, other), expected, strict=True):
                row.append((k[o, label] - e) / e**0.5)
    return float(spearmanr(*rows).statistic)


def test_p_is_the_share_of_redrawn_matrices_that_are_as_alike(monkeypatch):
    draw = np.random.default_rng(6)
    present = np.stack([presence(draw)[:6, :3]] * 3)
    kept = draw.binomial(present, draw.uniform(0.2, 0.8, (3, 6, 1)))
    given = torch.from_numpy(kept), torch.from_numpy(present)
    for chunk in (2**22, 4 * kept.size):  # in parts of four
        monkeypatch.setattr("emocam.functional.statistics.presence_null.CHUNK", chunk)
        found = presence_null_p(*given, 19, seed=3)
        dice, as_alike = np.random.default_rng(3), np.zeros((3, 3))
        for count in (19,) if chunk == 2**22 else (4, 4, 4, 4, 3):
            drawn = [redraw(k, p, count, dice) for k, p in zip(kept, present, strict=True)]
            for d, (i, j) in product(range(count), combinations(range(3), 2)):
                seen = slow_residual_r(kept[i], kept[j], present[0])
                as_alike[i, j] += slow_residual_r(drawn[i][d], drawn[j][d], present[0]) >= seen - 1e-12
        expected = (1 + as_alike + as_alike.T) / 20
        assert found.numpy() == pytest.approx(expected, abs=1e-12)
    monkeypatch.setattr("emocam.functional.statistics.presence_null.CHUNK", 2**22)
    assert torch.equal(presence_null_p(*given), presence_null_p(*given, 999, 0))


def test_a_part_of_the_draws_holds_four_million_cells_and_one_draw_at_least():
    kept = torch.zeros(1, 2**10, 2**10, dtype=torch.int64)
    parts = redrawn(kept, kept, 5, np.random.default_rng(0))
    assert [tuple(part.shape) for part in parts] == [(4, 1, 1024, 1024), (1, 1, 1024, 1024)]
    large = kept.expand(5, -1, -1)
    assert len(next(redrawn(large, large, 9, np.random.default_rng(0)))) == 1


def test_draws_grow_fewer_with_the_pairs_of_methods_and_their_cells():
    for methods, cells in (
        (2, 50_000),
        (2, 50_051),
        (3, 20_000),
        (8, 9_000),
        (8, 18_040),
        (2, 10**9),
        (0, 9),
    ):
        pairs = methods * (methods - 1)
        expected = 999 if pairs * cells == 0 else min(999, max(99, 10**8 // (pairs * cells)))
        assert affordable_draws(methods, cells) == expected


def test_draws_that_are_just_as_alike_count_however_their_correlation_rounds():
    """Of few pictures many draws are the same, and their ranks have few correlations."""
    present = np.ones((2, 2, 3), int)
    kept = np.array([[[1, 0, 0], [0, 1, 0]], [[1, 0, 0], [0, 0, 1]]])
    found = presence_null_p(torch.from_numpy(kept), torch.from_numpy(present), 200, 4)
    dice, seen = np.random.default_rng(4), slow_residual_r(kept[0], kept[1], present[0])
    drawn = [redraw(k, p, 200, dice) for k, p in zip(kept, present, strict=True)]
    alike = [slow_residual_r(one, other, present[0]) for one, other in zip(*drawn, strict=True)]
    assert sum(abs(r - seen) < 1e-9 for r in alike) > 2
    assert found[0, 1].item() == pytest.approx((1 + sum(r >= seen - 1e-9 for r in alike)) / 201)
