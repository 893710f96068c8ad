"""The regions of two runs, matched row by row."""

from dataclasses import dataclass

import numpy as np

from emocam.results.files import BOX, EVIDENCE
from emocam.results.parquet_file import read_parquet
from emocam.results.run import Run

SAME_BOX = 0.01
"""A distance as a share of the image's side: less is rounding on another device."""


@dataclass(frozen=True)
class RunRegions:
    """The number of regions `count` (I,) of I images, and boxes (N, 4) and importance (N,) of all N regions."""

    images: list[str]
    count: np.ndarray
    boxes: np.ndarray
    importance: np.ndarray


def read_regions(run: Run) -> RunRegions:
    """Read a run's regions in the order of the listing, which both of its tables have."""
    table = read_parquet(run.file(EVIDENCE), columns=[*BOX, "importance"])
    boxes = np.stack([table[side].to_numpy() for side in BOX], 1)
    ledger = run.ledger
    return RunRegions(
        ledger["image"].tolist(), ledger["regions"].to_numpy(), boxes, table["importance"].to_numpy()
    )


@dataclass(frozen=True)
class CommonRegions:
    """The rows (K,) of two runs that belong to images with equally many regions, and the images (K,)."""

    one: np.ndarray
    other: np.ndarray
    image: np.ndarray


def common(one: RunRegions, other: RunRegions) -> CommonRegions:
    """Match the regions of two runs by their order in images with equally many of them."""
    same = one.count == other.count
    rows = [np.flatnonzero(np.repeat(same, regions.count)) for regions in (one, other)]
    return CommonRegions(rows[0], rows[1], np.repeat(np.flatnonzero(same), one.count[same]))


def images_that_differ(one: RunRegions, other: RunRegions) -> int:
    """Count the images of which the regions are not the same boxes, or not as many."""
    rows = common(one, other)
    moved = np.abs(one.boxes[rows.one] - other.boxes[rows.other]).max(1, initial=0) > SAME_BOX
    return int((one.count != other.count).sum()) + len(np.unique(rows.image[moved]))
