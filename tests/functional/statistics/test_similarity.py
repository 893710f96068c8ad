"""Similarity of matrices, against scipy and slow loops."""

import numpy as np
import pytest
import torch
from scipy.stats import rankdata, spearmanr
from scipy.stats import t as student

from emocam.functional.statistics.similarity import (
    average_ranks,
    expected,
    pearson,
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


def test_correlations_are_numpys_and_a_row_with_itself_is_exactly_one():
    rows = torch.from_numpy(np.random.default_rng(3).normal(size=(2, 4, 9)))
    rows[1, 2] = 0.5
    found = pearson(rows)
    for one, ours in zip(rows.numpy(), found.numpy(), strict=True):
        with np.errstate(all="ignore"):
            theirs = np.corrcoef(one)
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    assert found[0].diagonal().tolist() == [1] * 4 and found[1, 2].isnan().all()
    two = pearson(torch.tensor([[1e-3, 2e-3], [1e5, 3e5]]))
    assert two.flatten().tolist() == pytest.approx([1] * 4) and two.diagonal().tolist() == [1, 1]


@pytest.mark.parametrize("cells", [2, 3, 4, 30])
def test_the_textbook_p_is_students_of_two_cells_less(cells):
    r = torch.tensor([[0.0, 0.5], [-0.3, 1.0]])
    found = textbook_p(r, cells)
    if cells == 2:
        assert found.isnan().all()
        return
    free = cells - 2
    with np.errstate(divide="ignore"):
        expected = 2 * student.sf(np.abs(r) * np.sqrt(free / (1 - r.numpy() ** 2)), free)
    assert found.numpy() == pytest.approx(expected, rel=1e-5)


def test_ranks_of_many_rows_of_counts_are_those_of_each_and_large_counts_are_counted_from_the_least():
    counts = torch.from_numpy(np.random.default_rng(4).integers(-3, 4, (2, 3, 11)))
    for shift in (0, 10**6):
        assert average_ranks(counts + shift).tolist() == rankdata(counts.numpy(), axis=-1).tolist()
    assert average_ranks(counts.bool()).tolist() == rankdata(counts.bool().numpy(), axis=-1).tolist()


def test_residuals_of_several_draws_and_methods_are_compared_pair_by_pair():
    draw = np.random.default_rng(5)
    present = np.broadcast_to(draw.integers(0, 7, (3, 8, 3)), (2, 3, 8, 3)).copy()
    present[:, 1, 4] = 0
    kept = draw.binomial(present[:1], 0.5).repeat(2, 0)
    for o in range(8):  # the second draw moves what is kept to other labels
        for m in range(3):
            kept[1, m, o] = draw.multivariate_hypergeometric(present[1, m, o], kept[0, m, o].sum())
    found = residual_spearman(torch.from_numpy(kept), torch.from_numpy(present)).numpy()
    for d in range(2):
        rows = []
        for k, p in zip(kept[d], present[d], strict=True):
            e = [[k[o].sum() * p[o, la] / max(p[o].sum(), 1) for la in range(3)] for o in range(8)]
            rows.append(
                [
                    (k[o, la] - e[o][la]) / e[o][la] ** 0.5 if e[o][la] else np.nan
                    for o, la in np.ndindex(8, 3)
                ]
            )
        for i, j in np.ndindex(3, 3):
            both = [(a, b) for a, b in zip(rows[i], rows[j], strict=True) if np.isfinite([a, b]).all()]
            expected = 1 if i == j else spearmanr(*zip(*both, strict=True)).statistic
            assert found[d, i, j] == pytest.approx(expected)
