"""How alike association matrices are: the paper's comparison of CAM methods, and what it leaves out.

M matrices of O objects x L labels: counts of images in which an object was kept, out of those in
which it was present. Spearman with average ranks over all cells, flattened row by row.
"""

from itertools import combinations

import torch
from scipy import special
from scipy.stats import rankdata
from torch import Tensor


def average_ranks(values: Tensor) -> Tensor:
    """Ranks 1..n over the last dimension (..., n); equal values share the mean of their places."""
    if values.is_floating_point():
        return torch.from_numpy(rankdata(values.numpy(), axis=-1))
    return ranks_of_counts(values.long())


def ranks_of_counts(counts: Tensor) -> Tensor:
    """The same by counting how often each number occurs: eight times faster where numbers are few."""
    counts = counts - counts.min()
    often = torch.zeros(*counts.shape[:-1], int(counts.max()) + 1, dtype=torch.int64)
    often.scatter_add_(-1, counts, torch.ones_like(counts))
    return (often.cumsum(-1) - (often - 1) / 2).gather(-1, counts)


def pearson(rows: Tensor) -> Tensor:
    """Correlations (..., M, M) of rows (..., M, n); NaN for a constant row, itself included."""
    centred = rows.double() - rows.double().mean(-1, keepdim=True)
    length = centred.norm(dim=-1)
    outer = length[..., :, None] * length[..., None, :]
    products = centred @ centred.transpose(-1, -2)
    found = torch.where(outer > 0, products / outer, torch.nan).clamp(-1, 1)
    own = found.diagonal(dim1=-2, dim2=-1)
    own.copy_(torch.where(own.isnan(), own, 1.0))  # but for rounding it is
    return found


def spearman(matrices: Tensor) -> Tensor:
    """R (..., M, M) of matrices (..., M, O, L); NaN where a matrix is constant, since it ranks nothing."""
    return pearson(average_ranks(matrices.flatten(-2)))


def textbook_p(correlation: Tensor, cells: int) -> Tensor:
    """Two-sided p of Spearman's R from Student's t, as scipy gives it.

    It takes cells for independent. They share objects and labels, so it is far too small.
    """
    free = max(cells - 2, 0)
    t = correlation.abs() * (free / (1 - correlation**2)).sqrt()
    return 2 * torch.from_numpy(special.stdtr(float(free), -t.double().numpy())) if free else t * torch.nan


def expected(kept: Tensor, present: Tensor) -> Tensor:
    """Counts (..., O, L) to expect if an object is kept as often under each label, given its presence."""
    # multiplied before divided, so that an object of one label alone has no residual at all
    return kept.sum(-1, keepdim=True) * present / present.sum(-1, keepdim=True).clamp(min=1).double()


def residuals(kept: Tensor, present: Tensor) -> Tensor:
    """(k - E) / sqrt(E), (..., O, L); NaN where nothing can be kept."""
    expectation = expected(kept, present)
    return (kept - expectation) / expectation.sqrt()


def residual_spearman(kept: Tensor, present: Tensor) -> Tensor:
    """R (..., M, M) of the residuals (..., M, O, L): likeness beyond presence and each object's rate.

    Of two matrices only the cells count in which both could keep something.
    """
    rows = residuals(kept, present).flatten(-2)
    moves = rows.nan_to_num().ne(0).any(-1)
    found = torch.diag_embed(torch.where(moves, 1.0, torch.nan).double())
    for one, other in combinations(range(rows.shape[-2]), 2):
        pair = rows[..., [one, other], :]
        # where something can be kept is the same in all draws of a pair: row sums and presence stay
        pair = pair[..., pair.isfinite().flatten(0, -2).all(0)]
        r = pearson(average_ranks(pair))[..., 0, 1] if pair.shape[-1] > 1 else torch.nan
        found[..., one, other] = found[..., other, one] = r
    return found
