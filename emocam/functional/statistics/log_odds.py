"""Log-odds of a label against all others together."""

import torch
from torch import Tensor


def log_odds(logits: Tensor, label: Tensor) -> Tensor:
    """Of each row of logits (n, L) for its label (n,): the label's logit minus logsumexp of the others."""
    own = logits.gather(-1, label[:, None])
    others = logits.scatter(-1, label[:, None], -torch.inf)
    return own[:, 0] - others.logsumexp(-1)
