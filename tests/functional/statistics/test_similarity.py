"""Similarity of matrices, against scipy and slow loops."""

import numpy as np
import pytest
import torch
from scipy.stats import rankdata, spearmanr

from emocam.functional.statistics.similarity import (
    average_ranks,
    expected,
    residual_spearman,
    residuals,
    spearman,
    textbook_p,
)


@pytest.fixture
def counts() -> torch.Tensor:
    """Four matrices of 12 objects x 5 labels with many ties and empty rows."""
    return torch.from_numpy(np.random.default_rng(0).poisson(0.8, (4, 12, 5)))


def test_equal_values_share_the_mean_of_their_places():
    assert average_ranks(torch.tensor([10, 20, 20, 5])).tolist() == [2, 3.5, 3.5, 1]


@pytest.mark.parametrize("kind", [torch.int64, torch.float64])
def test_ranks_are_those_of_scipy(counts, kind):
    values = (counts - 1).to(kind)
    theirs = rankdata(values.flatten(1).numpy(), axis=-1)
    assert average_ranks(values.flatten(1)).tolist() == theirs.tolist()


def test_similarity_and_its_textbook_p_are_those_of_scipy(counts):
    theirs = spearmanr(counts.flatten(1).numpy(), axis=1)
    ours = spearman(counts)
    assert np.allclose(ours, theirs.statistic, atol=1e-12)
    off = ~np.eye(4, dtype=bool)
    assert np.allclose(textbook_p(ours, 60)[off], theirs.pvalue[off], rtol=1e-9)


def test_matrices_are_flattened_row_by_row_over_all_objects():
    first = torch.tensor([[3, 0], [2, 1]])
    assert spearman(torch.stack([first, first.T]))[0, 1].item() == pytest.approx(0.2)  # ranks 4132 and 4312
    padded = torch.cat([torch.stack([first, first.T]), torch.zeros(2, 3, 2, dtype=torch.int64)], 1)
    assert spearman(padded)[0, 1] > 0.2  # empty rows are cells too


def test_a_constant_matrix_is_like_nothing():
    found = spearman(torch.stack([torch.zeros(2, 3), torch.arange(6.0).reshape(2, 3)]))
    assert found.isnan().tolist() == [[True, True], [True, False]]
    assert textbook_p(found, 6).isnan().tolist() == found.isnan().tolist()


def test_any_number_of_draws_is_compared_at_once(counts):
    assert torch.equal(spearman(torch.stack([counts, counts + 1]))[1], spearman(counts))


def test_two_cells_have_no_p():
    assert textbook_p(torch.tensor([[1.0]]), 2).isnan().all()


def test_expected_keeps_an_objects_rate_and_its_presence():
    kept, present = torch.tensor([[3, 1], [0, 0]]), torch.tensor([[4, 4], [0, 2]])
    assert expected(kept, present).tolist() == [[2, 2], [0, 0]]
    assert residuals(kept, present)[0].tolist() == pytest.approx([1 / 2**0.5, -1 / 2**0.5])
    assert residuals(kept, present)[1].isnan().all()


def test_residual_similarity_leaves_out_cells_in_which_nothing_can_be_kept():
    draw = np.random.default_rng(1)
    present = draw.integers(0, 9, (2, 15, 4))
    kept = draw.binomial(present, 0.4)
    kept[0, 3] = 0
    rows = []
    for k, p in zip(kept, present, strict=True):
        row = []
        for o in range(15):
            for label in range(4):
                e = k[o].sum() * p[o, label] / p[o].sum()
                row.append((k[o, label] - e) / e**0.5 if e else np.nan)
        rows.append(row)
    theirs = spearmanr(*rows, nan_policy="omit").statistic
    ours = residual_spearman(torch.from_numpy(kept), torch.from_numpy(present))
    assert ours[0, 1].item() == pytest.approx(theirs)


def test_presence_alone_leaves_no_residual():
    present = torch.from_numpy(np.random.default_rng(2).integers(1, 9, (1, 6, 4)))
    assert residual_spearman(present, present).isnan().all()


def test_an_object_of_one_label_has_no_residual_however_its_rate_rounds():
    kept = torch.arange(1, 50).repeat(7, 1)[..., None]
    present = kept * torch.tensor([3, 7, 11, 13, 17, 19, 23])[:, None, None]
    assert (residuals(kept, present) == 0).all()
    assert residual_spearman(kept, present).isnan().all()
