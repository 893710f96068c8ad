"""How far the highest part of a map is the part that was expected, where both have the same area."""

import torch
from torch import Tensor


def overlap_at_matched_area(values: Tensor, expected: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """Return intersection over union and F1 (B,) of maps' highest cells with expected ones (B, N).

    Of each map the cells `inside` (B, N) count, and so many of the highest as are expected; where several are
    as high as the last of them, each counts for its share. NaN where nothing is expected.
    """
    expected = expected & inside
    area = expected.sum(1)
    masked = torch.where(inside, values, -torch.inf)
    ordered = masked.sort(1, descending=True).values
    last = ordered.gather(1, (area - 1).clamp(min=0)[:, None])
    above, level = masked > last, (masked == last) & inside
    room = (area - above.sum(1)).double()
    share = room / level.sum(1).clamp(min=1)
    both = (above & expected).sum(1) + share * (level & expected).sum(1)
    # both parts have the same area, so that precision and recall are one; 0 / 0 is NaN
    return both / (2 * area - both), both / area


def overlap_by_chance(expected: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """Return the same (B,) for cells that lie anywhere inside, each as likely."""
    share = (expected & inside).sum(1).double() / inside.sum(1)
    share = torch.where(share > 0, share, torch.nan)
    return share / (2 - share), share
