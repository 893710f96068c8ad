"""Effect by intervention: pictures of the cells that matter, changed and classified again."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pytorch_lightning as lightning
import torch
from torch import Tensor

from emocam.classifier.base import Classifier
from emocam.data.printed import printable
from emocam.effect.base import Effect, Trial
from emocam.errors import SettingError
from emocam.functional.statistics.log_odds import log_odds
from emocam.intervention.plan import plan, regions_of_pictures
from emocam.intervention.row_marks import begin_marked, is_written, mark_rows, marks_metadata, row_marks
from emocam.intervention.trials import Trials, TriedBatch, TriedPair, together
from emocam.network.label_names import LabelNames
from emocam.paste.changed_views import ChangedViews
from emocam.predict.chunk_writer import WriteChunks
from emocam.predict.components import Components
from emocam.predict.kept_way import WAY, go_the_same_way
from emocam.predict.keys import intervention_key
from emocam.predict.stream import on_accelerator, remaining, stream
from emocam.results.chunks import Chunks
from emocam.results.files import BEFORE_RULES, EFFECT, LEDGER, MASK, METADATA, PREDICTIONS, parquet
from emocam.results.parquet_file import read_parquet, read_schema
from emocam.results.run import Run
from emocam.results.tables import finished_ledger, refusal_table

CHANGES = 8
"""At least, of a picture: two fills of an object and of a control, each filled and shown to the network."""
PICTURES, PICTURES_ELSEWHERE = 4, 16
"""Opened for one batch, on a processor and on an accelerator; of each of them many views are made."""
MOST_VIEWS, MOST_VIEWS_ELSEWHERE = 64, 256
"""Go through the classifier at once."""


class PictureOfViews(Protocol):
    """A picture with its changed views."""

    @property
    def of_views(self) -> int:
        """How many views it has."""


class BatchOfViews(Protocol):
    """Views of several pictures one after the other."""

    @property
    def views(self) -> ChangedViews:
        """All of them."""

    @property
    def pictures(self) -> Sequence[PictureOfViews]:
        """What they are of."""


class Answer(lightning.LightningModule):
    """The classifier alone: logits (V, L)."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier.freeze()
        self.images = 0
        """How many changed pictures are to come at the least."""

    def predict_step(self, batch: BatchOfViews, batch_idx: int = 0) -> Tensor:
        if not len(batch.views):
            return torch.zeros(0, len(self.classifier.labels))
        views = batch.views.composed()
        self.classifier.settle(views[:MOST_VIEWS_ELSEWHERE], self.images)
        with torch.no_grad():
            return torch.cat(
                [self.classifier(self.classifier.prepare(some)) for some in _pieces(views, batch)]
            )


def _pieces(views: Tensor, batch: BatchOfViews) -> list[Tensor]:
    """Return the views that go through the classifier at once: on a processor one picture's at most.

    Its rows are then the same to the last bit, whatever pictures come with it.
    """
    if views.device.type != "cpu":
        return list(views.split(MOST_VIEWS_ELSEWHERE))
    of_each = [tried.of_views for tried in batch.pictures]
    pictures = views.split(of_each or [len(views)])  # views alone are taken for one picture's
    return [some for picture in pictures for some in picture.split(MOST_VIEWS)]


@dataclass(frozen=True)
class AnswerRule:
    """How a network answers: its labels, or values, asked in the direction that a picture is on, or in one for all."""

    labels: list[str]
    values: bool = False
    asked: bool = False
    renamed: LabelNames | None = None

    @classmethod
    def of(cls, classifier: Classifier, asked: bool) -> "AnswerRule":
        """Return the rule of a classifier, whose labels may have other names."""
        renamed = classifier.renamed
        names = classifier.labels if renamed is None else renamed.names
        return cls(names, classifier.values is not None, asked, renamed)

    @property
    def nothing(self) -> Tensor:
        """The logits (0, L) of no picture."""
        return torch.zeros(0, len(self.labels) if self.renamed is None else len(self.renamed.place))

    def score(self, logits: Tensor, label: Tensor) -> Tensor:
        """Return what drops where a cause is taken away, (n,): the label's log-odds, or the value itself."""
        logits = logits if self.renamed is None else self.renamed.together(logits)
        return logits.gather(-1, label[:, None])[:, 0] if self.values else log_odds(logits, label)

    def answer(self, logits: Tensor, label: Tensor) -> Tensor:
        """Return the answers (n,); to one direction that is asked, none where the value is on the other side."""
        if not self.asked:
            own = logits.argmax(-1)
            return own if self.renamed is None else self.renamed.called(own)
        return torch.where(self.score(logits, label) > 0, label, -1)


