"""All sequences of points of a corpus at once: movements, labels and people, and what could not be used."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from emocam.attribution.base import LabelledPoints
from emocam.data.base import AUTO, Data
from emocam.data.samples import Samples, collate, ignore_interrupt
from emocam.errors import SettingError
from emocam.predict.workers import workers_of
from emocam.records.picture import Refusal
from emocam.view.base import View
from emocam.view.crops import NoView

TRUTH, PERSON = "truth", "person"
BATCH = 64


@dataclass(frozen=True)
class PointCorpus:
    """Movements (N, 2, T, P) of the images at places (N,) of the listing, with what is known of each.

    `person` is empty for a sequence of which nobody says whose it is; `refusals` are those that could not be used.
    """

    x: Tensor
    place: np.ndarray
    truth: list[str]
    person: list[str]
    refusals: list[Refusal]

    def labelled(self, labels: Sequence[str], names: Sequence[str]) -> LabelledPoints:
        """Return the sequences whose name, one each, is among the labels; people without a name are one each."""
        number = {label: place for place, label in enumerate(labels)}
        kept = [row for row, name in enumerate(names) if name in number]
        whose: dict[str, int] = {}
        person = [whose.setdefault(self.person[row] or f"\n{row}", len(whose)) for row in kept]
        return LabelledPoints(
            self.x[torch.tensor(kept, dtype=torch.int64)],
            torch.tensor([number[names[row]] for row in kept], dtype=torch.int64),
            torch.tensor(person, dtype=torch.int64),
            len(labels),
        )


def person_column(data: Data) -> str:
    """Return the column that says whose a sequence is: `data.group`, or `person`."""
    return PERSON if data.group in (None, AUTO) else str(data.group)


def read_point_corpus(data: Data, view: View, listing: Sequence[str]) -> PointCorpus:
    """Open every sequence once; a corpus of which none can be used is refused with the first reason."""
    column = person_column(data)
    loader = DataLoader(
        Samples(data, listing, np.arange(len(listing)), view, NoView()),
        batch_size=BATCH,
        num_workers=workers_of(data, len(listing)),
        collate_fn=collate,
        worker_init_fn=ignore_interrupt,
        generator=torch.Generator(),
    )
    views, places, refusals = [], [], []
    truth: list[str] = []
    person: list[str] = []
    for batch in loader:
        refusals += batch.refusals
        if len(batch):
            views.append(batch.classifier_view.clone())
            places += batch.index.tolist()
            truth += [str(value) for value in batch.known.get(TRUTH, [""] * len(batch))]
            person += [str(value) for value in batch.known.get(column, [""] * len(batch))]
    if not views:
        raise SettingError(
            f"data: none of {len(listing):,} sequences can be used; the first, {refusals[0].path}, "
            f"{refusals[0].reason}"
        )
    return PointCorpus(torch.cat(views), np.array(places, np.int64), truth, person, refusals)
