"""The quality of cells' scores and calls, against the cells that are causes."""

import numpy as np
import pandas as pd

from emocam.functional.statistics.ranking import rank


def score(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return one row for each group of cells: areas under curves, and how right the rule's own decision is.

    Cells of all labels are ranked together. `false` is the number of cells wrongly called, in each
    run where there are several, and `wrong` the number of runs that have any.
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
