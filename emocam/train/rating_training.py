"""The training of a network that answers with numbers, on pictures with ratings."""

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.data.audit_record import audit_sentence
from emocam.data.samples import printable
from emocam.network.trained import Trained, channel_statistics, file_bytes, read_trained
from emocam.network.values import Values, read_values
from emocam.network.weights import is_file
from emocam.plot.training import training_figure
from emocam.predict.components import Components
from emocam.results.agreement import Ratings, write_agreement
from emocam.results.files import SPLIT, TRAINING, TRAINING_PICTURE, TRAINING_STATE, WEIGHTS
from emocam.results.spreadsheet import write_csv
from emocam.train.classifier import (
    EPOCHS,
    GENTLE_RATE,
    RATE,
    Figure,
    TrainingOutcome,
    begin_training,
    build_untrained,
    network_name,
    read_rows,
    view_sample,
)
from emocam.train.loop import Epochs, Recipe, Row, learn_lesson
from emocam.train.parts import PartedPictures, examined_part, training_part
from emocam.train.pictures import BATCH, TrainingPictures, check_parts, group_pictures, open_known_pictures
from emocam.train.rating_lesson import RatingLesson, in_own_units, last_layer, standardise
from emocam.train.ratings import list_rated, measure_ratings
from emocam.train.settings import TrainSettings
from emocam.train.split import split_rated
from emocam.train.telling import Telling


def train_ratings(
    components: Components, settings: TrainSettings, key: str, names: list[str]
) -> TrainingOutcome:
    """Train the classifier on ratings of these values; what an interrupted command did is gone on from."""
    settings.check_for_values()
    folder, state, data = components.folder, components.folder / TRAINING_STATE, components.data
    with components.stage("build"):
        begin_training(folder, state, key)
        data.prepare()
        listed = list_rated(data, components.listing, names, "train")
        check_parts(data, listed.paths)
        measure_ratings(names, listed.ratings, "train")  # a fault is told before pictures are opened
        classifier, start = build_untrained(without_values(components), names)
    with components.stage("read"):
        pictures = open_known_pictures(data, components.listing, listed.known, classifier.view)
        rated = part_rated(components, pictures, names, settings.hold)
    notes = [*data.notes, *listed.notes, rated.sentence, audit_sentence(data.root, components.cache)]
    sys.stderr.writelines(f"{note}\n" for note in notes)
    layer = last_layer(classifier, len(names), view_sample(pictures, data, classifier.view, 2))
    weights = components.settings["classifier"].get("weights")
    written = read_values(weights) if weights and is_file(str(weights)) else None
    if written is not None and list(written.names) == names:
        standardise(layer, rated.values)
    recipe = Recipe(
        settings.epochs or EPOCHS,
        settings.rate or (RATE if start == "random" else GENTLE_RATE),
        settings.decay,
    )
    chosen = {"epochs": recipe.epochs, "rate": recipe.rate, "seed": components.seed, "start": start}
    blank = describe_rating_training(components, rated.parted, classifier, settings, chosen)
    lesson = RatingLesson(classifier.requires_grad_(True), settings)
    if classifier.trains_channels_last:
        lesson.to(memory_format=torch.channels_last)
    telling = Telling(folder, recipe.epochs, components.log, components.quiet)
    keeper = KeepValueWeights(folder / WEIGHTS, blank, rated.values)
    figure = Figure(settings.figure_of(values=True))
    epochs = Epochs(state, components.seed, figure, keeper, telling, settings.patience)
    learn_ratings(components, lesson, recipe, rated, epochs)
    rows = read_rows(folder / TRAINING)
    telling.log_rows(rows)
    trained = read_trained(folder / WEIGHTS)
    assert trained is not None
    training_figure(pd.DataFrame(rows), trained.epoch).savefig(folder / TRAINING_PICTURE)
    notes += held_agreement(components, rated, listed.ceiling)
    return TrainingOutcome(pictures, rated.parted.held, rows, trained.epoch, trained, notes)


def without_values(components: Components) -> Components:
    """Return the same components whose classifier has plain answers, of which a training makes values."""
    classifier = {**components.settings["classifier"], "values": False}
    return replace(components, settings={**components.settings, "classifier": classifier})


@dataclass(frozen=True)
class RatedParts:
    """Rated pictures in two parts with the group of each (N,), and what the ratings are measured by."""

    parted: PartedPictures
    ratings: np.ndarray
    group: np.ndarray
    values: Values
    sentence: str


