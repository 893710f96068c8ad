"""Effect by intervention: pictures of the cells that matter, changed and classified again."""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pytorch_lightning as lightning
import torch
from torch import Tensor
from torch.utils.data import Dataset

from emocam.callback.shards import WriteShards
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.data.samples import printable, reason
from emocam.effect.base import Effect, Trial
from emocam.effect.choosing import dice_for
from emocam.effect.visible import seen_part
from emocam.errors import SettingError
from emocam.functional.odds import log_odds
from emocam.functional.views import View
from emocam.runs import METADATA, Run
from emocam.store import Shards, finished_ledger, refusal_table
from emocam.structures import Record, Refusal
from emocam.task.base import Parts
from emocam.task.planning import plan
from emocam.task.streaming import remaining, stream, written_key

PICTURES = 4
"""Opened for one batch; what is made of each of them is many views."""
MOST_VIEWS = 64
"""Go through the classifier at once."""


@dataclass(frozen=True)
class Tried:
    """One picture: its view and those of its pairs, (1 + 2 P, 3, h, w), and what each pair tried."""

    path: str
    index: int
    views: Tensor
    pairs: list[tuple[Trial, str]]


@dataclass(frozen=True)
class TriedBatch(Record):
    """The views of several pictures in one stack (V, 3, h, w), and those that could not be opened."""

    views: Tensor
    pictures: list[Tried]
    refusals: list[Refusal]

    @property
    def images(self) -> int:
        return len(self.pictures) + len(self.refusals)


@dataclass
class Trials(Dataset[Tried | Refusal]):
    """All that is tried in a picture, made from opening it once; `paths` are files by their printed names."""

    data: Data
    paths: dict[str, str]
    trials: dict[int, list[Trial]]
    index: np.ndarray
    view: View
    effect: Effect
    seed: int

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> Tried | Refusal:
        index = int(self.index[i])
        path = self.trials[index][0].image
        try:
            views, pairs = zip(*self._made(self.trials[index]), strict=True)
        except Exception as error:  # a file may be gone since it was explained; it must cost itself alone
            return Refusal(path, index, "unreadable", reason(error, self.data.root))
        return Tried(path, index, torch.stack(views), [pair for pair in pairs[1::2] if pair])

    def _made(self, trials: Sequence[Trial]) -> Iterator[tuple[Tensor, tuple[Trial, str] | None]]:
        """The picture's own view, then two of each pair."""
        image = self.data.open(self.paths[trials[0].image]).image
        view, window = self.view(image)
        seen = seen_part(window.tolist())
        yield view, None
        for trial in trials:
            own = trial.source == trial.image
            source = image if own else self.data.open(self.paths[trial.source]).image
            dice = dice_for(self.seed, "places", trial.image, trial.cell.object, trial.cell.label)
            for pair in self.effect.pairs(trial, image, source, seen, dice):
                yield self.view(pair.changed)[0], (trial, pair.fill)
                yield self.view(pair.control)[0], (trial, pair.fill)


def together(items: Sequence[Tried | Refusal]) -> TriedBatch:
    pictures = [item for item in items if isinstance(item, Tried)]
    views = torch.cat([tried.views for tried in pictures]) if pictures else torch.zeros(0)
    # the stack holds them all: what each picture brought need not be moved twice
    kept = [Tried(tried.path, tried.index, views[:0], tried.pairs) for tried in pictures]
    return TriedBatch(views, kept, [item for item in items if isinstance(item, Refusal)])


