"""Where runs over the same pictures differ most: cells of their matrices, and pictures of these cells."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from emocam.report.examples import Example, box_counts, find_examples
from emocam.report.top_pictures import find_strongest
from emocam.results.run import Matrix, Run

MOST_CELLS = 40
"""By each of the two ways of being different."""
FEW_IMAGES = 10
"""Cells of labels with fewer are left to chance."""
CANDIDATES, MOST_PICTURES = 24, 12


@dataclass(frozen=True)
class Difference:
    """A cell: percent of the label's images in each run, and the object's place among the label's."""

    object: int
    label: int
    percent: list[float]
    place: list[int]

    @property
    def points(self) -> float:
        """From the lowest to the highest percentage."""
        return max(self.percent) - min(self.percent)

    @property
    def places(self) -> int:
        """From the highest place to the lowest: what a scale that differs between methods cannot make."""
        return max(self.place) - min(self.place)


def comparable(runs: list[Run]) -> bool:
    """Whether objects and labels are the same everywhere."""
    first = runs[0]
    return all(
        run.object_names == first.object_names and run.label_names == first.label_names for run in runs
    )


def enough_images(matrices: list[Matrix]) -> NDArray[np.bool_]:
    """Return the labels (L,) of which every run has enough images for a difference to mean something."""
    return np.all([matrix.images >= FEW_IMAGES for matrix in matrices], axis=0)


def same_counts(matrices: list[Matrix]) -> bool:
    """Return whether the matrices are equal, number by number."""
    first = matrices[0]
    return all(
        np.array_equal(matrix.counts, first.counts) and np.array_equal(matrix.images, first.images)
        for matrix in matrices
    )


def find_differences(matrices: list[Matrix]) -> list[Difference]:
    """The cells that differ most, by points or by places; the largest first."""
    percent = np.stack([np.nan_to_num(matrix.percent) for matrix in matrices])
    place = rankdata(-percent, axis=1, method="min").astype(int)
    differs = (percent.max(0) > percent.min(0)) & enough_images(matrices)
    chosen: set[int] = set()
    # an object that no run counts often may fall by many places for nothing
    for measure in (np.ptp(percent, 0), np.ptp(place, 0) * percent.max(0)):
        order = np.argsort(-np.where(differs, measure, 0).ravel(), kind="stable")[:MOST_CELLS]
        chosen |= {int(i) for i in order if differs.ravel()[i]}
    found = []
    for i in chosen:
        thing, label = divmod(i, percent.shape[2])
        found.append(
            Difference(thing, label, percent[:, thing, label].tolist(), place[:, thing, label].tolist())
        )
    return sorted(found, key=lambda d: (-d.points, d.object, d.label))


def _candidates(pairs: list[pd.DataFrame], cell: Difference) -> list[str]:
    found: dict[str, None] = {}
    for own in pairs:
        rows = own[(own["object"] == cell.object) & (own["label"] == cell.label)]
        found |= dict.fromkeys(rows["image"].head(CANDIDATES))
    return list(found)


def _strength(run: Run, example: Example | None, cell: Difference) -> float:
    boxes = example.boxes.get(cell.object, []) if example and example.label == cell.label else []
    return max((run.thresholds.strength(box[4], box[5], run.explained) for box in boxes), default=0.0)


def _view(run: Run, example: Example | None, cell: Difference) -> dict[str, Any]:
    """What one run says of a picture; boxes that do not count say so by a last 0."""
    if example is None:
        return {"boxes": []}
    boxes = [[*box, int(box_counts(run, box))] for box in example.boxes.get(cell.object, [])]
    told: dict[str, Any] = {"label": example.label, "confidence": example.confidence, "boxes": boxes}
    return told | ({"map": example.map} if example.map else {})


def find_pictures(
    runs: list[Run], cells: list[Difference]
) -> tuple[list[list[tuple[str, list[dict[str, Any]]]]], list[dict[str, Example]]]:
    """For each cell its pictures (path, a view from each run), those the runs differ on most first.

    Also the examples of each run by path, from which the thumbnails come.
    """
    pairs = [find_strongest(run).pairs for run in runs]
    paths = [_candidates(pairs, cell) for cell in cells]
    wanted = pd.DataFrame({"image": list(dict.fromkeys(path for own in paths for path in own))}, dtype=object)
    examples = [find_examples(run, wanted)[0] for run in runs]
    found = []
    for cell, own in zip(cells, paths, strict=True):
        strengths: NDArray[np.float64] = np.array(
            [
                [_strength(run, known.get(path), cell) for run, known in zip(runs, examples, strict=True)]
                for path in own
            ]
        ).reshape(len(own), len(runs))
        order = np.argsort(-np.ptp(strengths, 1), kind="stable")[:MOST_PICTURES].tolist()
        views = [
            (own[i], [_view(run, known.get(own[i]), cell) for run, known in zip(runs, examples, strict=True)])
            for i in order
        ]
        found.append(views)
    return found, examples