def effect_rows(
    logits: Tensor, batch: TriedBatch, effect: Effect, answers: AnswerRule
) -> dict[str, pa.Table]:
    """Make a row for each pair, and the ledger's row of each picture; logits that are no numbers give no row."""
    labels = answers.labels
    logits = logits.double().cpu()
    counts = [len(tried.pairs) for tried in batch.pictures]
    first = torch.tensor([0, *(1 + 2 * count for count in counts)]).cumsum(0)[:-1]
    before = first.repeat_interleave(torch.tensor(counts, dtype=torch.int64))
    within = torch.tensor([pair for count in counts for pair in range(count)], dtype=torch.int64)
    named = [(tried, pair) for tried in batch.pictures for pair in tried.pairs]
    label = torch.tensor([labels.index(pair.trial.cell.label) for _, pair in named], dtype=torch.int64)
    alone = np.array([pair.control == "none" for _, pair in named], bool)

    def measured(places: Tensor) -> tuple[Tensor, Tensor]:
        scores = answers.score(logits[before], label), answers.score(logits[places], label)
        was, now = answers.answer(logits[before], label), answers.answer(logits[places], label)
        return effect.effect(*scores), effect.flipped(now, label) & ~effect.flipped(was, label)

    changed, flipped = measured(before + 1 + 2 * within)
    control, flipped_control = measured(before + 2 + 2 * within)
    sound = changed.isfinite().numpy() & (control.isfinite().numpy() | alone)
    columns: dict[str, Any] = {
        "index": pa.array([tried.index for tried, _ in named], pa.int64()),
        "image": pa.array([tried.path for tried, _ in named], pa.string()),
        "object": _names([pair.trial.cell.object for _, pair in named]),
        "label": _names([pair.trial.cell.label for _, pair in named]),
        "fill": _names([pair.fill for _, pair in named]),
        "effect": changed.float().numpy(),
        "effect_control": np.where(alone, np.float32(np.nan), control.float().numpy()),
        "flipped": flipped.numpy(),
        "flipped_control": flipped_control.numpy() & ~alone,
        "chosen": _names([pair.trial.cell.chosen for _, pair in named]),
        "control": _names([pair.control for _, pair in named]),
    }
    done = finished_ledger(
        [tried.path for tried in batch.pictures], np.array([t.index for t in batch.pictures], np.int64)
    )
    ledger = pa.concat_tables([done, refusal_table(batch.refusals)]) if batch.refusals else done
    return {"ledger": ledger, "effect": pa.table(columns).filter(pa.array(sound))}


def _names(values: Sequence[str]) -> pa.Array:
    return pa.array(values, pa.string())


def effect_key(components: Components, evidence_key: str, shared: Components | None = None) -> str:
    """Name all that decides what is measured."""
    settings = {name: components.settings[name] for name in ("effect", "threshold", "seed")}
    return intervention_key(components, evidence_key, settings, shared)


def trial_marks(folder: Path, trials: dict[int, list[Trial]]) -> dict[int, str]:
    """Return the mark of each picture in which something is tried, by its place in the ledger."""
    asked = {place: ([one.source for one in listed], repr(listed)) for place, listed in trials.items()}
    return row_marks(folder, asked)


def measure_effect(components: Components, evidence_key: str) -> None:
    """Write effect.parquet: the chosen cells, tried in pictures of the finished evidence."""
    measure_effects([components], [evidence_key])


def measure_effects(runs: Sequence[Components], keys: Sequence[str]) -> None:
    """Write effect.parquet of runs that differ in what their pictures are asked about alone.

    The components of the first are used for all. Runs in which the same is tried are answered by one pass.
    """
    first = runs[0]
    assert first.effect is not None
    with first.stage("effect"):
        model = Answer(first.classifier)
        works = [
            EffectWork(components, key, first, model) for components, key in zip(runs, keys, strict=True)
        ]
        left = [work for work in works if not is_written(work.table, work.key, work.marks)]
        if not left:
            return
        for note in first.effect.notes:
            sys.stderr.write(f"{note}\n")
        for alike in works_alike(left):
            try_pictures(alike, first, model)


