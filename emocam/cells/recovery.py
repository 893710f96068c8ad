"""How well scores of cells find the cells that are causes."""

import numpy as np
import pandas as pd

from emocam.functional.statistics.ranking import rank


def score(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """A row for each group of cells: areas, and what came of the rule's own decision.

    Cells of all labels are ranked together. `false` is the number of cells wrongly called, in each
    run where there are several, and `wrong` the number of runs that have any.
    """
    rows = [
        dict(zip(by, group, strict=True)) | scores_of(cells) for group, cells in table.groupby(by, sort=False)
    ]
    return pd.DataFrame(rows).round(4)


def scores_of(cells: pd.DataFrame) -> dict[str, float]:
    """Of the cells of one rule."""
    used, chosen = cells["used"].to_numpy(bool), cells["chosen"].to_numpy(bool)
    ranking, right = rank(cells["score"].to_numpy(float), used), int((used & chosen).sum())
    seed = cells["seed"].to_numpy() if "seed" in cells else np.zeros(len(cells))
    false = pd.Series(chosen & ~used).groupby(seed).sum()
    return {
        "runs": len(false),
        "cells": len(cells),
        "used": int(used.sum()),
        "auc": ranking.auc,
        "average_precision": ranking.average_precision,
        "precision": right / chosen.sum() if chosen.any() else np.nan,
        "recall": right / used.sum() if used.any() else np.nan,
        "false": false.mean(),
        "wrong": int((false > 0).sum()),
    }
