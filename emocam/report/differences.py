"""The greatest differences of runs over the same pictures: cells of the matrices, and their pictures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.report.examples import Example, box_counts, find_examples
from emocam.report.top_pictures import find_strongest
from emocam.results.run import Matrix, Run

MOST_CELLS = 40
"""The most cells by each of the two measures of a difference."""
FEW_IMAGES = 10
"""With fewer images of a label its cells may differ by chance, and are left out."""
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
        """The range of the percentages."""
        return max(self.percent) - min(self.percent)

    @property
    def places(self) -> int:
        """The range of the places, which no difference in scale between methods can cause."""
        return max(self.place) - min(self.place)


@dataclass(frozen=True)
class PictureOfCell:
    """A picture's path, and the answer, boxes and map that each run has for it."""

    path: str
    views: list[dict[str, Any]]


def comparable(runs: list[Run]) -> bool:
    """Return whether all runs have the same objects and labels."""
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
    """Find the cells that differ most, by points or by places, the largest first."""
    from scipy.stats import rankdata  # takes a while to import, and a run's own report needs it not

    percent = np.stack([np.nan_to_num(matrix.percent) for matrix in matrices])
    place = rankdata(-percent, axis=1, method="min").astype(int)
    differs = (percent.max(0) > percent.min(0)) & enough_images(matrices)
    chosen: set[int] = set()
    # an object that no run counts often may fall by many places for nothing
    for measure in (np.ptp(percent, 0), np.ptp(place, 0) * percent.max(0)):
        order = np.argsort(-np.where(differs, measure, 0).ravel(), kind="stable")[:MOST_CELLS]
        chosen |= {int(i) for i in order if differs.ravel()[i]}
    differences = []
    for i in chosen:
        thing, label = divmod(i, percent.shape[2])
        differences.append(
            Difference(thing, label, percent[:, thing, label].tolist(), place[:, thing, label].tolist())
        )
    return sorted(differences, key=lambda d: (-d.points, d.object, d.label))


def _candidates(pairs: list[pd.DataFrame], cell: Difference) -> list[str]:
    paths: dict[str, None] = {}
    for strongest in pairs:
        rows = strongest[(strongest["object"] == cell.object) & (strongest["label"] == cell.label)]
        paths |= dict.fromkeys(rows["image"].head(CANDIDATES))
    return list(paths)


def _strength(run: Run, example: Example | None, cell: Difference) -> float:
    boxes = example.boxes.get(cell.object, []) if example and example.label == cell.label else []
    return max((run.thresholds.strength(box[4], box[5], run.explained) for box in boxes), default=0.0)


def _view(run: Run, example: Example | None, cell: Difference) -> dict[str, Any]:
    """Return a run's answer, boxes and map for a picture; each box goes on with 1 if it counts, else 0."""
    if example is None:
        return {"boxes": []}
    boxes = [[*box[:6], int(box_counts(run, box)), *box[6:]] for box in example.boxes.get(cell.object, [])]
    view: dict[str, Any] = {"label": example.label, "confidence": example.confidence, "boxes": boxes}
    return view | ({"map": example.map} if example.map else {})


def find_pictures(
    runs: list[Run], cells: list[Difference]
) -> tuple[list[list[PictureOfCell]], list[dict[str, Example]]]:
    """Find the pictures of each cell, those on which the runs differ most first.

    The second list has the examples of each run by path, from which the thumbnails come.
    """
    pairs = [find_strongest(run).pairs for run in runs]
    paths = [_candidates(pairs, cell) for cell in cells]
    once = list(dict.fromkeys(path for of_cell in paths for path in of_cell))
    wanted = pd.DataFrame({"image": once}, dtype=object)
    examples = [find_examples(run, wanted)[0] for run in runs]
    pictures = []
    for cell, of_cell in zip(cells, paths, strict=True):
        strengths: NDArray[np.float64] = np.zeros((len(of_cell), len(runs)))
        for column, (run, by_path) in enumerate(zip(runs, examples, strict=True)):
            strengths[:, column] = [_strength(run, by_path.get(path), cell) for path in of_cell]
        order = np.argsort(-np.ptp(strengths, 1), kind="stable")[:MOST_PICTURES]
        shown = [of_cell[i] for i in order.tolist()]
        pictures.append([PictureOfCell(path, _views(runs, examples, path, cell)) for path in shown])
    return pictures, examples


def _views(
    runs: list[Run], examples: list[dict[str, Example]], path: str, cell: Difference
) -> list[dict[str, Any]]:
    """Return what each run says of a picture."""
    return [_view(run, by_path.get(path), cell) for run, by_path in zip(runs, examples, strict=True)]
