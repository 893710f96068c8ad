"""Multinomial logistic regression with a penalty that is chosen by folds left out."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from emocam.functional.statistics.ridge import Floats, LinearFit, deal_folds

PENALTIES: Floats = 10.0 ** np.arange(1, -4, -1.0)
"""Penalties of standardised features, as shares of the number of pictures, the largest first."""
FOLDS = 3


def fit_logistic(
    features: Floats, label: NDArray[np.int64], labels: int, group: NDArray[np.int64], seed: int
) -> LinearFit:
    """Fit labels (N,) to features (N, C) with the penalty that foretells inner folds, whole groups, best."""
    mean, spread = features.mean(0), features.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    x = (features - mean) / spread
    folds = deal_folds(group, min(FOLDS, len(np.unique(group))), seed)
    losses = np.zeros(len(PENALTIES))
    for fold in np.unique(folds):
        out = folds == fold
        start = np.zeros((labels, x.shape[1] + 1))
        for place, share in enumerate(PENALTIES):
            start = solve_logistic(x[~out], label[~out], share, start)
            told = log_softmax(x[out] @ start[:, 1:].T + start[:, 0], axis=1)
            losses[place] -= told[np.arange(out.sum()), label[out]].sum()
    share = PENALTIES[losses.argmin()]
    found = solve_logistic(x, label, share, np.zeros((labels, x.shape[1] + 1)))
    weight = found[:, 1:] / spread
    return LinearFit(weight, found[:, 0] - weight @ mean, np.full(labels, share * len(x)))


def solve_logistic(x: Floats, label: NDArray[np.int64], share: float, start: Floats) -> Floats:
    """Return biases and weights (L, 1 + C) that minimise mean cross entropy + share |w|^2 / 2, from a start."""
    shown = np.eye(len(start))[label]

    def loss(flat: Floats) -> tuple[float, Floats]:
        found = flat.reshape(start.shape)
        weight = found[:, 1:]
        told = log_softmax(x @ weight.T + found[:, 0], axis=1)
        missed = (np.exp(told) - shown) / len(x)
        slope = np.concatenate([missed.sum(0)[:, None], missed.T @ x + share * weight], 1)
        value = -(shown * told).sum() / len(x) + share * (weight**2).sum() / 2
        return float(value), slope.reshape(-1)

    found = minimize(loss, start.reshape(-1), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x, np.float64).reshape(start.shape)
