"""The rows of a reduction: accuracy of each label, and of all, by order and number of points."""

import numpy as np
import pandas as pd

from emocam.attribution.base import LabelledPoints
from emocam.functional.points.curves import (
    Numbers,
    balanced_accuracy,
    resample_people,
    resampled_accuracy,
    smallest_within,
    stability_of_choice,
    with_mean,
)
from emocam.train.reduction import FoldResult, ReductionPlan

EVERY_LABEL = "(all)"
COLUMNS = (
    *("label", "order", "points", "retrained", "balanced_accuracy", "low", "high", "error"),
    *("milliseconds", "stability"),
)


def reduction_rows(
    plan: ReductionPlan,
    folds: list[FoldResult],
    stability: dict[str, np.ndarray],
    labels: list[str],
    everyone: LabelledPoints,
) -> pd.DataFrame:
    """Return a row a label, order, number of points and way of asking; the label `(all)` is the mean of all.

    `stability` are the points of each label from first to last, as halves of the people rank them.
    """
    people = sum(len(fold.people) for fold in folds)
    times = resample_people(people, plan.seed)
    points = everyone.x.shape[-1]
    rows = []
    for order in plan.orders:
        draws = [draw for name, draw in plan.choices if name == order]
        for size in plan.sizes:
            milliseconds = float(np.median([fold.milliseconds[size] for fold in folds]))
            alike = choice_stability(stability.get(order), size, points, len(labels))
            for retrained in (True, False):
                sums = [joined_sums(folds, order, draw, size, retrained) for draw in draws]
                accuracy = np.mean([with_mean(balanced_accuracy(one.sum(0))) for one in sums], 0)
                drawn = np.mean([resampled_accuracy(one, times) for one in sums], 0)
                low, high = np.nanquantile(drawn, (0.025, 0.975), axis=0)
                error = np.nanstd(drawn, 0)
                rows += [
                    (
                        *(label, order, size, retrained, accuracy[place], low[place], high[place]),
                        *(error[place], milliseconds, alike[place]),
                    )
                    for place, label in enumerate([*labels, EVERY_LABEL])
                ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def joined_sums(folds: list[FoldResult], order: str, draw: int, size: int, retrained: bool) -> Numbers:
    """Return the sums (people, 4, L) of all folds, each person judged in one."""
    return np.concatenate([fold.sums[order, draw, size, retrained] for fold in folds])


def choice_stability(ranks: np.ndarray | None, size: int, points: int, labels: int) -> list[float]:
    """Return how alike the `size` points are that halves of the people choose for each label, and their mean."""
    if ranks is None or size >= points:
        return [float("nan")] * (labels + 1)
    found = []
    for label in range(labels):
        chosen = np.zeros((len(ranks), points), bool)
        for half, ranked in enumerate(ranks[:, label, :size]):
            chosen[half, ranked] = True
        found.append(stability_of_choice(chosen))
    return [*found, float(np.mean(found))]


def chosen_sizes(rows: pd.DataFrame, labels: list[str], order: str) -> dict[str, int]:
    """Return the smallest number of points within one standard error of the best, of each label and of all."""
    found = {}
    for label in [*labels, EVERY_LABEL]:
        curve = rows[(rows["label"] == label) & (rows["order"] == order) & rows["retrained"]]
        found[label] = smallest_within(
            curve["points"].tolist(), curve["balanced_accuracy"].tolist(), curve["error"].tolist()
        )
    return found
