"""The objects that occur in each image of a run, and where they count, from which all resampling starts."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from emocam.records.thresholds import Thresholds
from emocam.results.run import Run

Places = NDArray[np.integer]
LEFT_OUT = -1
"""The label of an image that does not count."""


@dataclass(frozen=True)
class Counted:
    """Images (L,) of each label; present, kept (O, L) are those with an object, and where it counts."""

    images: Places
    present: Places
    kept: Places


@dataclass(frozen=True)
class Occurrences:
    """The objects that are present in each of I images of a run.

    `label` (I,) is predicted, in the run's order, LEFT_OUT below the threshold of confidence. `image` and
    `object` (K,) are the pairs of an image and an object that is present in it, `kept` (K,) whether the
    object counts there; there are `objects` classes.
    """

    label: Places
    image: Places
    object: Places
    kept: NDArray[np.bool_]
    objects: int

    def count(self, label: Places, labels: int) -> Counted:
        """Count by labels (I,) of any kind; images that are LEFT_OUT, here or in the run, count for none."""
        label = np.where(self.label == LEFT_OUT, LEFT_OUT, label)
        images = np.bincount(label[label != LEFT_OUT], minlength=labels)
        return Counted(images, self._cells(label, labels, slice(None)), self._cells(label, labels, self.kept))

    def _cells(self, label: Places, labels: int, which: slice | NDArray[np.bool_]) -> Places:
        of_pair = label[self.image[which]]
        cell = self.object[which] * labels + of_pair
        return np.bincount(cell[of_pair != LEFT_OUT], minlength=self.objects * labels).reshape(-1, labels)


def read_occurrences(run: Run, thresholds: Thresholds, most: float = math.inf) -> Occurrences:
    """Read them in one pass; an object with several regions in an image occurs once, and counts if one does.

    Only of the first blocks, where these have `most` images or more.
    """
    objects = len(run.object_names)
    labels, pairs, kept = [], [], []
    images = 0
    for block in run.tensors():
        confidence = block["confidence"]
        image = block["image"]
        present = thresholds.present(block["score"], confidence[image])
        counts = thresholds.kept(
            block["score"], confidence[image], block["importance"], block.get("chance"), run.explained
        )
        pair = image * objects + block["object"]
        unique = torch.unique(pair[present])
        pairs.append((unique + images * objects).numpy())
        kept.append(torch.isin(unique, pair[counts]).numpy())
        sure = thresholds.confident(confidence)
        labels.append(torch.where(sure, block["label"], LEFT_OUT).numpy())
        images += len(confidence)
        if images >= most:
            break
    whole = np.concatenate(pairs) if pairs else np.zeros(0, np.int64)
    return Occurrences(
        np.concatenate(labels) if labels else np.zeros(0, np.int64),
        (whole // max(1, objects)).astype(np.int32),
        (whole % max(1, objects)).astype(np.int32),
        np.concatenate(kept) if kept else np.zeros(0, bool),
        objects,
    )
