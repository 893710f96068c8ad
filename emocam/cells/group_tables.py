"""Groups of pictures compared, on all answers and on right ones, and in recall: the values of a column, or runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from emocam.cells.occurrences import LEFT_OUT, Occurrences, Places
from emocam.cells.slices import (
    FEWEST_PEOPLE,
    Named,
    PeopleSample,
    people_in_both,
    recall_differences,
    recall_table,
    slice_differences,
)
from emocam.cells.splits import Annotation
from emocam.records.thresholds import Thresholds
from emocam.results.files import DIFFERENCES, PREDICTIONS, RECALL_DIFFERENCES, SLICES_RECALL
from emocam.results.parquet_file import read_frame, read_schema
from emocam.results.run import Run

TRUE_LABEL = "truth"
IMPORTANCE, PERCENT = "importance", "percent"
"""What is compared of a cell: the mean importance of a region, or the percentage of pictures that count."""
ALL, RIGHT = "all", "right"
"""The answers that a difference goes by."""


@dataclass(frozen=True)
class TrueAnswers:
    """The true label (I,) of each image in the order of `labels`, and whether the prediction is `right` (I,)."""

    labels: list[str]
    truth: Places
    right: NDArray[np.bool_]

    def sample(self, person: Places | None) -> PeopleSample:
        """Return the images under their true labels, with a right answer as the only object."""
        image = np.flatnonzero(self.right)
        return PeopleSample(self.truth, person, image, np.zeros_like(image), np.ones(len(image)))


@dataclass(frozen=True)
class PictureGroup:
    """A group's pictures: what was `measured` in them, and where truth is known which answers are right.

    `recall` are the pictures under their true labels, and `right` (I,) goes with both.
    """

    measured: PeopleSample
    right: NDArray[np.bool_] | None = None
    recall: PeopleSample | None = None


def group_tables(
    groups: Mapping[str, PictureGroup], names: Named, truths: Sequence[str] = (), seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Return how groups differ by file name, on right answers too and in recall where all groups know truth.

    `truths` are the true labels. `names.answers` is not read.
    """
    parts = {ALL: {name: group.measured for name, group in groups.items()}}
    known = [group.right for group in groups.values() if group.right is not None]
    if len(known) == len(groups):
        parts[RIGHT] = {
            name: group.measured.where(right)
            for (name, group), right in zip(groups.items(), known, strict=True)
        }
    found = [
        slice_differences(samples, Named(names.objects, names.labels, names.measure, answers), seed)
        for answers, samples in parts.items()
    ]
    filled = [table for table in found if len(table)]
    tables = {DIFFERENCES: pd.concat(filled, ignore_index=True) if filled else found[0]}
    recall = {name: group.recall for name, group in groups.items() if group.recall is not None}
    if len(recall) == len(groups):
        tables[SLICES_RECALL] = recall_table(recall, list(truths), seed)
        tables[RECALL_DIFFERENCES] = recall_differences(recall, list(truths), seed)
    return tables


def measured(
    run: Run, thresholds: Thresholds, found: Occurrences, fixed: bool, person: Places | None
) -> PeopleSample:
    """Return what is compared of all images: the importance of each region where these are `fixed`.

    Elsewhere it is whether an object counts, in percent.
    """
    if not fixed:
        value = np.full(int(found.kept.sum()), 100.0)
        return PeopleSample(found.label, person, found.image[found.kept], found.object[found.kept], value)
    image, object, importance = [], [], []
    first = 0
    for block in run.tensors():
        of = block["image"]
        there = thresholds.present(block["score"], block["confidence"][of])
        pair, place = torch.unique(of[there] * found.objects + block["object"][there], return_inverse=True)
        most = torch.zeros(len(pair)).scatter_reduce_(0, place, block["importance"][there].float(), "amax")
        image.append((pair // found.objects).numpy() + first)
        object.append((pair % found.objects).numpy())
        importance.append(most.double().numpy())
        first += len(block["label"])
    return PeopleSample(found.label, person, *map(np.concatenate, (image, object, importance)))


def read_truths(run: Run) -> pd.Series | None:
    """Read the true label of each image, empty where it has none; None where the data know no truth."""
    file = run.file(PREDICTIONS)
    if TRUE_LABEL not in read_schema(file).names:
        return None
    return read_frame(file, columns=[TRUE_LABEL])[TRUE_LABEL].astype(object).fillna("").astype(str)


def true_answers(
    truth: pd.Series | None, labels: list[str], found: Occurrences, predicted: list[str]
) -> TrueAnswers | None:
    """Return which predictions are right; None where the classifier could not tell the true labels."""
    if truth is None or not labels:
        return None
    annotation = Annotation(pd.Index(labels).get_indexer(pd.Index(truth)), labels, predicted)
    if not annotation.comparable:
        return None
    known = (annotation.truth != LEFT_OUT) & (found.label != LEFT_OUT)
    right = known & (annotation.as_predicted == found.label)
    return TrueAnswers(labels, np.where(known, annotation.truth, LEFT_OUT), right)


def ordered_truths(truth: pd.Series, listed: Sequence[str]) -> list[str]:
    """Return the labels that are listed, in their order, then all others that occur."""
    named = sorted(name for name in truth.unique() if name)
    return [*listed, *(name for name in named if name not in listed)]


def few_people(name: str, people: int) -> list[str]:
    """Return a sentence on a group of too few people; nothing of one that has enough."""
    if people >= FEWEST_PEOPLE:
        return []
    return [
        f"{name} has {people} {'person' if people == 1 else 'people'}, and fewer than {FEWEST_PEOPLE} "
        "say nothing of others: its differences have neither interval nor p"
    ]


def people_of_both(samples: Mapping[str, PeopleSample]) -> list[str]:
    """Return a sentence on each pair of groups with the same people."""
    lines = []
    for a, b in combinations(samples, 2):
        both, paired = people_in_both(samples[a], samples[b])
        if paired:
            lines.append(f"{len(both)} people are in {a} and in {b}: these are compared within persons")
        elif both:
            are = "person is" if len(both) == 1 else "people are"
            lines.append(f"{len(both)} {are} in {a} and in {b}, and left out where these are compared")
    return lines


def without_right_answer(groups: Mapping[str, PictureGroup]) -> list[str]:
    """Return a sentence on each group without a right answer."""
    none = [
        name
        for name, group in groups.items()
        if group.right is not None and not (group.right & (group.measured.label != LEFT_OUT)).any()
    ]
    return [f"{name} has no right answer, so nothing is compared on right answers there" for name in none]
