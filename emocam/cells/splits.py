"""Cells by the labels that people gave the pictures: by annotated label, by right and wrong, by confusion."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.cells.dependence import unit_intervals
from emocam.cells.occurrences import LEFT_OUT, Occurrences, Places
from emocam.cells.table import Columns, frame, shares_of_cells


@dataclass(frozen=True)
class Annotation:
    """The annotated label of each image, `truth` (I,), as an index into `labels`; LEFT_OUT without one.

    `predicted` are the classifier's own labels.
    """

    truth: Places
    labels: list[str]
    predicted: list[str]

    @property
    def comparable(self) -> bool:
        """Whether a prediction can be right or wrong: the classifier knows all labels that were given."""
        occurring = np.unique(self.truth[self.truth != LEFT_OUT])
        return len(occurring) > 0 and {self.labels[i] for i in occurring} <= set(self.predicted)

    @property
    def as_predicted(self) -> Places:
        """The truth (I,) as indices into `predicted`; a label that the classifier does not know is LEFT_OUT."""
        place = pd.Index(self.predicted).get_indexer(pd.Index(self.labels))
        return np.where(self.truth == LEFT_OUT, LEFT_OUT, place[self.truth])


def cells_by(
    occurrences: Occurrences,
    label: Places,
    labels: list[str],
    objects: list[str],
    unit: Places | None = None,
) -> pd.DataFrame:
    """Return one row per object and label, for labels (I,) of any kind.

    Intervals take the pictures of a unit (I,) together, where pictures come in groups or along time.
    """
    counted = occurrences.count(label, len(labels))
    images = np.broadcast_to(counted.images, counted.present.shape)
    columns = proportions(images, counted.present, counted.kept)
    if unit is not None:
        label = np.where(occurrences.label == LEFT_OUT, LEFT_OUT, label)
        of = label[occurrences.image]
        cell = np.where(of == LEFT_OUT, LEFT_OUT, occurrences.object.astype(np.int64) * len(labels) + of)
        of_label = np.tile(np.arange(len(labels)), len(objects))
        columns |= unit_intervals(unit, label, (occurrences.image, cell, occurrences.kept), of_label)
    return frame(columns, objects, labels)


def cells_by_both(
    occurrences: Occurrences, annotation: Annotation, objects: list[str], unit: Places | None = None
) -> pd.DataFrame:
    """Return one row per object, truth and label that occur together; `right` where label is truth.

    Intervals take the pictures of a unit (I,) together.
    """
    labels = len(annotation.predicted)
    unknown = (annotation.truth == LEFT_OUT) | (occurrences.label == LEFT_OUT)
    pair = np.where(unknown, LEFT_OUT, annotation.truth * labels + occurrences.label)
    known = ~unknown[occurrences.image]
    # pairs of labels are too many to count all of them, of a thousand labels a million
    cell = (
        occurrences.object[known].astype(np.int64) * len(annotation.labels) * labels
        + pair[occurrences.image[known]]
    )
    cells, number, present = np.unique(cell, return_inverse=True, return_counts=True)
    kept = np.bincount(number[occurrences.kept[known]], minlength=len(cells))
    which, both = np.divmod(cells, max(1, len(annotation.labels) * labels))
    names = {
        "object": np.array(objects, object)[which],
        "truth": np.array(annotation.labels, object)[both // labels],
        "label": np.array(annotation.predicted, object)[both % labels],
    }
    images = np.bincount(pair[~unknown], minlength=len(annotation.labels) * labels)[both]
    right = names["truth"] == names["label"]
    columns = proportions(images, present, kept)
    if unit is not None:
        occurring, of_label = np.unique(both, return_inverse=True)
        place = np.searchsorted(occurring, pair).clip(max=max(0, len(occurring) - 1))
        label = np.where(occurring[place] == pair, place, LEFT_OUT) if len(occurring) else pair
        pairs = occurrences.image[known], number, occurrences.kept[known]
        columns |= unit_intervals(unit, label, pairs, of_label)
    return pd.DataFrame({**names, "right": right, **columns})


def proportions(images: Places, present: Places, kept: Places) -> Columns:
    """Return counts of one shape, with their percentages and Wilson intervals."""
    return {
        "images": images,
        "present": present,
        "kept": kept,
        **shares_of_cells("present", "present_percent", present, images, 100),
        **shares_of_cells("percent", "percent", kept, images, 100),
        **shares_of_cells("use", "use", kept, present, 1),
    }


def right_and_wrong(occurrences: Occurrences, annotation: Annotation) -> dict[str, NDArray[np.integer]]:
    """Return the predicted label (I,) of images where it is right, and where it is wrong; else LEFT_OUT."""
    truth = annotation.as_predicted
    known = truth != LEFT_OUT
    return {
        "right": np.where(known & (truth == occurrences.label), occurrences.label, LEFT_OUT),
        "wrong": np.where(known & (truth != occurrences.label), occurrences.label, LEFT_OUT),
    }
