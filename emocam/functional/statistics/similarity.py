"""The similarity of association matrices: the paper's comparison of CAM methods, and what it leaves out.

M matrices of O objects x L labels hold counts of images in which an object was kept, out of those in which
it was present. The measure is Spearman's, with average ranks over all cells, flattened row by row.
"""

from itertools import combinations

import torch
from scipy import special
from torch import Tensor


def average_ranks(values: Tensor) -> Tensor:
    """Rank values 1..n over the last dimension (..., n); equal values share the mean of their ranks."""
    if values.is_floating_point():
        from scipy.stats import rankdata  # takes a while to import, and few runs need it

        return torch.from_numpy(rankdata(values.numpy(), axis=-1))
    return ranks_of_counts(values.long())


def ranks_of_counts(counts: Tensor) -> Tensor:
    """Rank whole numbers by counting how often each occurs: eight times faster where numbers are few."""
    counts = counts - counts.min()
    often = torch.zeros(*counts.shape[:-1], int(counts.max()) + 1, dtype=torch.int64)
    often.scatter_add_(-1, counts, torch.ones_like(counts))
    # a number's last place, less half of the other places that it takes
    return (often.cumsum(-1) - (often - 1) / 2).gather(-1, counts)


def pearson(rows: Tensor) -> Tensor:
    """Return the correlations (..., M, M) of rows (..., M, n); NaN for a constant row, also with itself."""
    centred = rows.double() - rows.double().mean(-1, keepdim=True)
    length = centred.norm(dim=-1)
    outer = length[..., :, None] * length[..., None, :]
    products = centred @ centred.transpose(-1, -2)
    correlation = torch.where(outer > 0, products / outer, torch.nan).clamp(-1, 1)
    diagonal = correlation.diagonal(dim1=-2, dim2=-1)
    diagonal.copy_(torch.where(diagonal.isnan(), diagonal, 1.0))  # but for rounding it is
    return correlation


def spearman(matrices: Tensor) -> Tensor:
    """Return R (..., M, M) of matrices (..., M, O, L); NaN where one is constant, since it ranks nothing."""
    return pearson(average_ranks(matrices.flatten(-2)))


def textbook_p(correlation: Tensor, cells: int) -> Tensor:
    """Return the two-sided p of Spearman's R from Student's t, as scipy gives it.

    It treats cells as independent. They share objects and labels, so it is far too small.
    """
    free = max(cells - 2, 0)
    t = correlation.abs() * (free / (1 - correlation**2)).sqrt()
    return 2 * torch.from_numpy(special.stdtr(float(free), -t.double().numpy())) if free else t * torch.nan


def expected(kept: Tensor, present: Tensor) -> Tensor:
    """Return the counts (..., O, L) to expect if each label keeps an object as often, given its presence."""
    # multiplied before divided, so that an object of one label alone has no residual at all
    return kept.sum(-1, keepdim=True) * present / present.sum(-1, keepdim=True).clamp(min=1).double()


def residuals(kept: Tensor, present: Tensor) -> Tensor:
    """Return (k - E) / sqrt(E), (..., O, L); NaN where nothing can be kept."""
    expectation = expected(kept, present)
    return (kept - expectation) / expectation.sqrt()


def residual_spearman(kept: Tensor, present: Tensor) -> Tensor:
    """Return R (..., M, M) of the residuals (..., M, O, L): likeness beyond presence and rates of objects.

    For each pair of matrices only the cells count in which both could keep something.
    """
    rows = residuals(kept, present).flatten(-2)
    moves = rows.nan_to_num().ne(0).any(-1)
    correlation = torch.diag_embed(torch.where(moves, 1.0, torch.nan).double())
    for one, other in combinations(range(rows.shape[-2]), 2):
        pair = rows[..., [one, other], :]
        # where something can be kept is the same in all draws of a pair: row sums and presence stay
        pair = pair[..., pair.isfinite().flatten(0, -2).all(0)]
        r = pearson(average_ranks(pair))[..., 0, 1] if pair.shape[-1] > 1 else torch.nan
        correlation[..., one, other] = correlation[..., other, one] = r
    return correlation
