"""The training of a classifier: pictures are split, the loop runs, and the kept epoch's weights are left."""

import hashlib
import json
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from emocam.classifier.base import Classifier
from emocam.data.audit_record import audit_sentence
from emocam.data.base import Data
from emocam.data.contents import picture_files
from emocam.data.samples import printable
from emocam.errors import SettingError
from emocam.network.labels_file import read_labels
from emocam.network.trained import Trained, channel_statistics, file_bytes, read_trained
from emocam.network.weights import SUFFIXES, by_own_names, check_fit, is_file, read_weights
from emocam.plot.training import training_figure
from emocam.predict.components import Components
from emocam.predict.keys import code_digest
from emocam.predict.point_sequences import check_point_sequences
from emocam.results.files import LABELS_FILE, TRAINING, TRAINING_PICTURE, TRAINING_STATE, WEIGHTS
from emocam.train.landmarks import lesson_of, solve_lesson
from emocam.train.lesson import ClassifierLesson
from emocam.train.loop import Epochs, Recipe, Row, learn_lesson
from emocam.train.parts import PartedPictures, examined_part, part_pictures, training_part
from emocam.train.pictures import (
    LabelledListing,
    TrainingPictures,
    check_parts,
    list_labelled,
    read_training_pictures,
)
from emocam.train.settings import LAST, TrainSettings
from emocam.train.telling import Telling
from emocam.view.base import View

EPOCHS = 16
RATE, GENTLE_RATE = 3e-3, 3e-4
KEY = "key"


@dataclass(frozen=True)
class TrainingOutcome:
    """A finished training: its pictures, the rows of its epochs, and what was kept."""

    pictures: TrainingPictures
    held: np.ndarray
    rows: list[Row]
    kept: int
    trained: Trained
    notes: list[str]


def train_classifier(components: Components, settings: TrainSettings, key: str) -> TrainingOutcome:
    """Train the classifier that the settings name; what an interrupted command did is gone on from."""
    folder, state = components.folder, components.folder / TRAINING_STATE
    data = components.data
    with components.stage("build"):
        begin_training(folder, state, key)
        data.prepare()
        check_point_sequences(components)
        listed = list_labelled(data, components.listing, "train")
        check_parts(data, listed.paths)
        labels = training_labels(components, listed)
        classifier, start = build_untrained(components, labels)
    with components.stage("read"):
        pictures = read_training_pictures(data, components.listing, listed, labels, classifier.view)
        parted, grouped = part_pictures(components, pictures, labels, settings.hold)
    notes = say_parts(components, parted, grouped)
    lesson = lesson_of(classifier.requires_grad_(True), parted.counts, settings)
    rate = settings.rate or (RATE if start == "random" else GENTLE_RATE)
    recipe = Recipe(settings.epochs or EPOCHS, rate, settings.decay)
    chosen = {"epochs": recipe.epochs, "rate": recipe.rate, "seed": components.seed, "start": start}
    blank = describe_training(components, parted, classifier, settings, chosen)
    keeper = KeepWeights(folder / WEIGHTS, blank)
    telling = Telling(folder, recipe.epochs, components.log, components.quiet)
    figure = Figure(settings.figure_of(values=False))
    epochs = Epochs(state, components.seed, figure, keeper, telling, settings.patience)
    training = training_part(components, parted, classifier.view, settings.balance == "sampler")
    examined = examined_part(components, parted, classifier.view)
    arguments = dict(components.trainer)
    if components.precision == "bf16":
        arguments.setdefault("precision", "bf16-mixed")
    with components.stage("train"):
        if not solve_lesson(lesson, training, examined, epochs):
            learn_lesson(lesson, recipe, training, examined, epochs, arguments)
    rows = read_rows(folder / TRAINING)
    telling.log_rows(rows)
    trained = read_trained(folder / WEIGHTS)
    assert trained is not None
    training_figure(pd.DataFrame(rows), trained.epoch).savefig(folder / TRAINING_PICTURE)
    return TrainingOutcome(pictures, parted.held, rows, trained.epoch, trained, notes)


def say_parts(components: Components, parted: PartedPictures, grouped: str) -> list[str]:
    """Print what the data say of themselves, how they are parted and whether they were audited; return it."""
    notes = [
        *components.data.notes,
        f"{parted.trained_on:,} pictures are trained on and {parted.held.sum():,} held back, whole by {grouped}",
        audit_sentence(components.data.root, components.cache),
    ]
    for note in notes:
        sys.stderr.write(f"{note}\n")
    return notes


