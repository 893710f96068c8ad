"""Smallest sets of objects that keep an answer: all other objects of the picture are taken away."""

import numpy as np
import pandas as pd

from emocam.cells.joint_scores import JointScores
from emocam.functional.statistics.paired_tests import paired_interval
from emocam.functional.statistics.wilson import wilson

SET_COLUMNS = ["label", "objects", "size", "images", "tried", "coverage", "low", "high", "cumulative"]
NOTHING_KEPT = "no object"


def set_table(scores: JointScores, by_unit: bool) -> pd.DataFrame:
    """Return, for each label, the sets of none, one or two objects that keep its answer where no smaller one does.

    `coverage` is the share of the label's tried pictures, with its interval, over units where `by_unit`;
    `cumulative` is the share that a set and those above it keep.
    """
    rows = scores.rows
    kept = rows[(rows["kind"] == "keep")].assign(unit=scores.unit[rows["kind"] == "keep"])
    if kept.empty:
        return pd.DataFrame(columns=SET_COLUMNS)
    pictures = kept.drop_duplicates("image")[["image", "label", "unit"]]
    smallest = kept[kept["kept"].astype(bool) & ~_has_smaller(kept)]
    objects = np.where(
        smallest["a"] == "",
        NOTHING_KEPT,
        np.where(smallest["b"] == "", smallest["a"], smallest["a"] + " + " + smallest["b"]),
    )
    smallest = smallest.assign(objects=objects, size=(smallest[["a", "b"]] != "").sum(axis=1))
    parts = [
        _of_label(str(label), smallest[smallest["label"] == label], own, by_unit)
        for label, own in pictures.groupby("label", sort=False)
    ]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True)[SET_COLUMNS] if parts else pd.DataFrame(columns=SET_COLUMNS)


def _has_smaller(kept: pd.DataFrame) -> np.ndarray:
    """Mark rows (n,) of which a smaller set keeps the answer as well."""
    keeping = kept[kept["kept"].astype(bool)]
    known = pd.MultiIndex.from_frame(keeping[["image", "a", "b"]])

    def keeps(a: np.ndarray) -> np.ndarray:
        return pd.MultiIndex.from_arrays([kept["image"], a, np.full(len(kept), "")]).isin(known)

    nothing = np.full(len(kept), "")
    one, two = kept["a"].to_numpy() != "", kept["b"].to_numpy() != ""
    found = one & keeps(nothing)
    return found | (two & (keeps(kept["a"].to_numpy()) | keeps(kept["b"].to_numpy())))


def _of_label(label: str, smallest: pd.DataFrame, pictures: pd.DataFrame, by_unit: bool) -> pd.DataFrame:
    """Return the rows of one label, the sets of the highest coverage first."""
    groups = smallest.groupby(["objects", "size"], sort=False)
    table = groups.size().rename("images").reset_index()
    if table.empty:
        return table
    table = table.sort_values(["images", "size"], ascending=[False, True], kind="stable", ignore_index=True)
    tried = len(pictures)
    table = table.assign(label=label, tried=tried, coverage=table["images"] / tried)
    first = smallest.assign(
        rank=smallest["objects"].map(dict(zip(table["objects"], table.index, strict=True)))
    )
    reached = first.groupby("image")["rank"].min().value_counts().reindex(table.index, fill_value=0)
    table["cumulative"] = reached.sort_index().cumsum().to_numpy() / tried
    if not by_unit:
        table["low"], table["high"] = wilson(table["images"].to_numpy(), np.full(len(table), tried))
        return table
    shares = (
        smallest.groupby(["objects", "unit"])
        .size()
        .unstack(fill_value=0)
        .reindex(index=table["objects"], columns=pictures["unit"].unique(), fill_value=0)
    )
    shares = shares / pictures.groupby("unit", sort=False).size().reindex(shares.columns)
    of = np.full(len(table), shares.shape[1])
    low, high = paired_interval(shares.mean(axis=1).to_numpy(), shares.std(axis=1).to_numpy(), of)
    return table.assign(coverage=shares.mean(axis=1).to_numpy(), low=low.clip(0), high=high.clip(max=1))


def kept_by_none(scores: JointScores) -> dict[str, float]:
    """Return the share of each label's tried pictures whose answer no set of at most two objects keeps."""
    kept = scores.rows[scores.rows["kind"] == "keep"]
    by_picture = kept.groupby(["label", "image"], sort=False)["kept"].any()
    return {str(label): float(1 - share) for label, share in by_picture.groupby(level=0).mean().items()}
