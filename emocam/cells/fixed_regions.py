"""Corpora in which every picture has every object, as faces have their regions.

How often an object counts then says little by itself, and its place tells nothing: what counts as chance
is the same region in the pictures of other labels, of the same person where persons are known.
"""

import numpy as np
from numpy.typing import NDArray

from emocam.cells.occurrences import LEFT_OUT, Occurrences, Places
from emocam.functional.statistics.strata_tail import strata_tail
from emocam.records.thresholds import Thresholds
from emocam.results.run import Run

Numbers = NDArray[np.float64]
NEARLY_ALL = 0.9
"""The share of pictures that have an object which every picture has, but for what the border cuts off."""


def nearly_every_picture_has_all(present: Places, images: Places) -> bool:
    """Return whether all objects that occur are in NEARLY_ALL pictures (O, L) of two labels or more (L,).

    A face at the border of a photograph lacks its chin, and is a face among others all the same.
    """
    occurs = present.sum(1) > 0
    several = (images > 0).sum() > 1 and occurs.sum() > 1
    return bool(several and (present[occurs].sum(1) >= NEARLY_ALL * images.sum()).all())


def regions_are_fixed(run: Run, present: Places, images: Places) -> bool:
    """Return whether a CAM looked at a run's pictures and these have all objects as masks, as faces have."""
    return run.explained and run.masked and nearly_every_picture_has_all(present, images)


def importance_contrast(run: Run, thresholds: Thresholds) -> Numbers:
    """Return the mean importance of each object under a label less that under all others (O, L).

    How often a region counts is all or nothing where a map is high everywhere; its mean still tells labels apart.
    """
    shape = len(run.object_names), len(run.label_names)
    total, regions = np.zeros((2, *shape))
    for block in run.tensors():
        label = block["label"][block["image"]]
        there = thresholds.present(block["score"], block["confidence"][block["image"]])
        cell = (block["object"][there].numpy(), label[there].numpy())
        np.add.at(total, cell, block["importance"][there].double().numpy())
        np.add.at(regions, cell, 1)
    others = regions.sum(1, keepdims=True) - regions
    with np.errstate(divide="ignore", invalid="ignore"):
        contrast: Numbers = total / regions - (total.sum(1, keepdims=True) - total) / others
    return contrast


def chance_under_other_labels(found: Occurrences, labels: int, group: Places) -> tuple[Numbers, Numbers]:
    """Return how often each object counts in the same groups under other labels (O, L), and the p of its use.

    p is that of labels shuffled within groups (I,), or over all pictures where none has another of its group.
    NaN where no group has pictures of the label and of another.
    """
    sure = found.label != LEFT_OUT
    of = np.unique(group[sure], return_inverse=True)[1]
    if len(np.unique(of)) == len(of):
        of = np.zeros_like(of)
    groups = int(of.max(initial=-1)) + 1
    chance, p = np.full((2, found.objects, labels), np.nan)
    place = np.cumsum(sure) - 1
    for number in range(found.objects):
        there = (found.object == number) & sure[found.image]
        # of pictures that have the object: what the border cuts off was not looked away from
        drawn, kept = (
            _counts(of[image], found.label[sure][image], groups, labels)
            for image in (place[found.image[there]], place[found.image[there & found.kept]])
        )
        total = drawn.sum(1, keepdims=True)
        shared = (drawn > 0) & (drawn < total)
        marked = kept.sum(1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(shared, (marked - kept) / (total - drawn), 0)
            chance[number] = (share * drawn * shared).sum(0) / (drawn * shared).sum(0)
        tail = strata_tail((kept * shared).sum(0), drawn * shared, marked * shared, total * shared)
        p[number] = np.where(shared.any(0), tail, np.nan)
    return chance, p


def _counts(group: Places, label: Places, groups: int, labels: int) -> Places:
    """Count pictures by group and label (G, L)."""
    return np.bincount(group * labels + label, minlength=groups * labels).reshape(groups, labels)
