"""The honest null rejects as often as it says, where the textbook always does."""

import numpy as np
import pytest
import torch

from emocam.functional.statistics.presence_null import affordable_draws, presence_null_p, redraw
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