class Answer(lightning.LightningModule):
    """The classifier alone: logits (V, L)."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier.freeze()

    def predict_step(self, batch: TriedBatch, batch_idx: int = 0) -> Tensor:
        with torch.no_grad():
            answers = [
                self.classifier(self.classifier.prepare(views))
                for views in batch.views.split(MOST_VIEWS)
                if len(views)
            ]
        return torch.cat(answers) if answers else torch.zeros(0, len(self.classifier.labels))


def effect_rows(logits: Tensor, batch: TriedBatch, effect: Effect, labels: list[str]) -> dict[str, pa.Table]:
    """One row a pair, and the ledger's row of each picture; logits that are no numbers give no row."""
    logits = logits.double().cpu()
    counts = [len(tried.pairs) for tried in batch.pictures]
    first = torch.tensor([0, *(1 + 2 * count for count in counts)]).cumsum(0)[:-1]
    before = first.repeat_interleave(torch.tensor(counts, dtype=torch.int64))
    within = torch.tensor([pair for count in counts for pair in range(count)], dtype=torch.int64)
    named = [(tried, *pair) for tried in batch.pictures for pair in tried.pairs]
    label = torch.tensor([labels.index(trial.cell.label) for _, trial, _ in named], dtype=torch.int64)

    def measured(places: Tensor) -> tuple[Tensor, Tensor]:
        moved = effect.effect(log_odds(logits[before], label), log_odds(logits[places], label))
        return moved, effect.flipped(logits[places].argmax(-1), label)

    changed, flipped = measured(before + 1 + 2 * within)
    control, flipped_control = measured(before + 2 + 2 * within)
    sound = (changed.isfinite() & control.isfinite()).numpy()
    columns: dict[str, Any] = {
        "index": pa.array([tried.index for tried, _, _ in named], pa.int64()),
        "image": pa.array([tried.path for tried, _, _ in named], pa.string()),
        "object": _names([trial.cell.object for _, trial, _ in named]),
        "label": _names([trial.cell.label for _, trial, _ in named]),
        "fill": _names([fill for _, _, fill in named]),
        "effect": changed.float().numpy(),
        "effect_control": control.float().numpy(),
        "flipped": flipped.numpy(),
        "flipped_control": flipped_control.numpy(),
        "chosen": _names([trial.cell.chosen for _, trial, _ in named]),
    }
    done = finished_ledger(
        [tried.path for tried in batch.pictures], np.array([t.index for t in batch.pictures], np.int64)
    )
    ledger = pa.concat_tables([done, refusal_table(batch.refusals)]) if batch.refusals else done
    return {"ledger": ledger, "effect": pa.table(columns).filter(pa.array(sound))}


def _names(values: Sequence[str]) -> pa.Array:
    return pa.array(values, pa.string())


def effect_key(parts: Parts, evidence_key: str) -> str:
    """Names all that decides what is measured."""
    settings = [parts.settings[name] for name in ("effect", "threshold", "seed")]
    return hashlib.sha256(f"{evidence_key}{settings}".encode()).hexdigest()


def measure_effect(parts: Parts, evidence_key: str) -> None:
    """Leaves effect.parquet: the chosen cells, tried in pictures of the finished evidence."""
    folder, effect = parts.folder, parts.effect
    assert effect is not None
    key = effect_key(parts, evidence_key)
    if written_key([folder / "effect.parquet"]) == key:
        return
    with parts.stage("effect"):
        for note in effect.notes:
            sys.stderr.write(f"{note}\n")
        run = Run(folder)
        model = Answer(parts.classifier)
        labels = model.classifier.labels
        if labels != run.label_names:
            raise SettingError(
                f"effect: the classifier answers with other labels ({len(labels)}, {labels[0]} the first) than "
                f"the evidence speaks of ({len(run.label_names)}, {run.label_names[0]} the first); "
                "explain the pictures with it first"
            )
        seed = parts.settings["seed"]
        trials = plan(run, effect, parts.thresholds, seed)
        paths = files_of(parts, trials)
        shards = Shards(folder, key, "trying")
        shards.begin()
        left = remaining(shards, np.array(sorted(trials), np.int64))
        if len(left):
            samples = Trials(parts.data, paths, trials, left, model.classifier.view, effect, seed)
            writer = WriteShards(shards, partial(effect_rows, effect=effect, labels=labels))
            stream(parts, model, samples, [writer], together, PICTURES, len(trials))
        blank = effect_rows(torch.zeros(0, len(labels)), together([]), effect, labels)
        planned = sum(len(of_image) for of_image in trials.values())
        told = {"labels": labels, "key": key, "planned": planned}
        shards.merge(folder, {METADATA: json.dumps(told).encode()}, ("effect",), blank)


def files_of(parts: Parts, trials: dict[int, list[Trial]]) -> dict[str, str]:
    """The data set's own names of the pictures, by those in the tables."""
    paths = {printable(path): path for path in parts.listing}
    for trial in (trial for of_image in trials.values() for trial in of_image):
        for image in (trial.image, trial.source):
            if image not in paths:
                raise SettingError(
                    f"effect: the data no longer lists {image}, which the evidence speaks of; "
                    "explain the pictures again, or bring them back"
                )
    return paths
