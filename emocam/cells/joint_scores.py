"""The scores of pictures whose objects were taken away together, kept alone or moved, ready to be compared."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit

from emocam.functional.statistics.paired_tests import paired_interval, paired_p
from emocam.results.files import METADATA
from emocam.results.parquet_file import read_parquet, read_schema

UNCHANGED_ROW = "none"
Drop = Literal["drop", "lost", "own"]
COLUMNS_READ = ("image", "label", "kind", "a", "b", "kept")


@dataclass(frozen=True)
class JointScores:
    """Rows (N,) of pair_trials.parquet, and how far each lowered the score of each of the `labels` (N, L).

    `lost` (N, L) is the same of the label's probability, and `own` of its own score, where scores are log-odds: they
    also hold what the other labels do.
    `told` is what was planned; `unit` (N,) says which rows belong together.
    """

    rows: pd.DataFrame
    drop: np.ndarray
    lost: np.ndarray
    own: np.ndarray
    labels: list[str]
    told: dict[str, Any]
    unit: np.ndarray

    def find(self, kind: str, *names: pd.Series) -> np.ndarray:
        """Return the row of a kind with these names, in the picture of each; -1 where there is none.

        The first of `names` are the pictures.
        """
        mine = np.flatnonzero(self.rows["kind"] == kind)
        empty = pd.Series("", names[0].index)
        image, a, b = (names[i] if i < len(names) else empty for i in range(3))
        known = pd.MultiIndex.from_frame(self.rows.iloc[mine][["image", "a", "b"]])
        found = known.get_indexer(pd.MultiIndex.from_arrays([image, a, b]))
        return np.where(found >= 0, mine[found] if len(mine) else -1, -1)

    def drops(self, places: np.ndarray, of: Drop = "drop") -> np.ndarray:
        """Return the drops (n, L) of rows; NaN where there is none."""
        values: np.ndarray = getattr(self, of)
        if not len(values):
            return np.full((len(places), len(self.labels)), np.nan)
        return np.where((places >= 0)[:, None], values[places], np.nan)


def read_joint_scores(file: Path, unit: Mapping[str, int] | None) -> JointScores:
    """Read the trials; a picture is a unit by itself unless `unit` says more."""
    table = read_parquet(file)
    told = json.loads((read_schema(file).metadata or {})[METADATA])
    rows = table.select(list(COLUMNS_READ)).to_pandas().astype(dict.fromkeys(COLUMNS_READ[:-1], str))
    flat = table["scores"].combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(float)
    scores = flat.reshape(len(rows), len(told["labels"]))
    base = np.flatnonzero(rows["kind"] == UNCHANGED_ROW)
    place = pd.Index(rows["image"].iloc[base]).get_indexer(rows["image"])
    known = place >= 0
    before, after = scores[base[place[known]]], scores[known]
    rows = rows[known].reset_index(drop=True)
    codes = pd.factorize(rows["image"])[0] if unit is None else rows["image"].map(unit).to_numpy()
    lost, own = expit(before) - expit(after), own_scores(before) - own_scores(after)
    return JointScores(rows, before - after, lost, own, told["labels"], told, codes)


def own_scores(scores: np.ndarray) -> np.ndarray:
    """Return what is of each label itself in log-odds (n, L): its logit beside the mean of the others.

    Log-odds compare a label with whichever other is the highest, so objects of two other labels seem to work
    together: where the one is there, the other makes no difference. Logits know nothing of that.
    """
    count = scores.shape[1]
    if count < 2:
        return scores
    logits = log_expit(scores)
    return (logits - logits.mean(1, keepdims=True)) * count / (count - 1)


def long_table(keys: pd.DataFrame, labels: Sequence[str], values: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return a row for each of the keys (n,) and each label, with values (n, L)."""
    found = keys.loc[keys.index.repeat(len(labels))].reset_index(drop=True)
    found["label"] = np.tile(np.array(labels, object), len(keys))
    return found.assign(**{name: value.reshape(-1) for name, value in values.items()})


def unit_means(table: pd.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """Return the means of each unit, whose pictures are not independent, with the number of its pictures."""
    groups = table.groupby([*keys, "unit"], sort=False)
    return groups[list(values)].mean().assign(images=groups.size())


def moments_over_units(means: pd.DataFrame, keys: Sequence[str], value: str) -> pd.DataFrame:
    """Return mean, 95 % interval and two-sided p over the units of each key."""
    spread = means[value].groupby(level=list(keys), sort=False).agg(["mean", "std", "count"])
    numbers = (spread["mean"].to_numpy(float), spread["std"].to_numpy(float), spread["count"].to_numpy(int))
    low, high = paired_interval(*numbers)
    p = 2 * np.minimum(paired_p(*numbers), paired_p(-numbers[0], *numbers[1:]))
    return pd.DataFrame(
        {"mean": numbers[0], "low": low, "high": high, "p": np.minimum(p, 1)}, index=spread.index
    )