def describe_training(
    components: Components,
    parted: PartedPictures,
    classifier: Classifier,
    settings: TrainSettings,
    chosen: dict[str, Any],
) -> Trained:
    """Return what the weights' file says of its training, as far as that is known before the first epoch."""
    pictures, view = parted.pictures, classifier.view
    mean, std = channel_statistics(classifier.prepare, view_sample(pictures, components.data, view, 1))
    return Trained(
        labels=parted.labels,
        view=repr(view),
        mean=mean,
        std=std,
        prior=[round(share, 6) for share in (parted.counts / parted.counts.sum()).tolist()],
        balanced=settings.balanced,
        network=network_name(components.settings["classifier"]),
        settings={**asdict(settings), **chosen},
        digest=pictures.digest,
        pictures=parted.trained_on,
    )


def read_rows(file: Path) -> list[Row]:
    """Return the rows of training.csv, an epoch each."""
    table = pd.read_csv(file)
    return [dict(zip(table.columns, values, strict=True)) for values in table.to_numpy(float).tolist()]


def training_key(components: Components, settings: Any) -> str:
    """Name all that decides the weights: settings, code, and the contents of pictures, tables and first weights.

    `settings` are those of the training, or of another task that fits weights to pictures, as a dataclass.
    """
    data, listing = components.data, components.listing
    handled = ("workers", "export", "max_unreadable")
    read = {name: value for name, value in components.settings["data"].items() if name not in handled}
    own = components.settings | {"data": read}
    classifier = own.get("classifier") or {}
    named = [
        Path(str(classifier[name])).expanduser() for name in ("weights", "labels") if classifier.get(name)
    ]
    told = [
        code_digest(),
        {name: own.get(name) for name in ("data", "classifier", "seed", "precision")},
        asdict(settings),
        sorted(components.read["data"].items()),
        components.digests.of_all(named),
        [printable(path) for path in listing],
        components.digests.of_all(picture_files(data, listing)),
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def begin_training(folder: Path, state: Path, key: str) -> None:
    """Make the folder of what is needed to go on; one of another training is left alone."""
    file = state / KEY
    if file.is_file() and file.read_text() != key:
        raise SettingError(
            f"hydra.run.dir {folder} holds a training of other settings or pictures; name another folder, or "
            "remove this one"
        )
    if not file.is_file() and (folder / WEIGHTS).is_file():
        raise SettingError(
            f"hydra.run.dir {folder} holds weights of another training; name another folder, or remove this one"
        )
    state.mkdir(exist_ok=True)
    file.write_text(key)


def end_training(folder: Path) -> None:
    """Remove what is needed to go on, once there is nothing to go on with."""
    shutil.rmtree(folder / TRAINING_STATE, ignore_errors=True)


def training_labels(components: Components, listed: LabelledListing) -> list[str]:
    """Return the labels to learn: those of a labels file where one is named, else all true ones by name.

    A classifier that takes no labels file has its own.
    """
    settings, found = components.settings.get("classifier") or {}, sorted(set(listed.truth))
    if "labels" in settings and settings["labels"] is None:
        if len(found) < 2:
            raise SettingError(
                f"task=train needs pictures of two labels or more, and all of these are {found[0]!r}"
            )
        return found
    names: list[str] = (
        components.classifier.labels if "labels" not in settings else read_labels(settings["labels"])
    )
    strange = sorted(set(found) - set(names))
    if strange:
        raise SettingError(
            f"task=train: the true label {strange[0]!r} is none of the classifier's ({', '.join(names[:8])}); "
            "name the labels alike, or give the classifier a labels file with all of them"
        )
    return list(names)


def build_untrained(components: Components, labels: list[str]) -> tuple[Classifier, str]:
    """Return the classifier with as many answers as there are labels, and what it starts from.

    Weights that are named are taken layer by layer where they fit; the last layer is drawn where they have other
    labels.
    """
    settings = dict(components.settings["classifier"])
    weights = settings.get("weights")
    if "weights" not in settings or "labels" not in settings:
        return components.classifier, "its own"
    file = components.folder / LABELS_FILE
    file.write_text("\n".join(labels) + "\n", encoding="utf-8")
    drawn = {**settings, "labels": str(file), "weights": "random"}
    if "adjust" in settings:
        drawn["adjust"] = 0
    classifier: Classifier = components.build_with("classifier", {**components.settings, "classifier": drawn})
    if weights == "random":
        return classifier, "random"
    trained = read_trained(weights)
    theirs = None if trained is None else trained.labels
    if weights is not None and is_file(weights) and str(weights).endswith(SUFFIXES):
        state, whose = read_weights(weights), str(weights)
    else:
        own: Classifier = components.build_with(
            "classifier",
            {**components.settings, "classifier": settings | ({"adjust": 0} if "adjust" in settings else {})},
        )
        state, whose = own.file_state(), str(weights or "the library's weights")
        theirs = own.labels
    state = in_order_of(state, classifier.file_state(), theirs, labels)
    take_fitting(classifier, state, whose, trained, labels)
    return classifier, whose


def in_order_of(
    state: dict[str, Any], fresh: dict[str, Any], theirs: list[str] | None, labels: list[str]
) -> dict[str, Any]:
    """Return the tensors with the last layer's rows in the order of `labels`, where these are theirs in another."""
    if theirs is None or theirs == labels or sorted(theirs) != sorted(labels):
        return state
    rows = [theirs.index(label) for label in labels]
    return state | {name: state[name][rows] for name in last_tensors(fresh, labels) if name in state}


def last_tensors(fresh: dict[str, Any], labels: list[str]) -> list[str]:
    """Return the names of the last layer's tensors, which have a row for each label."""
    return [name for name in fresh if len(fresh[name].shape) and fresh[name].shape[0] == len(labels)][-2:]


def take_fitting(
    classifier: Classifier, state: dict[str, Any], whose: str, trained: Trained | None, labels: list[str]
) -> None:
    """Load tensors of the same network; of other labels than its own all but the last layer's."""
    fresh = classifier.file_state()
    state, classifier.weights_note = by_own_names(fresh, state, whose)
    other = [name for name in fresh if name in state and state[name].shape != fresh[name].shape]
    renamed = trained is not None and sorted(trained.labels) != sorted(labels)
    if other or renamed:
        last = last_tensors(fresh, labels)
        if set(other) <= set(last) and state.keys() == fresh.keys():
            state = {**state, **{name: fresh[name] for name in last}}
    check_fit(fresh, type(classifier).__name__, state, whose)
    classifier.load_file_state(state)


def network_name(settings: dict[str, Any]) -> str:
    """Return the class and model of a classifier's settings."""
    name = str(settings.get("_target_", "")).rpartition(".")[2]
    return f"{name} {settings['model']}" if settings.get("model") else name


def view_sample(pictures: TrainingPictures, data: Data, view: View, count: int) -> torch.Tensor:
    """Return the views (count, c, h, w) of the first pictures."""
    if pictures.views is not None:
        return pictures.views[:count]
    return torch.stack([view(data.open(path).image)[0] for path in pictures.paths[:count]])


@dataclass(frozen=True)
class Figure:
    """The figure that chooses the epoch, larger for better; `last` prefers each epoch to those before."""

    name: str

    def __call__(self, row: Row) -> float:
        if self.name == LAST:
            return row["epoch"]
        return -row[self.name] if self.name.endswith("loss") else row[self.name]


@dataclass(frozen=True)
class KeepWeights:
    """Writes the weights of an epoch that is better than all before, whole or not at all."""

    file: Path
    blank: Trained

    def __call__(self, lesson: nn.Module, row: Row) -> None:
        assert isinstance(lesson, ClassifierLesson)
        plain, corpus = lesson.temperatures()
        trained = replace(
            self.blank,
            temperature=round(plain, 5),
            temperature_corpus=round(corpus, 5),
            epoch=int(row["epoch"]),
            figures={name: value for name, value in row.items() if name not in ("epoch", "rate")},
        )
        state = {
            name: tensor.detach().cpu().contiguous()
            for name, tensor in lesson.classifier.file_state().items()
        }
        half = self.file.with_suffix(".tmp")
        # not save_file, whose files only their owner can read
        half.write_bytes(file_bytes(state, trained.metadata()))
        half.replace(self.file)
