"""The quality of cells' scores and calls, against the cells that are causes."""

import numpy as np
import pandas as pd

from emocam.functional.statistics.group_intervals import GroupSums, group_wilson
from emocam.functional.statistics.ranking import rank

ONE_CELL = ["network", "object", "label"]
"""What a cell of several corpora is one by: the same network does the same in each of them."""


def score(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return one row for each group of cells: areas under curves, and how right the rule's own decision is.

    Cells of all labels are ranked together. `false` is the number of cells wrongly called, in each
    run where there are several, and `wrong` the number of runs that have any. Where effects were measured
    and pictures composed again, `error_90` is the 90 % point of the difference of both.
    """
    groups = table.groupby(by, sort=False)
    rows = [dict(zip(by, group, strict=True)) | scores_of(cells) for group, cells in groups]
    return pd.DataFrame(rows).round(4)


def scores_of(cells: pd.DataFrame) -> dict[str, float]:
    """Return the scores of one rule from its cells."""
    used = cells["used"].to_numpy(bool)
    chosen = cells["chosen"].to_numpy(bool)
    right = int((used & chosen).sum())
    ranking = rank(cells["score"].to_numpy(float), used)
    false = pd.Series(chosen & ~used).groupby(places_of(cells, ["network", "seed"])).sum()
    recall_low, recall_high = interval(cells, used & chosen, used)
    precision_low, precision_high = interval(cells, used & chosen, chosen)
    return {
        "runs": len(false),
        "cells": len(cells),
        "used": int(used.sum()),
        "auc": ranking.auc,
        "average_precision": ranking.average_precision,
        "precision": right / chosen.sum() if chosen.any() else np.nan,
        "precision_low": precision_low,
        "precision_high": precision_high,
        "recall": right / used.sum() if used.any() else np.nan,
        "recall_low": recall_low,
        "recall_high": recall_high,
        "networks": networks_in(cells),
        "recall_least": least_of_networks(cells, used & chosen, used),
        "precision_least": least_of_networks(cells, used & chosen, chosen),
        "false": false.mean(),
        "wrong": int((false > 0).sum()),
        **of_companions(cells, chosen),
        **errors(cells),
    }


def interval(cells: pd.DataFrame, hits: np.ndarray, of: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the share of hits, taking the same cell of several corpora together.

    Where networks differ by more than their cells would, the interval is that over networks.
    """
    low, high = interval_over(cells, ONE_CELL, hits, of)
    if networks_in(cells) > 1 and 0 < hits.sum() < of.sum():
        wide = interval_over(cells, ONE_CELL[:1], hits, of)
        low, high = min(low, wide[0]), max(high, wide[1])
    return low, high


def interval_over(
    cells: pd.DataFrame, unit: list[str], hits: np.ndarray, of: np.ndarray
) -> tuple[float, float]:
    """Return the 95 % interval of the share of hits, with cells of one unit taken together."""
    place = places_of(cells, unit)
    a, b = (np.bincount(place, marks).astype(float) for marks in (hits, of))
    a, b = a[b > 0], b[b > 0]
    if not len(b):
        return np.nan, np.nan
    sums = GroupSums(*(np.array([x], float) for x in (len(b), a.sum(), b.sum(), a @ a, a @ b, b @ b)))
    low, high = group_wilson(sums)
    return float(low[0]), float(high[0])


def places_of(cells: pd.DataFrame, unit: list[str]) -> np.ndarray:
    """Return the number of each cell's unit (N,), of the columns that there are; all 0 where there is none."""
    names = [name for name in unit if name in cells]
    return cells.groupby(names, sort=False).ngroup().to_numpy() if names else np.zeros(len(cells), int)


def networks_in(cells: pd.DataFrame) -> int:
    """Count the networks that the cells are of."""
    return cells["network"].nunique() if "network" in cells else 1


def least_of_networks(cells: pd.DataFrame, hits: np.ndarray, of: np.ndarray) -> float:
    """Return the lowest share of hits of any network; NaN where none has a case."""
    network = cells["network"].to_numpy() if "network" in cells else np.zeros(len(cells))
    shares = pd.DataFrame({"hits": hits, "of": of}).groupby(network).sum()
    shares = shares[shares["of"] > 0]
    return float((shares["hits"] / shares["of"]).min())


def of_companions(cells: pd.DataFrame, chosen: np.ndarray) -> dict[str, int]:
    """Count the companions of causes that are not used themselves, and those that were called."""
    companion = cells["companion"].to_numpy(bool) if "companion" in cells else np.zeros(len(cells), bool)
    companion = companion & ~cells["used"].to_numpy(bool)
    return {"companions": int(companion.sum()), "companions_called": int((companion & chosen).sum())}


def errors(cells: pd.DataFrame) -> dict[str, float]:
    """Return the 90 % point and the largest of the difference between measured and true effects; NaN without any."""
    apart = np.zeros(0)
    if {"effect", "drop"} <= set(cells):
        apart = (cells["effect"] - cells["drop"]).abs().dropna().to_numpy(float)
    return {
        "error_90": float(np.quantile(apart, 0.9)) if len(apart) else np.nan,
        "error_largest": float(apart.max()) if len(apart) else np.nan,
    }
