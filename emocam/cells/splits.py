"""Cells against what people said of the pictures: by annotated label, by right and wrong, by confusion."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.cells.occurrences import LEFT_OUT, Occurrences, Places
from emocam.cells.table import Columns, frame, shares_of_cells


@dataclass(frozen=True)
class Annotation:
    """Of each image truth (I,) as a place in `labels`, LEFT_OUT where nobody said.

    `predicted` are the classifier's own labels.
    """

    truth: Places
    labels: list[str]
    predicted: list[str]

    @property
    def comparable(self) -> bool:
        """Whether a prediction can be right or wrong: the classifier knows all labels that were given."""
        given = np.unique(self.truth[self.truth != LEFT_OUT])
        return len(given) > 0 and {self.labels[i] for i in given} <= set(self.predicted)

    @property
    def as_predicted(self) -> Places:
        """The truth (I,) as places in `predicted`; what the classifier does not know is LEFT_OUT."""
        place = pd.Index(self.predicted).get_indexer(pd.Index(self.labels))
        return np.where(self.truth == LEFT_OUT, LEFT_OUT, place[self.truth])


def cells_by(found: Occurrences, label: Places, labels: list[str], objects: list[str]) -> pd.DataFrame:
    """A row an object x label, for labels (I,) of any kind."""
    counted = found.count(label, len(labels))
    images = np.broadcast_to(counted.images, counted.present.shape)
    return frame(proportions(images, counted.present, counted.kept), objects, labels)


def cells_by_both(found: Occurrences, said: Annotation, objects: list[str]) -> pd.DataFrame:
    """A row an object x truth x label, of all that occur together; `right` where label is truth."""
    labels = len(said.predicted)
    nobody = (said.truth == LEFT_OUT) | (found.label == LEFT_OUT)
    pair = np.where(nobody, LEFT_OUT, said.truth * labels + found.label)
    known = ~nobody[found.image]
    # pairs of labels are too many to count all of them, of a thousand labels a million
    cell = found.object[known].astype(np.int64) * len(said.labels) * labels + pair[found.image[known]]
    cells, of, present = np.unique(cell, return_inverse=True, return_counts=True)
    kept = np.bincount(of[found.kept[known]], minlength=len(cells))
    which, both = np.divmod(cells, max(1, len(said.labels) * labels))
    names = {
        "object": np.array(objects, object)[which],
        "truth": np.array(said.labels, object)[both // labels],
        "label": np.array(said.predicted, object)[both % labels],
    }
    images = np.bincount(pair[~nobody], minlength=len(said.labels) * labels)[both]
    right = names["truth"] == names["label"]
    return pd.DataFrame({**names, "right": right, **proportions(images, present, kept)})


def proportions(images: Places, present: Places, kept: Places) -> Columns:
    """Counts of one shape, with their percentages and Wilson intervals."""
    return {
        "images": images,
        "present": present,
        "kept": kept,
        **shares_of_cells("present", "present_percent", present, images, 100),
        **shares_of_cells("percent", "percent", kept, images, 100),
        **shares_of_cells("use", "use", kept, present, 1),
    }


def right_and_wrong(found: Occurrences, said: Annotation) -> dict[str, NDArray[np.integer]]:
    """The predicted label (I,) of the images where it is right, and of those where it is wrong."""
    truth = said.as_predicted
    known = truth != LEFT_OUT
    return {
        "right": np.where(known & (truth == found.label), found.label, LEFT_OUT),
        "wrong": np.where(known & (truth != found.label), found.label, LEFT_OUT),
    }
