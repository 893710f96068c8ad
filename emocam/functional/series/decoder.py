"""A ridge for a label that leaves one run out, refitted to labels moved along time, all of them at once.

The weights are linear in the labels: with G the sum of the training runs' X'X and c that of their X'y they are
(G + penalty)^-1 c. Series have mean 0 in each run, so an intercept changes no weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from emocam.functional.series.shifted_labels import shifted_auc, shifted_products

PENALTIES = tuple(10.0**power for power in range(-3, 3))
"""Times the mean square length of a region's series in training."""
LEAST_SLOPE = 1e-3
"""Log-odds a unit of the answer, where inner runs say that it tells nothing."""

Numbers = NDArray[np.float64]


@dataclass
class RunSeries:
    """Runs' series (T, R) each, without drift; what all labels need of them is computed once."""

    series: Sequence[Numbers]
    _known: dict[frozenset[int], tuple[Numbers, Numbers]] = field(default_factory=dict, init=False)

    @cached_property
    def grams(self) -> list[Numbers]:
        """X'X (R, R) of each run."""
        return [x.T @ x for x in self.series]

    def decomposed(self, without: frozenset[int]) -> tuple[Numbers, Numbers]:
        """Return eigenvalues (R,) and vectors (R, R) of X'X of all runs but some."""
        if without not in self._known:
            gram = np.sum([g for run, g in enumerate(self.grams) if run not in without], axis=0)
            values, vectors = np.linalg.eigh(gram)
            self._known[without] = values.clip(0), vectors
        return self._known[without]

    def weights(self, without: frozenset[int], products: Numbers, penalty: float) -> Numbers:
        """Return the ridge's weights (R, n) of all runs but some, of products X'y (R, n)."""
        values, vectors = self.decomposed(without)
        return np.asarray(vectors @ ((vectors.T @ products) / (values + penalty)[:, None]))


@dataclass(frozen=True)
class Fold:
    """A decoder that did not see a run: weights (R,) in log-odds, their mean point (R,), the offset, the penalty."""

    weights: Numbers
    centre: Numbers
    offset: float
    penalty: float

    def log_odds(self, series: Numbers) -> Numbers:
        """Return the log-odds of the label for series (T, R), were it on half of the time."""
        return (series - self.centre) @ self.weights + self.offset

    def shares(self, series: Numbers) -> Numbers:
        """Return what each region adds to the log-odds (T, R): the exact Shapley value of a linear decoder.

        A region that is left out stands at its mean in training.
        """
        return (series - self.centre) * self.weights


@dataclass(frozen=True)
class Decoded:
    """A label's decoders, a run each; AUC (A, runs), the first row without a move, NaN without both classes.

    `parts` (S, R) are the mean log-odds that each region adds where the label is on, in runs that were left out.
    """

    folds: list[Fold]
    auc: Numbers
    parts: Numbers

    @property
    def means(self) -> Numbers:
        """AUC (A,) averaged over the runs with both classes."""
        return np.asarray(np.nanmean(self.auc, axis=1))


def decode_label(
    runs: RunSeries, on: Sequence[NDArray[np.bool_]], shifts: NDArray[np.int64], asked: int | None = None
) -> Decoded:
    """Decode a label, on at some volumes (T,) of each run, also moved by shifts (S, runs).

    AUC is `asked` of the first of them alone; what regions add is cheap, and asked of all.
    """
    few = shifts[:asked]
    products = [shifted_products(x, on[run], shifts[:, run]) for run, x in enumerate(runs.series)]
    product = np.sum(products, axis=0)
    folds, auc = [], np.full((len(few), len(products)), np.nan)
    parts = np.zeros(product.shape)
    for left_out, x in enumerate(runs.series):
        training = [run for run in range(len(products)) if run != left_out]
        penalty, answers = choose_penalty(runs, on, left_out, [p[0] for p in products])
        slope, middle = calibrate(answers, [on[run] for run in training])
        weights = runs.weights(frozenset([left_out]), (product - products[left_out]).T, penalty)
        centre = np.concatenate([runs.series[run] for run in training]).mean(0)
        own = weights[:, 0]
        folds.append(Fold(slope * own, centre, slope * float(centre @ own - middle), penalty))
        auc[:, left_out] = shifted_auc(x @ weights[:, : len(few)], on[left_out], few[:, left_out])
        parts += slope * weights.T * (products[left_out] - on[left_out].sum() * centre)
    return Decoded(folds, auc, parts / max(1, sum(int(each.sum()) for each in on)))


def choose_penalty(
    runs: RunSeries, on: Sequence[NDArray[np.bool_]], left_out: int, products: Sequence[Numbers]
) -> tuple[float, list[Numbers]]:
    """Return the penalty with the best mean AUC over the runs that are left, and its answers (T,) for these.

    Each of them is left out in turn; of equal penalties the largest is taken.
    """
    training = [run for run in range(len(products)) if run != left_out]
    product = np.sum([products[run] for run in training], axis=0)
    scale = float(np.mean([np.trace(runs.grams[run]) / len(product) for run in training])) * len(training)
    none = np.zeros(1, np.int64)
    found: list[tuple[float, float, list[Numbers]]] = []
    for part in PENALTIES:
        penalty = (scale or 1.0) * part
        answers, aucs = [], []
        for run in training:
            rest = (product - products[run])[:, None]
            answer = runs.series[run] @ runs.weights(frozenset([left_out, run]), rest, penalty)
            answers.append(answer[:, 0])
            aucs.append(float(shifted_auc(answer, on[run], none)[0]))
        mean = float(np.nanmean(aucs)) if np.isfinite(aucs).any() else 0.5
        found.append((mean, penalty, answers))
    _, penalty, answers = max(found, key=lambda one: one[:2])
    return penalty, answers


def calibrate(answers: Sequence[Numbers], on: Sequence[NDArray[np.bool_]]) -> tuple[float, float]:
    """Return slope and middle that make answers (T,) of runs log-odds, as of two normal classes of one deviation."""
    answer, label = np.concatenate(answers), np.concatenate(on)
    if not label.any() or label.all():
        return LEAST_SLOPE, float(answer.mean())
    high, low = answer[label], answer[~label]
    variance = (high.var() * len(high) + low.var() * len(low)) / len(answer)
    slope = (high.mean() - low.mean()) / variance if variance > 0 else 0.0
    return max(float(slope), LEAST_SLOPE), float(high.mean() + low.mean()) / 2
