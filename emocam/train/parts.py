"""The pictures of a training in two parts: one that is trained on, and one that is held back."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from emocam.data.samples import printable
from emocam.predict.components import Components
from emocam.predict.workers import workers_of
from emocam.results.files import SPLIT
from emocam.results.spreadsheet import write_csv
from emocam.train.loop import EpochBatches, InTurn, Part
from emocam.train.pictures import BATCH, PictureBatches, TrainingPictures, group_pictures
from emocam.train.split import split_pictures
from emocam.view.base import View


@dataclass(frozen=True)
class PartedPictures:
    """N pictures, which of them are held back (N,), and the labels by number."""

    pictures: TrainingPictures
    held: np.ndarray
    labels: list[str]

    @property
    def trained_on(self) -> int:
        """How many pictures are trained on."""
        return int((~self.held).sum())

    @property
    def label(self) -> np.ndarray:
        """The label of each picture that is trained on."""
        return self.pictures.label[~self.held]

    @property
    def counts(self) -> Tensor:
        """How many pictures of each label are trained on."""
        return torch.from_numpy(np.bincount(self.label, minlength=len(self.labels))).float()


def part_pictures(
    components: Components, pictures: TrainingPictures, labels: list[str], hold: float
) -> tuple[PartedPictures, str]:
    """Split the pictures, write which part each is of, and return them with what keeps groups whole."""
    group, grouped = group_pictures(components.data, pictures)
    named = [printable(path) for path in pictures.paths]
    held = split_pictures(named, pictures.label, group, labels, hold, components.seed)
    table = pd.DataFrame({"image": named, "split": np.where(held, "held", "train")})
    write_csv(table, components.folder / SPLIT, index=False)
    return PartedPictures(pictures, held, labels), grouped


def training_part(components: Components, parted: PartedPictures, view: View, even: bool) -> Part:
    """Return the batches to learn from, drawn anew each epoch; if `even`, each label as often as another."""
    data, number = components.data, parted.trained_on
    batch = BATCH if data.batch_size == "auto" else data.batch_size
    weight = (1 / parted.counts)[torch.from_numpy(parted.label)] if even else None
    return Part(
        PictureBatches(parted.pictures, ~parted.held, data, view),
        EpochBatches(number, min(batch, number), components.seed, weight),
        _workers(components, parted),
    )


def examined_part(components: Components, parted: PartedPictures, view: View) -> Part | None:
    """Return the batches that are held back, in turn; None if there are none."""
    if not parted.held.any():
        return None
    return Part(
        PictureBatches(parted.pictures, parted.held, components.data, view),
        InTurn(int(parted.held.sum()), 4 * BATCH),
        _workers(components, parted),
    )


def _workers(components: Components, parted: PartedPictures) -> int:
    """Return how many processes open pictures: none where the views are kept."""
    return 0 if parted.pictures.views is not None else workers_of(components.data, len(parted.pictures))