def part_rated(
    components: Components, pictures: TrainingPictures, names: list[str], hold: float
) -> RatedParts:
    """Split the pictures, write which part each is of, and standardise the ratings by the part to learn from."""
    group, grouped = group_pictures(components.data, pictures)
    named = [printable(path) for path in pictures.paths]
    held = split_rated(named, group, hold, components.seed)
    table = pd.DataFrame({"image": named, "split": np.where(held, "held", "train")})
    write_csv(table, components.folder / SPLIT, index=False)
    ratings = pictures.label.astype(np.float64)
    values = measure_ratings(names, ratings[~held], "train")
    z = ((ratings - np.array(values.centre)) / np.array(values.scale)).astype(np.float32)
    sentence = f"{(~held).sum():,} pictures are trained on and {held.sum():,} held back, whole by {grouped}"
    return RatedParts(
        PartedPictures(replace(pictures, label=z), held, names), ratings, group, values, sentence
    )


def describe_rating_training(
    components: Components,
    parted: PartedPictures,
    classifier: Classifier,
    settings: TrainSettings,
    chosen: dict[str, Any],
) -> Trained:
    """Return what the weights' file says of its training, as far as that is known before the first epoch."""
    view = classifier.view
    mean, std = channel_statistics(classifier.prepare, view_sample(parted.pictures, components.data, view, 1))
    return Trained(
        labels=parted.labels,
        view=repr(view),
        mean=mean,
        std=std,
        network=network_name(components.settings["classifier"]),
        settings={**asdict(settings), "keep": settings.figure_of(values=True), **chosen},
        digest=parted.pictures.digest,
        pictures=parted.trained_on,
    )


def learn_ratings(
    components: Components, lesson: RatingLesson, recipe: Recipe, rated: RatedParts, epochs: Epochs
) -> None:
    """Train with the settings' trainer and precision until the last epoch."""
    view = lesson.classifier.view
    training = training_part(components, rated.parted, view, even=False)
    examined = examined_part(components, rated.parted, view)
    arguments = dict(components.trainer)
    if components.precision == "bf16":
        arguments.setdefault("precision", "bf16-mixed")
    with components.stage("train"):
        learn_lesson(lesson, recipe, training, examined, epochs, arguments)


@dataclass(frozen=True)
class KeepValueWeights:
    """Writes the weights of an epoch that is better than all before, answering in the values' own units."""

    file: Path
    blank: Trained
    values: Values

    def __call__(self, lesson: nn.Module, row: Row) -> None:
        assert isinstance(lesson, RatingLesson)
        figures = {name: value for name, value in row.items() if name not in ("epoch", "rate")}
        trained = replace(self.blank, epoch=int(row["epoch"]), figures=figures)
        layer = _answering(lesson.classifier, len(self.values.names))
        with in_own_units(layer, self.values):
            state = {
                name: tensor.detach().cpu().contiguous().clone()
                for name, tensor in lesson.classifier.file_state().items()
            }
        half = self.file.with_suffix(".tmp")
        half.write_bytes(file_bytes(state, trained.metadata() | self.values.metadata()))
        half.replace(self.file)


def _answering(classifier: nn.Module, answers: int) -> nn.Linear | nn.Conv2d:
    """Return the layer that `last_layer` found, in a copy of the classifier too."""
    kinds = (nn.Linear, nn.Conv2d)
    return [m for m in classifier.modules() if isinstance(m, kinds) and m.weight.shape[0] == answers][-1]


@torch.no_grad()
def held_agreement(components: Components, rated: RatedParts, ceiling: np.ndarray) -> list[str]:
    """Write agreement.csv of the held-out part, answered by the weights that were left; return it in words."""
    if not rated.parted.held.any():
        return []
    file = str(components.folder / WEIGHTS)
    own = {**components.settings["classifier"], "weights": file, "labels": None, "values": None}
    classifier: Classifier = components.build_with("classifier", {**components.settings, "classifier": own})
    part = examined_part(components, rated.parted, classifier.view)
    assert part is not None and classifier.values is not None
    names, held = rated.parted.labels, rated.parted.held
    answers: list[Tensor] = []
    for first in range(0, int(held.sum()), 4 * BATCH):
        views, _ = part.dataset[list(range(first, min(first + 4 * BATCH, int(held.sum()))))]
        values = classifier.derive(classifier(classifier.prepare(views)))
        answers.append(torch.stack(list(values.values()), 1))
    predicted = pd.DataFrame(torch.cat(answers).numpy(), columns=names)
    ratings = Ratings(predicted, pd.DataFrame(rated.ratings[held], columns=names), ceiling)
    _, lines = write_agreement(components.folder, ratings, rated.group[held], components.seed)
    return [line.replace("r with the ratings", "held-out r with the ratings") for line in lines]
