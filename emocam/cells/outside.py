"""How much of each picture's map is outside all detected objects, and where most of that is."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from emocam.functional.box.boxes import from_window
from emocam.functional.map.unexplained import fullest_window, uncovered_with_area
from emocam.records.thresholds import Thresholds
from emocam.results.files import BOX, COUNTED, LABELLED
from emocam.results.pairs import picture_of
from emocam.results.run import Run, read_boxes

CROPS = 12
"""The number of crops of each label, those with the most mass."""
DIGITS = 9
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class OutsideSums:
    """Of each label (L,): its images whose map is not flat, the mean of their shares, the squares about it, areas."""

    images: Numbers
    mean: Numbers
    squares: Numbers
    area: Numbers

    @classmethod
    def of(cls, images: pd.DataFrame, labels: int) -> "OutsideSums":
        """Sum images, one row each with `label`, `share` and `area`."""
        grouped = images.groupby("label")
        table = grouped["share"].agg(["size", "mean", "var"]).assign(area=grouped["area"].sum())
        table = table.reindex(range(labels)).astype(float).fillna(0.0)
        size = table["size"].to_numpy()
        squares = table["var"].to_numpy() * np.maximum(size - 1, 0)
        return cls(size, table["mean"].to_numpy(), squares, table["area"].to_numpy())

    def __add__(self, other: "OutsideSums") -> "OutsideSums":
        images = self.images + other.images
        share = other.images / np.maximum(images, 1)
        apart = other.mean - self.mean
        squares = self.squares + other.squares + apart**2 * self.images * share
        return OutsideSums(images, self.mean + apart * share, squares, self.area + other.area)

    @property
    def whole(self) -> "OutsideSums":
        """The sums of all labels together, as the only one (1,)."""
        parts = [
            OutsideSums(*(column[place : place + 1] for column in vars(self).values()))
            for place in range(len(self.images))
        ]
        return sum(parts, OutsideSums(*np.zeros((4, 1))))


def read_outside(run: Run, thresholds: Thresholds) -> Iterator[pd.DataFrame]:
    """Yield what `shares_outside` says of the images of each block."""
    for (images, regions), (maps, window) in zip(
        run.blocks(LABELLED, [*COUNTED, *BOX]), run.explanations(), strict=True
    ):
        yield shares_outside(images, regions, run.tensors_of(images, regions), maps, window, thresholds)


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
