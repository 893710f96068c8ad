"""The importance and the chance of stored regions, weighed once more with the stored maps."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import torch

from emocam.importance.base import Importance
from emocam.importance.contrast import Contrast
from emocam.importance.density import Density
from emocam.importance.mass import Mass
from emocam.importance.mean import Mean
from emocam.importance.peak import Peak
from emocam.importance.regions import region_chance
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation
from emocam.results.run import Run, read_boxes, read_maps, read_masks

KNOWN: dict[str, Importance] = {
    "mean": Mean(), "peak": Peak(), "mass": Mass(), "density": Density(), "contrast": Contrast(),
}  # fmt: skip
"""Those of `importance=NAME`; a measure of somebody's own is not known here."""
CLOSE, CLOSE_OF_MASKS = 1e-3, 0.02
"""How far a weight may lie from the one written: a GPU sums in another order, and masks are kept in 255 steps."""
CLOSE_CHANCE = 0.02
"""Of the shares of places that are as high: a rounded mean may take a few places in or out."""


def weigh_again(run: Run, maps: pa.Table, regions: pa.Table, image: np.ndarray) -> Iterator[tuple[str, str]]:
    """Yield regions whose importance or chance is not that of their map: their picture, and words.

    Regions (N,) belong to rows `image` (N,) of the maps. None where the measure is not one of ours.
    """
    weight = KNOWN.get(run.choices.get("importance", ""))
    if (
        weight is None or run.of_series or not len(regions)
    ):  # a volume's map is its regions' importance itself
        return
    cells, window = read_maps(maps)
    masks = read_masks(regions)
    detections = Detections(
        torch.from_numpy(read_boxes(regions)),
        torch.zeros(len(regions), dtype=torch.int64),
        torch.zeros(len(regions)),
        torch.from_numpy(image),
        None if masks is None else torch.from_numpy(masks),
    )
    explanation = Explanation(cells, window)
    names = regions["image"].cast(pa.string()).to_pylist()
    close = CLOSE if masks is None else CLOSE_OF_MASKS
    expected = {"importance": (weight(explanation, detections), close)}
    if "chance" in regions.column_names:
        chance = region_chance(explanation, detections)
        expected["chance"] = (chance.anywhere, CLOSE_CHANCE)
    for column, (right, near) in expected.items():
        found = regions[column].to_numpy()
        for row in (~np.isclose(found, right.numpy(), rtol=0, atol=near, equal_nan=True)).nonzero()[0]:
            box = ", ".join(f"{side:.3f}" for side in detections.boxes[row].tolist())
            yield (
                names[row],
                f"{column} {found[row]:.4f} of the {regions['object'][int(row)]} at ({box}), and its map gives "
                f"{right[row]:.4f}",
            )
