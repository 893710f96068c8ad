"""The regions of two runs, row beside row."""

from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from emocam.results.files import BOX
from emocam.results.run import Run

SAME_BOX = 0.01
"""Of the image's side: less than this is rounding on another device."""


@dataclass(frozen=True)
class RunRegions:
    """Of I images the number of regions (I,), and of all N regions boxes (N, 4) and importance (N,)."""

    images: list[str]
    count: np.ndarray
    boxes: np.ndarray
    importance: np.ndarray


def read_regions(run: Run) -> RunRegions:
    """In the order of the listing, which both tables have."""
    table = pq.read_table(run.path / "evidence.parquet", columns=[*BOX, "importance"])
    boxes = np.stack([table[side].to_numpy() for side in BOX], 1)
    ledger = run.ledger
    return RunRegions(
        ledger["image"].tolist(), ledger["regions"].to_numpy(), boxes, table["importance"].to_numpy()
    )


def common(one: RunRegions, other: RunRegions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows (K,) of the first and of the second that are of images with equally many regions, and the
    images' places (K,).
    """
    same = one.count == other.count
    rows = [np.flatnonzero(np.repeat(same, regions.count)) for regions in (one, other)]
    return rows[0], rows[1], np.repeat(np.flatnonzero(same), one.count[same])


def images_that_differ(one: RunRegions, other: RunRegions) -> int:
    """In how many images the regions are not the same boxes, or not as many."""
    mine, theirs, image = common(one, other)
    moved = np.abs(one.boxes[mine] - other.boxes[theirs]).max(1, initial=0) > SAME_BOX
    return int((one.count != other.count).sum()) + len(np.unique(image[moved]))
