"""Contributions that must add up do add up, or the run stops.

The answer is a number on the device that computed it. A processor gives it at once; for an accelerator
the check is kept, and read together with what else comes back from there: asking would make the host wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emocam.errors import SettingError
from emocam.records.base import Record

OF_SCORES, OF_PARTS = 1e-3, 1e-4
"""Float32 stays far below both; a step without a right rule does not."""


@dataclass(frozen=True)
class SumCheck(Record):
    """Sums that were found and expected for B images (B,), and which of them are wrong."""

    method: str
    cure: str
    total: Tensor
    expected: Tensor
    wrong: Tensor

    def read(self) -> None:
        """Stop the run if any of the sums is wrong; waits for the device where they still are."""
        if bool(self.wrong.any()):
            missed = (self.total - self.expected).abs()
            worst = int(missed.nan_to_num(float("inf")).argmax())
            raise SettingError(
                f"cam={self.method}: the contributions of {int(self.wrong.sum())} of {len(self.expected)} images "
                f"do not add up; expected {float(self.expected[worst]):.4g}, found "
                f"{float(self.total[worst]):.4g}; {self.cure}"
            )


_unread: list[SumCheck] = []


def take_unread() -> list[SumCheck]:
    """Return the checks that an accelerator has not answered yet; whoever takes them reads them."""
    taken = _unread.copy()
    _unread.clear()
    return taken


def read_checks() -> None:
    """Read all checks that are left, and wait for them."""
    for check in take_unread():
        check.read()


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
    check = SumCheck(method, cure, total.detach(), expected.detach(), wrong)
    if wrong.device.type == "cpu":
        check.read()
    else:
        _unread.append(check)
