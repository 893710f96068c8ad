"""The share of the maps' mass outside all detected objects, and the crops that hold most of it."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from emocam.callback.base import Finished
from emocam.cells.outside import OutsideSums, fullest, read_outside
from emocam.results.files import BOX
from emocam.results.parquet_file import write_frame
from emocam.results.spreadsheet import write_csv

WAITING = 1 << 14
"""Images that wait before they are held to those whose crops hold most."""
ALL = "(all)"


class Unexplained:
    """A callback that writes unexplained.parquet, unexplained.csv and unexplained_crops.parquet for a CAM.

    A matrix has only the detector's classes; this is how much of the maps is outside of them. A box
    counts as soon as its score is above the threshold, looked at or not. Flat maps, which point
    nowhere, are left out. `area` is the share that a uniform map would have outside.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        folder = finished.folder
        if not run.explained:
            return {}
        if finished.sums is not None:
            table, crop = summed_shares(finished.sums.outside, run.label_names), finished.sums.crops
        else:
            shares: list[pd.DataFrame] = []
            crops: list[pd.DataFrame] = []
            waiting: list[pd.DataFrame] = []
            for images in read_outside(run, finished.thresholds):
                shares.append(images[["label", "share", "area"]])
                waiting.append(images)
                if sum(map(len, waiting)) > WAITING:
                    crops, waiting = [fullest(pd.concat([*crops, *waiting]))], []
            table = mean_shares(pd.concat(shares), run.label_names)
            crop = fullest(pd.concat([*crops, *waiting]))
        write_frame(table, folder / "unexplained.parquet")
        write_csv(table, folder / "unexplained.csv", index=False)
        names = np.array(run.label_names, object)[crop["label"].astype(int)]
        crop = crop.assign(label=names)[["image", "label", "share", "held", *BOX]]
        write_frame(crop, folder / "unexplained_crops.parquet")
        mean = table["unexplained"].iloc[-1]
        area = table["area"].iloc[-1]
        if np.isnan(mean):  # every map is flat
            return {"unexplained": None, "unexplained_area": None}
        return {"unexplained": round(float(mean), 4), "unexplained_area": round(float(area), 4)}


def mean_shares(shares: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Return one row per label and one for all, with Student's 95 % interval of the mean, cut at 0 and 1."""
    grouped = pd.concat([shares, shares.assign(label=len(labels))]).groupby("label")
    statistics = grouped["share"].agg(["size", "mean", "std"]).assign(area=grouped["area"].mean())
    statistics = statistics.reindex(range(len(labels) + 1))
    numbers = statistics["size"].fillna(0).astype(int).to_numpy()
    return _table(labels, numbers, *(statistics[name].to_numpy() for name in ("mean", "std", "area")))


def summed_shares(sums: OutsideSums, labels: list[str]) -> pd.DataFrame:
    """Return what `mean_shares` does, from the sums of all parts."""
    images, mean, squares, area = (
        np.concatenate([own, whole])
        for own, whole in zip(vars(sums).values(), vars(sums.whole).values(), strict=True)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(squares / np.where(images > 1, images - 1, np.nan))
        there = np.where(images > 0, images, np.nan)
        return _table(labels, images.astype(int), mean + 0 * there, deviation, area / there)


def _table(
    labels: list[str], images: np.ndarray, mean: np.ndarray, deviation: np.ndarray, area: np.ndarray
) -> pd.DataFrame:
    """Return a row for each label and one for all, from the number, mean and deviation of its shares."""
    half = stdtrit(np.maximum(images - 1, 1), 0.975) * deviation / np.sqrt(np.maximum(images, 1))
    columns = {"label": [*labels, ALL], "images": images, "unexplained": mean}
    columns |= {"low": np.clip(mean - half, 0, 1), "high": np.clip(mean + half, 0, 1)}
    return pd.DataFrame(columns | {"area": area})
