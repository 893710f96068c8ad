"""The difference of two runs over the same pictures, cell by cell, and whether it is more than chance."""

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from emocam.cells.dependence import worth_of_labels
from emocam.cells.occurrences import LEFT_OUT, Occurrences, Places
from emocam.compare.resampling import Resampled
from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.group_association import FEWEST

MOST_PAIRS = 10
"""The most pairs; of more runs each is compared with the first alone."""
FEW = 6
"""The fewest pictures that count in one run only: of fewer, even if all are one run's, p > .03 by sign alone."""
COLUMNS = ["object", "label", "run_a", "run_b", "percent_a", "percent_b", "difference", "low", "high"]
COLUMNS += ["differing", "p", "q"]


def paired(
    occurrences: list[Occurrences],
    resampled: Resampled,
    names: list[str],
    objects: list[str],
    labels: list[str],
    unit: Places | None = None,
) -> pd.DataFrame:
    """Return one row per pair of runs and cell in which one of them counts; difference is b less a, in points.

    low, high are the middle 95 % of the difference over resamples of the pictures; p is two-sided,
    of the difference in units of its spread over these draws, and q corrects it over all rows of all pairs.
    `differing` pictures count in the cell in one run only; with fewer than FEW of them, or of their units
    (I,), p is 1. It is, too, for a label whose units are worth fewer than FEWEST equal ones, since a unit that
    holds most of the pictures is in a resample or is not, and nothing in between.
    """
    pairs = list(combinations(range(len(occurrences)), 2))
    if len(pairs) > MOST_PAIRS:
        pairs = [(0, other) for other in range(1, len(occurrences))]
    percent = np.stack([_percent(of_run, (len(objects), len(labels))) for of_run in occurrences])
    tables = [
        _pair(
            percent[[a, b]],
            resampled.percent[:, [a, b]],
            resampled.active,
            _differing(occurrences[a], occurrences[b], percent),
            _differing(occurrences[a], occurrences[b], percent, unit),
        ).assign(run_a=names[a], run_b=names[b])
        for a, b in pairs
    ]
    table = pd.concat(tables, ignore_index=True)
    if unit is not None:
        few = np.min([_units_worth(of_run, unit, len(labels)) for of_run in occurrences], axis=0) < FEWEST
        table["p"] = table["p"].where(~few[table["cell"] % len(labels)], 1.0)
    table["q"] = false_discoveries(table["p"].to_numpy(float))
    cell = table.pop("cell").to_numpy()
    table["object"] = np.array(objects, object)[cell // len(labels)]
    table["label"] = np.array(labels, object)[cell % len(labels)]
    return table[COLUMNS]


def _units_worth(occurrences: Occurrences, unit: Places, labels: int) -> NDArray[np.float64]:
    """Return as how many equal units those of each label (L,) are worth."""
    images = occurrences.count(occurrences.label, labels).images
    return np.asarray(images * worth_of_labels(unit, occurrences.label, labels))


def _percent(occurrences: Occurrences, shape: tuple[int, int]) -> NDArray[np.float64]:
    counted = occurrences.count(occurrences.label, shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(100 * counted.kept / counted.images)


def _differing(
    one: Occurrences, other: Occurrences, percent: NDArray[np.float64], unit: Places | None = None
) -> NDArray[np.integer]:
    """Count the pictures, or the units (I,) with such pictures, that count in a cell of one run only (O * L,)."""
    objects, labels = percent.shape[1:]
    keys = []
    for occurrences in (one, other):
        label = occurrences.label[occurrences.image]
        pairs = occurrences.kept & (label != LEFT_OUT)
        cell = occurrences.object[pairs].astype(np.int64) * labels + label[pairs]
        keys.append(occurrences.image[pairs].astype(np.int64) * objects * labels + cell)
    key = np.setxor1d(keys[0], keys[1], assume_unique=True)
    if unit is not None:
        place, cell = np.divmod(key, objects * labels)
        key = np.unique(unit[place].astype(np.int64) * objects * labels + cell)
    return np.bincount(key % (objects * labels), minlength=objects * labels)


def _pair(
    percent: NDArray[np.float64],
    resampled: NDArray[np.float32],
    active: NDArray[np.integer],
    differing: NDArray[np.integer],
    differing_units: NDArray[np.integer],
) -> pd.DataFrame:
    """Return the rows of the active cells (A,), from percent (2, O, L) and the same resampled (R, 2, A)."""
    a, b = percent.reshape(2, -1)[:, active]
    drawn = resampled[:, 1] - resampled[:, 0]
    known = ~np.isnan(drawn).all(0) & ~np.isnan(b - a) & (np.nan_to_num(a) + np.nan_to_num(b) > 0)
    a, b, drawn, cell = a[known], b[known], drawn[:, known], active[known]
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0) if len(cell) else np.zeros((2, 0))
    spread = np.nanstd(drawn, axis=0, ddof=1) if len(cell) else np.zeros(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * ndtr(-np.abs(b - a) / spread)
    p = np.where((differing_units[cell] < FEW) | (a == b), 1.0, p)
    columns = {"cell": cell, "percent_a": a, "percent_b": b, "difference": b - a, "low": low, "high": high}
    return pd.DataFrame({**columns, "differing": differing[cell], "p": p})
