"""Linear models of many responses to one design, with an intercept that no penalty touches."""

import torch
from torch import Tensor

ROUNDS = 20_000
TOLERANCE = 1e-7


def ridge(design: Tensor, responses: Tensor, penalty: float) -> Tensor:
    """Fit coefficients (B, C) that minimise |y - Z w|^2 + penalty |w|^2; design (S, C), responses (B, S)."""
    z, y = _centred(design, responses)
    # (Z'Z + p I)^-1 Z' = Z' (ZZ' + p I)^-1: the smaller of the two systems is solved
    wide = z.shape[0] < z.shape[1]
    gram = z @ z.T if wide else z.T @ z
    gram.diagonal().add_(penalty)  # so that it can be solved, and nobody need ask
    if wide:
        return torch.linalg.solve_ex(gram, y.T).result.T @ z
    return torch.linalg.solve_ex(gram, z.T @ y.T).result.T


def lasso(design: Tensor, responses: Tensor, penalty: float) -> Tensor:
    """Fit coefficients (B, C) that minimise |y - Z w|^2 / 2S + penalty |w|, for all responses together.

    FISTA with restarts: Beck and Teboulle 2009, https://doi.org/10.1137/080716542; O'Donoghue and Candes
    2015, https://arxiv.org/abs/1204.3982.
    """
    z, y = _centred(design, responses)
    gram = z.T @ z / len(z)
    match = y @ z / len(z)
    step = 1 / torch.linalg.matrix_norm(gram, 2)
    weight = look = torch.zeros_like(match)
    momentum = torch.ones_like(match[:, :1])
    for number in range(ROUNDS):
        ahead = look - step * (look @ gram - match)
        new = ahead.sign() * (ahead.abs() - step * penalty).clamp(min=0)
        change = new - weight
        uphill = ((look - new) * change).sum(1, keepdim=True) > 0
        later = torch.where(uphill, 1.0, (1 + (1 + 4 * momentum.square()).sqrt()) / 2)
        look = new + torch.where(uphill, 0.0, (momentum - 1) / later) * change
        weight, momentum = new, later
        # asked now and then, because the answer makes the host wait for an accelerator
        if number % 50 == 0 and bool((change.abs() <= TOLERANCE * step * penalty).all()):
            break
    return weight


def _centred(design: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
    design = design.double()
    responses = responses.double()
    return design - design.mean(0), responses - responses.mean(1, keepdim=True)
