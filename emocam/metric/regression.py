"""The figures of numbers that a network answers with, some of whose ratings are missing."""

import torch
from torch import Tensor

LEAST = 3
"""Ratings below which a correlation says nothing."""


def squared_errors(z: Tensor, rating: Tensor) -> Tensor:
    """Return the mean squared error (A,) of answers (B, A) to ratings that are NaN where there is none."""
    given = rating.isfinite()
    error = torch.where(given, z - rating.nan_to_num(), 0.0)
    return error.square().sum(0) / given.sum(0).clamp(min=1)


def value_correlations(z: Tensor, rating: Tensor) -> Tensor:
    """Return r (A,) of answers (B, A) and ratings; 0 of too few ratings, or of numbers that do not vary."""
    given = rating.isfinite()
    count = given.sum(0).clamp(min=1)

    def centred(values: Tensor) -> Tensor:
        values = torch.where(given, values, 0.0)
        return torch.where(given, values - values.sum(0) / count, 0.0)

    x, y = centred(z), centred(rating.nan_to_num())
    spread = x.square().sum(0) * y.square().sum(0)
    known = (given.sum(0) >= LEAST) & (spread > 0)
    # the inner where keeps the root's infinite slope at 0 out of the gradient
    return torch.where(known, (x * y).sum(0) / torch.where(known, spread, 1.0).sqrt(), 0.0)


def rating_loss(z: Tensor, rating: Tensor, correlation: float) -> Tensor:
    """Return the mean over values of the squared error, and of 1 - r^2 `correlation` times, of answers (B, A)."""
    given = rating.isfinite()
    rated = given.any(0)
    loss = squared_errors(z, rating)[rated].mean()
    if correlation:
        tellable = given.sum(0) >= LEAST
        missing = (1 - value_correlations(z, rating).square())[tellable]
        loss = loss + correlation * missing.sum() / max(1, len(missing))
    return loss


def held_value_figures(z: Tensor, rating: Tensor, correlation: float) -> dict[str, float]:
    """Return loss, mean r and mean error, in standard deviations, of held-out answers (N, A)."""
    given = rating.isfinite().sum(0)
    tellable = given >= LEAST
    r = value_correlations(z.double(), rating.double())[tellable]
    rmse = squared_errors(z.double(), rating.double())[given > 0].sqrt()
    return {
        "held_loss": float(rating_loss(z, rating, correlation)),
        "r": float(r.mean()) if len(r) else 0.0,
        "rmse": float(rmse.mean()),
    }
