"""A check that contributions which must add up do add up."""

from collections.abc import Sequence

import torch
from torch import Tensor

from emocam.errors import SettingError

OF_SCORES, OF_PARTS = 1e-3, 1e-4
"""Float32 stays far below both; a step without a right rule does not."""


def check_sums(
    method: str,
    parts: Sequence[Tensor],
    expected: Tensor,
    scale: Tensor,
    cure: str,
    of_scores: float = OF_SCORES,
    of_parts: float = OF_PARTS,
) -> None:
    """Check that an image's parts (B, ...) sum, all together, to `expected` (B,), or stop the run.

    They may miss it by `of_scores` of the scores' size (`scale`) and `of_parts` of their own.
    """
    flat = [part.flatten(1) for part in parts]
    total, size = (
        torch.stack([part.sum(1) for part in some]).sum(0) for some in (flat, [part.abs() for part in flat])
    )
    missed = (total - expected).abs()
    wrong = ~(missed <= of_scores * scale + of_parts * size)  # NaN is wrong too
    if bool(wrong.any()):
        worst = missed.nan_to_num(float("inf")).argmax()
        raise SettingError(
            f"cam={method}: the contributions of {int(wrong.sum())} of {len(expected)} images do not add up; "
            f"expected {expected[worst]:.4g}, found {total[worst]:.4g}; {cure}"
        )
