"""Training sets x networks x test sets: each network is trained on each set, and tested on every one."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from emocam.cells.slices import recall_interval
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.data.samples import printable
from emocam.errors import SettingError
from emocam.functional.statistics.near_duplicates import near_between
from emocam.functional.statistics.wilson import wilson
from emocam.plot.cross_evaluation import cross_figure
from emocam.predict.components import Components
from emocam.results.files import LEDGER, WEIGHTS, parquet
from emocam.results.parquet_file import write_parquet
from emocam.results.spreadsheet import write_csv
from emocam.task.base import TaskOutcome
from emocam.task.cross import path_ends
from emocam.train.classifier import end_training, train_classifier, training_key
from emocam.train.pictures import (
    PERSON,
    PictureBatches,
    TrainingPictures,
    list_labelled,
    read_training_pictures,
)
from emocam.train.settings import TrainSettings
from emocam.world.face_rules import FACE_WORLDS

PLANTED, FACES = "emocam.data.planted.Planted", "faces"
"""The world of drawn faces, where the settings name none of them."""
DONE = "trained.json"
"""What a finished training of the study leaves beside its weights: the key of all that decides them."""
TRAININGS = "trainings"
TEST_SHARE = 3
"""Of drawn faces, pictures to train on for each to test on."""
BATCH = 128


@dataclass(frozen=True)
class PictureSet:
    """A name, and the settings of data that it stands for."""

    name: str
    data: dict[str, Any]


@dataclass
class GroupsCross:
    """`+experiment=groups_cross`: leaves cross.csv and cross.png, and in `trainings` the weights.

    The settings' `networks` are classifiers by name. Sets are the folders `trained` and `roots`, or `styles` of drawn
    faces, of which other people are drawn to train on than to test on.
    """

    settings: TrainSettings = field(default_factory=TrainSettings)
    trained: Sequence[str] = field(default_factory=list)
    roots: Sequence[str] = field(default_factory=list)
    styles: Sequence[str] = field(default_factory=list)
    pictures: int = 900

    def perform(self, components: Components) -> TaskOutcome:
        training, tests = self.sets(components)
        networks = components.settings.get("networks") or {}
        if not networks:
            raise SettingError(
                "networks names no classifier; +experiment=groups_cross names two, and "
                "+classifier@networks.NAME=OPTION adds one"
            )
        opened: dict[tuple[str, str], TestPictures] = {}
        rows = []
        for name, classifier in networks.items():
            for i, one in enumerate(training):
                folder = components.folder / TRAININGS / f"{name}-{i}"
                cell = with_settings(components, folder, {"classifier": dict(classifier), "data": one.data})
                trained = self.train(cell, f"{name} on {one.name}")
                for test in tests:
                    key = (repr(trained.classifier.view), test.name)
                    if key not in opened:
                        opened[key] = open_tests(components, test, trained.classifier)
                    figures = test_figures(trained, opened[key], components.seed)
                    own = one.name == test.name
                    rows.append(
                        {"weights": f"{name} on {one.name}", "data": test.name, **figures, "own": own}
                    )
        return finish(components, pd.DataFrame(rows), opened)

    def sets(self, components: Components) -> tuple[list[PictureSet], list[PictureSet]]:
        """Return what is trained on and what is tested on."""
        now = dict(components.settings["data"])
        drawn_here = now.get("_target_") == PLANTED
        if self.styles:
            if self.trained or self.roots or not drawn_here:
                raise SettingError(
                    "evaluate.styles are of drawn faces (data=planted); for folders give "
                    "data=imagefolder evaluate.styles=[] evaluate.trained=[FOLDER,...] evaluate.roots=[FOLDER,...]"
                )
            if now.get("world") not in FACE_WORLDS:
                now["world"] = FACES
            seed, count = components.seed, max(6, self.pictures)
            drawn = [
                [
                    PictureSet(style, now | {"style": style, "images": images, "seed": seed + more})
                    for style in self.styles
                ]
                for images, more in ((count, 0), (max(6, count // TEST_SHARE), 1))
            ]
            return drawn[0], drawn[1]
        for name, given in (("trained", self.trained), ("roots", self.roots)):
            if not given or isinstance(given, str):
                raise SettingError(
                    f"evaluate.{name} must list one FOLDER or more, as in evaluate.{name}=[FOLDER], got "
                    f"{given!r}"
                )
        if drawn_here:
            raise SettingError(
                "evaluate.trained and evaluate.roots are folders; give data=imagefolder as well"
            )
        return folders(now, self.trained), folders(now, self.roots)

    def train(self, cell: Components, name: str) -> "TrainedNetwork":
        """Train a network, or take the one that the same command has trained here before."""
        cell.folder.mkdir(parents=True, exist_ok=True)
        key, done = training_key(cell, self.settings), cell.folder / DONE
        known = json.loads(done.read_text()) if done.is_file() and (cell.folder / WEIGHTS).is_file() else {}
        if known.get("key") != key:
            sys.stderr.write(f"training {name}\n")
            outcome = train_classifier(cell, self.settings, key)
            end_training(cell.folder)
            thumbnails = outcome.pictures.thumbnails
            np.save(cell.folder / "thumbnails.npy", thumbnails)
            done.write_text(json.dumps({"key": key, "pictures": outcome.trained.pictures}))
        weights = {**cell.settings["classifier"], "weights": str(cell.folder / WEIGHTS)}
        if "labels" in weights:
            weights["labels"] = None
        classifier = cell.build_with("classifier", {**cell.settings, "classifier": weights})
        return TrainedNetwork(classifier.eval(), np.load(cell.folder / "thumbnails.npy"))


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained classifier, and the thumbnails of what it was trained on."""

    classifier: Classifier
    thumbnails: np.ndarray


