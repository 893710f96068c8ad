"""The evidence made small enough for a page, so that its sliders recount the matrix exactly.

A slider stands at one of a few positions, and a number passes a position when it is greater. So a
number need only say how many positions it passes: a byte. Of an object's regions in one picture
only those matter that no other beats in both score and what decides, importance or chance.
"""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emocam.report.scripts import write_script
from emocam.results.run import Run, encode_names

MOST = 6_000_000
"""The most regions: with more the page would take too long to load, and has no sliders."""
FINE = [i / 100 for i in range(100)]
RARE = [0.001, 0.002, 0.005, *(i / 100 for i in range(1, 101))]
COARSE = [0, 0.001, 0.005, 0.01, 0.02, *(i / 20 for i in range(1, 20))]
SAME = 128
"""Added to a score's level when the region is of the same object and picture as the one before."""


@dataclass(frozen=True)
class Positions:
    """The positions of the sliders, first those that most pass; the run's own thresholds are among them."""

    score: list[float]
    weight: list[float]
    confidence: list[float]

    @classmethod
    def of(cls, run: Run) -> "Positions":
        thresholds = run.thresholds
        weight = (
            sorted({*FINE, thresholds.importance})
            if thresholds.chance is None
            else sorted({*RARE, thresholds.chance}, reverse=True)
        )
        return cls(sorted({*COARSE, thresholds.score}), weight, sorted({*COARSE, thresholds.confidence}))


def levels(values: NDArray[np.floating], positions: list[float]) -> NDArray[np.uint8]:
    """Count the positions that each value passes (n,), strictly, as float32 compares; NaN passes none.

    It passes ascending positions when it is above them, descending ones when it is below.
    """
    sign = -1 if positions[0] > positions[-1] else 1
    at = sign * np.array(positions, np.float32)
    passed = np.searchsorted(at, sign * values.astype(np.float32), side="left")
    return np.where(np.isnan(values), 0, passed).astype(np.uint8)


def _regions(run: Run, positions: Positions) -> dict[str, NDArray[np.integer]]:
    """Read the columns of all regions; `image` numbers the pictures in the order of the evidence."""
    parts: dict[str, list[NDArray[np.integer]]] = {}
    images = 0
    last = None
    weight = run.thresholds.decides
    columns = ["image", "label", "object", "confidence", "score", weight]
    for block in run.rows("evidence", columns):
        image = block["image"].combine_chunks().dictionary_encode()
        names = image.dictionary
        place = image.indices.to_numpy()
        if len(names) and names[0].as_py() == last:  # the block before ended within this picture
            images -= 1
        columns_of_block = {
            "image": place.astype(np.int32) + images,
            "object": encode_names(block, "object", run.object_names).astype(np.int32),
            "label": encode_names(block, "label", run.label_names).astype(np.int32),
            "confidence": levels(block["confidence"].to_numpy(), positions.confidence),
            "score": levels(block["score"].to_numpy(), positions.score),
            "weight": levels(block[weight].to_numpy(), positions.weight),
        }
        images += len(names)
        last = names[int(place[-1])].as_py() if len(place) else last
        for key, column in columns_of_block.items():
            parts.setdefault(key, []).append(column)
    return {key: np.concatenate(columns) for key, columns in parts.items()}


def unbeaten(regions: dict[str, NDArray[np.integer]]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Find the regions that matter (n,), sorted by object and picture, and which of these continue a pair (n,)."""
    order = np.lexsort(
        (
            -regions["weight"].astype(int),
            -regions["score"].astype(int),
            regions["image"],
            regions["object"],
        )
    )
    thing = regions["object"][order]
    image = regions["image"][order]
    new = np.ones(len(order), bool)
    new[1:] = (thing[1:] != thing[:-1]) | (image[1:] != image[:-1])
    # scores fall within a pair, so a region matters when its weight rises above all before
    height = np.cumsum(new) * 256 + regions["weight"][order]
    rises = np.ones(len(order), bool)
    rises[1:] = height[1:] > np.maximum.accumulate(height)[:-1]
    return order[rises], ~new[rises]


def _images_at(run: Run, positions: Positions) -> NDArray[np.int64]:
    """Count the pictures of each label with a confidence above each position (L, positions)."""
    passing = np.zeros((len(run.label_names), len(positions.confidence) + 1), np.int64)
    for block in run.rows("predictions", ["label", "confidence"]):
        level = levels(block["confidence"].to_numpy(), positions.confidence)
        np.add.at(passing, (encode_names(block, "label", run.label_names), level), 1)
    # a picture that passes a position passes all before it
    return passing[:, ::-1].cumsum(1)[:, ::-1][:, 1:]


def write_levels(folder: Path, run: Run) -> bool:
    """Write `data/evidence.js`, or return False where the run is too large for it."""
    if run.summary.get("regions", 0) > MOST:
        return False
    positions = Positions.of(run)
    regions = _regions(run, positions)
    weight = run.thresholds.decides
    data: dict[str, Any] = {
        "name": "data/evidence.js",
        "positions": {weight if key == "weight" else key: value for key, value in vars(positions).items()},
        "images": _images_at(run, positions),
    }
    if regions:
        kept, same = unbeaten(regions)
        ends = np.searchsorted(regions["object"][kept], np.arange(len(run.object_names) + 1))
        width = "<u1" if len(run.label_names) <= 256 else "<u2"
        score = regions["score"][kept] + np.where(same, SAME, 0).astype(np.uint8)
        columns = {
            "score": score,
            weight: regions["weight"][kept],
            "confidence": regions["confidence"][kept],
        }
        columns["label"] = regions["label"][kept].astype(width)
        data |= {key: b64encode(column.tobytes()).decode() for key, column in columns.items()}
        data |= {"ends": ends, "wide": width == "<u2"}
    write_script(folder / "data" / "evidence.js", data)
    return True
