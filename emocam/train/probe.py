"""A linear head fitted to frozen features, and what it foretells of pictures that it was not fitted to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from emocam.errors import SettingError
from emocam.functional.statistics.logistic import fit_logistic
from emocam.functional.statistics.ridge import Floats, LinearFit, deal_folds, fit_ridge

Fit = Callable[[Floats, NDArray[np.bool_]], LinearFit]
"""Fits a head to the features of the pictures (N,) that it may see."""


@dataclass(frozen=True)
class Probed:
    """A head, the fold (N,) of each picture, and the answers (N, A) of heads that did not see its fold."""

    head: LinearFit
    fold: NDArray[np.int64]
    answers: Floats


def probe_values(
    features: Floats, ratings: Floats, group: NDArray[np.int64], folds: int, seed: int
) -> Probed:
    """Fit ratings (N, A), NaN where there is none, by ridge regression."""

    def fit(x: Floats, seen: NDArray[np.bool_]) -> LinearFit:
        return fit_ridge(x, ratings[seen], group[seen], seed)

    return probe(features, group, folds, seed, fit)


def probe_labels(
    features: Floats, label: NDArray[np.int64], labels: int, group: NDArray[np.int64], folds: int, seed: int
) -> Probed:
    """Fit labels (N,) by logistic regression; the answers are probabilities (N, L)."""

    def fit(x: Floats, seen: NDArray[np.bool_]) -> LinearFit:
        return fit_logistic(x, label[seen], labels, group[seen], seed)

    found = probe(features, group, folds, seed, fit)
    return Probed(found.head, found.fold, softmax(found.answers, axis=1))


def probe(features: Floats, group: NDArray[np.int64], folds: int, seed: int, fit: Fit) -> Probed:
    """Fit one head to all pictures, and one for each fold to the others; groups (N,) stay whole."""
    groups = len(np.unique(group))
    if groups < 2:
        raise SettingError(
            "task=probe: all pictures are of one group (person, data.group or near-duplicates), so none can be left "
            "out; add pictures of others"
        )
    fold = deal_folds(group, min(folds, groups), seed)
    everything = np.ones(len(features), bool)
    head = fit(features, everything)
    answers = np.zeros((len(features), len(head.bias)))
    for number in np.unique(fold):
        left_out = fold == number
        answers[left_out] = fit(features[~left_out], ~left_out)(features[left_out])
    return Probed(head, fold, answers)