@dataclass(frozen=True)
class TestPictures:
    """The pictures of a test set, their true labels by name, and their persons (N,) where they are known."""

    name: str
    pictures: TrainingPictures
    truth: list[str]
    person: np.ndarray | None
    data: Data
    listing: Sequence[str]


def with_settings(components: Components, folder: Path, changed: Mapping[str, Any]) -> Components:
    """Return the components of a folder and settings of its own."""
    settings = {**components.settings, **changed}

    def build(name: str) -> Any:
        return components.build_with(name, settings) if name in changed else components.build(name)

    return replace(components, folder=folder, settings=settings, build=build)


def folders(data: dict[str, Any], roots: Sequence[str]) -> list[PictureSet]:
    """Return a set for each folder, by the end of its path."""
    named = zip(path_ends(roots), roots, strict=True)
    return [PictureSet(name, data | {"root": str(root)}) for name, root in named]


def open_tests(components: Components, test: PictureSet, classifier: Classifier) -> TestPictures:
    """Open a test set once, as a classifier looks at it."""
    cell = with_settings(components, components.folder, {"data": test.data})
    data, listing = cell.data, cell.listing
    data.prepare()
    listed = list_labelled(data, listing, "groups_cross")
    labels = sorted(set(listed.truth))
    pictures = read_training_pictures(data, listing, listed, labels, classifier.view)
    try:
        persons = data.values(PERSON, "data.group")
    except SettingError:  # no such column
        persons = {}
    named = [persons.get(path, "") for path in pictures.paths]
    person = np.unique(named, return_inverse=True)[1] if named and all(named) else None
    return TestPictures(test.name, pictures, [labels[i] for i in pictures.label], person, data, listing)


def test_figures(trained: TrainedNetwork, test: TestPictures, seed: int) -> dict[str, Any]:
    """Return accuracy with its interval, over persons where they are known, and what was trained on of the test."""
    classifier, truth = trained.classifier, np.array(test.truth)
    answers = np.array(classifier.labels)[test_answers(classifier, test)]
    strange = sorted(set(test.truth) - set(classifier.labels))
    if strange:
        raise SettingError(
            f"{test.name}: its label {strange[0]!r} is none that was trained ({', '.join(classifier.labels[:8])}); "
            "name the labels of all folders alike"
        )
    right = answers == truth
    recalls = [float(right[truth == label].mean()) for label in sorted(set(test.truth))]
    low, high = accuracy_interval(right, test.person, seed)
    overlap = 0
    if test.data.drawn_world is None:  # drawn faces are others by their seed, however alike they look
        overlap = len(np.unique(near_between(test.pictures.thumbnails, trained.thumbnails)[:, 0]))
    return {
        "images": len(truth),
        "people": None if test.person is None else int(test.person.max()) + 1,
        "accuracy": float(right.mean()),
        "low": low,
        "high": high,
        "balanced_accuracy": float(np.mean(recalls)),
        "trained_on": overlap,
        "struck": bool(overlap),
    }


def test_answers(classifier: Classifier, test: TestPictures) -> np.ndarray:
    """Return the number of the label (N,) that a classifier gives each picture."""
    count, found = len(test.pictures), []
    batches = PictureBatches(test.pictures, np.ones(count, bool), test.data, classifier.view)
    with torch.no_grad():
        for start in range(0, count, BATCH):
            seen, _ = batches[list(range(start, min(start + BATCH, count)))]
            found.append(classifier(classifier.prepare(seen)).argmax(-1))
    return torch.cat(found).numpy()


def accuracy_interval(right: np.ndarray, person: np.ndarray | None, seed: int) -> tuple[float, float]:
    """Return the ends of the interval of the share of right answers, over persons, or else Wilson's of pictures."""
    if person is not None:
        each = np.bincount(person, right) / np.bincount(person)
        low, high = recall_interval(each[:, None], seed)
        if np.isfinite(low):
            return low, high
    ends = wilson(np.array([right.sum()]), np.array([len(right)]))
    return float(ends[0][0]), float(ends[1][0])


def finish(
    components: Components, table: pd.DataFrame, opened: dict[tuple[str, str], TestPictures]
) -> TaskOutcome:
    """Write the table, the figure and the ledger of all test pictures, and say what was found."""
    table["people"] = table["people"].astype("Int64")
    write_csv(table, components.folder / "cross.csv", index=False)
    cross_figure(table).savefig(components.folder / "cross.png")
    rows: dict[str, tuple[str, str]] = {}
    for name, test in {name: test for (_, name), test in opened.items()}.items():
        rows |= {f"{name}/{printable(path)}": ("done", "") for path in test.pictures.paths}
        rows |= {f"{name}/{one.path}": (one.status, one.reason) for one in test.pictures.refusals}
    columns = {
        "image": list(rows),
        "status": [s for s, _ in rows.values()],
        "reason": [r for _, r in rows.values()],
    }
    write_parquet(pa.table(columns), components.folder / parquet(LEDGER))
    components.listing = list(rows)
    trainings, tests = table["weights"].nunique(), table["data"].nunique()
    own, other = (100 * table.loc[table["own"] == is_own, "accuracy"].mean() for is_own in (True, False))
    lines = [f"{trainings} trainings on {tests} test sets: cross.csv, cross.png"]
    if np.isfinite(own) and np.isfinite(other):
        lines.append(
            f"right answers on the set trained on {own:.0f} %, on the others {other:.0f} % on average"
        )
    if struck := int(table["struck"].sum()):
        lines.append(f"{struck} cells are struck out, since their pictures were trained on")
    return TaskOutcome({"cells": len(table), "cells_struck": struck, "trainings": trainings}, lines)
