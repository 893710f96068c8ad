"""A fair null for similarity: each kept image is drawn again among the images with the object.

Methods explain the same images, so all their matrices follow presence, and look alike even when they attend
to nothing in common. Here each method keeps as many images of an object as it did, but any of those in
which the object is present: presence and each object's rate stay, attention goes.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from emocam.functional.statistics.similarity import residual_spearman

CHUNK = 2**22
"""Cells drawn at once: what bounds the memory."""
RANKED = 10**8
"""Cells ranked in all: what bounds the time."""


def redraw(kept: np.ndarray, present: np.ndarray, draws: int, generator: np.random.Generator) -> np.ndarray:
    """Draw counts (draws, O, L) with the row sums of kept (O, L), at most present (O, L).

    Choosing images without replacement is a hypergeometric draw for each label from what the labels before
    it have left: it is exact, and no image is needed.
    """
    drawn = np.broadcast_to(kept, (draws, *kept.shape)).copy()
    open_rows = np.flatnonzero((kept.sum(1) > 0) & (kept.sum(1) < present.sum(1)))
    left = np.broadcast_to(kept[open_rows].sum(1), (draws, len(open_rows))).copy()
    rest = present[open_rows].sum(1)
    for label in range(kept.shape[1]):
        here = present[open_rows, label]
        rest = rest - here
        taken = generator.hypergeometric(here, rest, left)
        drawn[:, open_rows, label] = taken
        left -= taken
    return drawn


def redrawn(kept: Tensor, present: Tensor, draws: int, generator: np.random.Generator) -> Iterator[Tensor]:
    """Yield redrawn counts (d, M, O, L) in parts of `draws` in all, since at once they would be gigabytes."""
    most = max(1, CHUNK // max(1, kept.numel()))
    for start in range(0, draws, most):
        count = min(most, draws - start)
        parts = [
            torch.from_numpy(redraw(k, p, count, generator))
            for k, p in zip(kept.long().numpy(), present.long().numpy(), strict=True)
        ]
        yield torch.stack(parts, 1)


def affordable_draws(methods: int, cells: int) -> int:
    """Return 999, or as many draws as take about half a minute: the time grows with the pairs of methods."""
    ranked = max(1, methods * (methods - 1) * cells)
    return min(999, max(99, RANKED // ranked))


def presence_null_p(kept: Tensor, present: Tensor, draws: int = 999, seed: int = 0) -> Tensor:
    """Return the one-sided p (M, M) that redrawn matrices (M, O, L) are as alike in their residuals.

    The plain R would not do: redrawn matrices follow presence more closely than real ones, so that their R
    is high, and hardly any pair would exceed it. NaN where the residuals' R is NaN; the smallest p is 1 /
    (1 + draws), also on the diagonal.
    """
    similarity = residual_spearman(kept, present)
    alike = torch.zeros_like(similarity)
    for part in redrawn(kept, present, draws, np.random.default_rng(seed)):
        # rounding must not make an equal correlation a smaller one
        alike += (residual_spearman(part, present) >= similarity - 1e-12).sum(0)
    p = (1 + alike.fill_diagonal_(0)) / (1 + draws)
    return torch.where(similarity.isnan(), torch.nan, p)