class EffectWork:
    """What is tried in the pictures of one run; `first` are the components that try it."""

    def __init__(self, components: Components, evidence_key: str, first: Components, model: Answer) -> None:
        assert first.effect is not None
        self.run, self.thresholds = Run(components.folder), components.thresholds
        self.trials = plan(self.run, first.effect, self.thresholds, components.seed)
        self.key = effect_key(components, evidence_key, first)
        self.marks = trial_marks(components.folder, self.trials)
        self.table = components.folder / parquet(EFFECT)
        self.chunks = Chunks(components.folder, self.key, "trying")
        self.places = np.array(sorted(self.trials), np.int64)
        labels = model.classifier.label_names
        self.answers = AnswerRule.of(model.classifier, self.run.asked is not None)
        if labels != self.run.label_names:
            raise SettingError(
                f"effect: the classifier answers with other labels ({len(labels)}, {labels[0]} the first) than "
                f"the evidence speaks of ({len(self.run.label_names)}, {self.run.label_names[0]} the first); "
                "explain the pictures with it first"
            )

    def begin(self) -> np.ndarray:
        """Begin the pass, or go on; return the places of the pictures that are left."""
        images = read_parquet(self.run.path / parquet(LEDGER), columns=["image"])["image"].to_pylist()
        begin_marked(self.chunks, self.table, self.marks, images)
        return remaining(self.chunks, self.places)

    def tried(self) -> list[Any]:
        """Return what is tried, whatever is asked about: runs with the same are answered by one pass."""
        if self.run.asked is None:
            return [self.key]
        return [
            (place, [(one.image, one.cell.object, one.source, one.regions) for one in listed])
            for place, listed in sorted(self.trials.items())
        ]

    def rows(self, logits: Tensor, batch: TriedBatch, effect: Effect) -> dict[str, pa.Table]:
        """Make this run's rows of a batch that was tried for it, or for another run with the same trials."""
        pictures = [
            replace(tried, pairs=[self._own(tried.index, pair) for pair in tried.pairs])
            for tried in batch.pictures
        ]
        return effect_rows(logits, replace(batch, pictures=pictures), effect, self.answers)

    def _own(self, place: int, pair: TriedPair) -> TriedPair:
        own = next(
            one
            for one in self.trials[place]
            if one.cell.object == pair.trial.cell.object or one == pair.trial
        )
        return replace(pair, trial=own)

    def finish(self, effect: Effect, way: str | None) -> None:
        """Make one table of the rows, with the `way` by which the network was computed."""
        labels = self.answers.labels
        blank = effect_rows(self.answers.nothing, together([]), effect, self.answers)
        told = {
            "labels": labels,
            "key": self.key,
            **planned_trials(self.trials),
            "rule": rule_of(self.run, effect),
            WAY: way,
        }
        metadata = {METADATA: json.dumps(told).encode(), **marks_metadata(self.marks)}
        self.chunks.merge(self.run.path, metadata, (EFFECT,), blank, self.places)


def works_alike(works: Sequence[EffectWork]) -> list[list[tuple[EffectWork, np.ndarray]]]:
    """Return the works with the places that are left of each, those together that one pass answers."""
    found: list[list[tuple[EffectWork, np.ndarray]]] = []
    tried: list[tuple[list[int], list[Any]]] = []
    for work in works:
        left = work.begin()
        same = left.tolist(), work.tried()
        if same in tried:
            found[tried.index(same)].append((work, left))
        else:
            tried.append(same)
            found.append([(work, left)])
    return found


def try_pictures(works: list[tuple[EffectWork, np.ndarray]], first: Components, model: Answer) -> None:
    """Answer the changed pictures once, and write the rows of each run."""
    effect, (work, left) = first.effect, works[0]
    assert effect is not None
    if not work.trials:
        sys.stderr.write(
            f"effect: there is no picture to try an object in (effect.least is {effect.budget.least}), so that the "
            "columns of effects stay empty\n"
        )
    paths = files_of(first, work.trials)
    evidence = work.run.file(PREDICTIONS)
    go_the_same_way(model.classifier, [one.chunks for one, _ in works], evidence, work.table)
    model.images = 2 * sum(len(work.trials[place]) for place in left.tolist())
    if len(left):
        regions = regions_of_pictures(work.run, paths, work.thresholds)
        samples = Trials(
            first.data,
            paths,
            regions,
            work.trials,
            left,
            model.classifier.view,
            effect,
            first.seed,
            work.answers.asked,
        )
        writers = [
            WriteChunks(
                one.chunks, partial(mark_rows, rows=partial(one.rows, effect=effect), marks=one.marks)
            )
            for one, _ in works
        ]
        pictures = PICTURES_ELSEWHERE if on_accelerator(first.trainer) else PICTURES
        stream(first, model, samples, writers, together, pictures, len(work.trials), changes=CHANGES)
    for one, _ in works:
        one.finish(effect, model.classifier.way)


def planned_trials(trials: dict[int, list[Trial]]) -> dict[str, Any]:
    """Count the planned trials, of all cells together and of each."""
    cells = Counter((trial.cell.object, trial.cell.label) for listed in trials.values() for trial in listed)
    by_cell = [[object, label, count] for (object, label), count in cells.items()]
    return {"planned": cells.total(), "planned_by_cell": by_cell}


def rule_of(run: Run, effect: Effect) -> str:
    """Name the region and the control; masks take the boxes' place where the evidence has them."""
    masks = MASK in read_schema(run.path / "evidence.parquet").names
    return f"{effect.rule}, masks" if masks and effect.rule != BEFORE_RULES else effect.rule


def files_of(components: Components, trials: dict[int, list[Trial]]) -> dict[str, str]:
    """Return the data set's own names of the pictures that are opened, by those in the tables."""
    listed = {printable(path): path for path in components.listing}
    paths = {}
    for trial in (trial for of_image in trials.values() for trial in of_image):
        for image in (trial.image, trial.source):
            if image not in listed:
                raise SettingError(
                    f"effect: the data no longer lists {image}, which the evidence speaks of; "
                    "explain the pictures again, or bring them back"
                )
            paths[image] = listed[image]
    return paths
