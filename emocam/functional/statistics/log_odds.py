"""Log-odds of a label against all others together."""

import torch
from torch import Tensor


def log_odds(logits: Tensor, label: Tensor) -> Tensor:
    """Return each row's log-odds of its label (n,): its logit minus logsumexp of the other logits (n, L)."""
    logit = logits.gather(-1, label[:, None])
    others = logits.scatter(-1, label[:, None], -torch.inf)
    return logit[:, 0] - others.logsumexp(-1)
