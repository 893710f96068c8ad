"""Ridge regression whose penalty is chosen by folds left out, all in closed form."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PENALTIES: Floats = 10.0 ** np.arange(-4, 4.5, 0.5)
"""Penalties of standardised features, as shares of the number of pictures."""
FOLDS, LARGEST_FOLD = 5, 500
"""Inner folds, and how large one may be: a fold of n pictures costs a system of n equations."""


@dataclass(frozen=True)
class LinearFit:
    """Weights (A, C) and biases (A) for features, and the penalty (A) of each response."""

    weight: Floats
    bias: Floats
    penalty: Floats

    def __call__(self, features: Floats) -> Floats:
        return features @ self.weight.T + self.bias


def deal_folds(group: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """Return a fold (N,) for each picture, whole groups, the folds about as large as each other."""
    names, of, sizes = np.unique(group, return_inverse=True, return_counts=True)
    drawn = np.random.default_rng(seed).random(len(names))
    filled = np.zeros(folds, np.int64)
    fold_of = np.zeros(len(names), np.int64)
    for number in np.lexsort((drawn, -sizes)):
        fold_of[number] = filled.argmin()
        filled[fold_of[number]] += sizes[number]
    return fold_of[of]


def fit_ridge(features: Floats, responses: Floats, group: NDArray[np.int64], seed: int) -> LinearFit:
    """Fit responses (N, A), NaN where one is missing, to features (N, C), each with the penalty of its own.

    The penalty is the one whose predictions of inner folds, whole groups (N,), are nearest to what was left out.
    """
    count = responses.shape[1]
    found = LinearFit(np.zeros((count, features.shape[1])), np.zeros(count), np.zeros(count))
    given = np.isfinite(responses)
    # responses with the same pictures share a decomposition
    kinds, of = np.unique(given, axis=1, return_inverse=True)
    for number, rows in enumerate(kinds.T):
        own = np.flatnonzero(of.reshape(-1) == number)
        fit = _fit_complete(features[rows], responses[np.ix_(rows, own)], group[rows], seed)
        found.weight[own], found.bias[own], found.penalty[own] = fit.weight, fit.bias, fit.penalty
    return found


def _fit_complete(features: Floats, responses: Floats, group: NDArray[np.int64], seed: int) -> LinearFit:
    mean, spread = features.mean(0), features.std(0)
    x = (features - mean) / np.where(spread > 0, spread, 1.0)
    centre = responses.mean(0)
    y = responses - centre
    left, squares = decompose(x)
    groups = len(np.unique(group))
    folds = deal_folds(group, min(groups, max(FOLDS, math.ceil(len(x) / LARGEST_FOLD))), seed)
    errors = left_out_errors(left, squares, y, folds)
    penalty = PENALTIES[errors.argmin(0)] * len(x)
    # x' u / (s^2 + p) of u'y, each response with its own penalty
    weight = (x.T @ (left @ ((left.T @ y) / (squares[:, None] + penalty)))).T
    weight = weight / np.where(spread > 0, spread, 1.0)
    return LinearFit(weight, centre - weight @ mean, penalty)


def decompose(x: Floats) -> tuple[Floats, Floats]:
    """Return the left singular vectors (N, K) and squared singular values (K,) of centred features (N, C)."""
    if len(x) <= x.shape[1]:
        squares, left = np.linalg.eigh(x @ x.T)
    else:
        squares, right = np.linalg.eigh(x.T @ x)
        left = x @ right / np.sqrt(np.maximum(squares, 1e-300))
    kept = squares > 1e-10 * max(float(squares.max(initial=0.0)), 1e-300)
    return left[:, kept], squares[kept]


def left_out_errors(left: Floats, squares: Floats, y: Floats, folds: NDArray[np.int64]) -> Floats:
    """Return the squared errors (P, A) of predicting each fold from the others, without fitting any again.

    With H the matrix that makes fitted values of y, what fold F would miss is (I - H_FF)^-1 (y - H y)_F.
    """
    errors = np.zeros((len(PENALTIES), y.shape[1]))
    turned = left.T @ y
    for place, share in enumerate(PENALTIES):
        shrunk = squares / (squares + share * len(y))
        missed = y - left @ (shrunk[:, None] * turned)  # y is centred, so that the intercept is 0
        for fold in np.unique(folds):
            own = folds == fold
            hat = (left[own] * shrunk) @ left[own].T + 1 / len(y)
            errors[place] += (np.linalg.solve(np.eye(own.sum()) - hat, missed[own]) ** 2).sum(0)
    return errors
