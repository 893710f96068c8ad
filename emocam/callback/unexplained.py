"""The share of the maps' mass outside all detected objects, and the crops that hold most of it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from scipy.special import stdtrit
from torch import Tensor

from emocam.callback.base import Finished
from emocam.functional.box.boxes import from_window
from emocam.functional.map.unexplained import fullest_window, uncovered_with_area
from emocam.records.thresholds import Thresholds
from emocam.results.files import BOX, COUNTED, LABELLED
from emocam.results.pairs import picture_of
from emocam.results.parquet_file import write_frame
from emocam.results.run import Run, read_boxes
from emocam.results.spreadsheet import write_csv

CROPS = 12
"""The number of crops of each label, those with the most mass."""
ALL = "(all)"
DIGITS = 9


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
        shares, crops = [], []
        for images, regions, numbers, maps, window in _blocks(run):
            images_of_block = shares_outside(images, regions, numbers, maps, window, finished.thresholds)
            shares.append(images_of_block[["label", "share", "area"]])
            crops.append(fullest(images_of_block))
        table = mean_shares(pd.concat(shares), run.label_names)
        write_frame(table, folder / "unexplained.parquet")
        write_csv(table, folder / "unexplained.csv", index=False)
        crop = fullest(pd.concat(crops)).drop(columns="area")
        crop["label"] = np.array(run.label_names, object)[crop["label"].astype(int)]
        write_frame(crop, folder / "unexplained_crops.parquet")
        mean = table["unexplained"].iloc[-1]
        area = table["area"].iloc[-1]
        if np.isnan(mean):  # every map is flat
            return {"unexplained": None, "unexplained_area": None}
        return {"unexplained": round(float(mean), 4), "unexplained_area": round(float(area), 4)}


def _blocks(run: Run) -> Iterator[tuple[pa.Table, pa.Table, dict[str, Tensor], Tensor, Tensor]]:
    """Yield images, regions and their numbers, maps and windows, block by block."""
    blocks = run.blocks(LABELLED, [*COUNTED, *BOX])
    for (images, regions), (maps, window) in zip(blocks, run.explanations(), strict=True):
        yield images, regions, run.tensors_of(images, regions), maps, window


def shares_outside(
    images: pa.Table,
    regions: pa.Table,
    numbers: dict[str, Tensor],
    maps: Tensor,
    window: Tensor,
    thresholds: Thresholds,
) -> pd.DataFrame:
    """Return one row per image whose map is not flat: shares of mass and of the view's area outside all boxes.

    The crop (x0, y0, x1, y1) is the window, a third of the view's sides long, that holds most of that mass;
    `held` is the share of the map's mass in it that no box covers.
    """
    seen = thresholds.present(numbers["score"], numbers["confidence"][numbers["image"]])
    boxes, image = torch.from_numpy(read_boxes(regions))[seen], numbers["image"][seen]
    outside, area = uncovered_with_area(maps, window, boxes, image)
    mass = maps.double().mean((-2, -1))
    places, held = fullest_window(outside)
    crop = from_window(places, window.double()).clamp(0, 1).numpy()
    table = pd.DataFrame(
        {
            "image": [picture_of(name) for name in images["image"].to_pylist()],
            "label": numbers["label"].numpy(),
            "share": _settled((outside.sum((-2, -1)) / mass).clamp(0, 1)),
            "area": _settled(area.clamp(0, 1)),
            "held": _settled((held / mass).clamp(0, 1)),
            **dict(zip(BOX, crop.T, strict=True)),
        }
    )
    return table[(thresholds.confident(numbers["confidence"]) & (mass > 0)).numpy()]


def _settled(values: Tensor) -> np.ndarray:
    """Return values without what depends on the images beside: products of matrices differ by 1e-16."""
    return values.numpy().round(DIGITS)


def fullest(images: pd.DataFrame) -> pd.DataFrame:
    """Return the images of each label whose crops hold most, the fullest first."""
    ordered = images[images["held"] > 0].sort_values("held", ascending=False, kind="stable")
    return ordered.groupby("label", sort=False).head(CROPS).sort_values("label", kind="stable")


def mean_shares(shares: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Return one row per label and one for all, with Student's 95 % interval of the mean, cut at 0 and 1."""
    grouped = pd.concat([shares, shares.assign(label=len(labels))]).groupby("label")
    statistics = grouped["share"].agg(["size", "mean", "std"]).assign(area=grouped["area"].mean())
    statistics = statistics.reindex(range(len(labels) + 1))
    images = statistics["size"].fillna(0).astype(int).to_numpy()
    half = (
        stdtrit(np.maximum(images - 1, 1), 0.975)
        * statistics["std"].to_numpy()
        / np.sqrt(np.maximum(images, 1))
    )
    mean = statistics["mean"].to_numpy()
    columns = {"label": [*labels, ALL], "images": images, "unexplained": mean}
    columns |= {"low": np.clip(mean - half, 0, 1), "high": np.clip(mean + half, 0, 1)}
    return pd.DataFrame(columns | {"area": statistics["area"].to_numpy()})
