"""A linear head on the frozen features of a classifier: labels or values of one's own, without a training."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from emocam.classifier.base import Classifier
from emocam.data.samples import printable
from emocam.errors import SettingError
from emocam.functional.statistics.ridge import LinearFit
from emocam.network.probe_head import ProbeHead
from emocam.network.trained import file_bytes
from emocam.network.values import Values, check_value_names
from emocam.predict.components import Components
from emocam.results.agreement import Ratings, write_agreement
from emocam.results.files import PROBE, PROBE_HEAD, SUMMARY, parquet
from emocam.results.parquet_file import write_parquet
from emocam.results.summary import read_summary
from emocam.task.base import TaskOutcome
from emocam.task.evaluation import LabelledAnswers, evaluate_answers, write_evaluation
from emocam.task.train import write_pictures
from emocam.task.value_evaluation import per_value, units_of
from emocam.train.classifier import network_name, training_key
from emocam.train.frozen_features import last_features
from emocam.train.pictures import (
    TrainingPictures,
    check_parts,
    group_pictures,
    list_labelled,
    open_known_pictures,
    read_training_pictures,
)
from emocam.train.probe import Probed, probe_labels, probe_values
from emocam.train.ratings import (
    RatedListing,
    facts_of_all,
    list_rated,
    measure_ratings,
    rated_names,
)
from emocam.train.split import check_counts

KEY, LINES = "probe_key", "probe_lines"


@dataclass(frozen=True)
class ProbePictures:
    """Pictures with their groups (N,) and features (N, C), and the digest of the network that gave these."""

    pictures: TrainingPictures
    group: NDArray[np.int64]
    features: NDArray[np.float64]
    backbone: str
    sentence: str


@dataclass
class Probe:
    """`task=probe`: leaves probe.safetensors for `classifier.head`, and what it foretells of left-out folds.

    Values, columns `truth_NAME` of the data, are fitted by ridge regression; labels by logistic regression. Which
    values, `classifier.values` says; without it the data's labels are taken, or all values where there are none.
    """

    folds: int = 5

    def __post_init__(self) -> None:
        if isinstance(self.folds, bool) or not isinstance(self.folds, int) or self.folds < 2:
            raise SettingError(f"task.folds must be a whole number of at least 2, got {self.folds!r}")

    def perform(self, components: Components) -> TaskOutcome:
        check_takes_head(components)
        key = training_key(components, self)
        if (components.folder / SUMMARY).is_file() and (components.folder / PROBE_HEAD).is_file():
            summary: Any = read_summary(components.folder)
            if summary.get(KEY) == key:  # the same command was completed here
                return TaskOutcome(
                    {name: summary[name] for name in summary if name in ENTRIES}, summary[LINES]
                )
        if (components.folder / PROBE_HEAD).is_file():
            raise SettingError(
                f"hydra.run.dir {components.folder} holds a probe of other settings or pictures; name another folder"
            )
        with components.stage("build"):
            components.data.prepare()
            names = probed_values(components)
            classifier = build_backbone(components)
        entries, lines = (
            self._of_labels(components, classifier)
            if names is None
            else self._of_values(components, classifier, names)
        )
        lines.append(f"head     {PROBE_HEAD}: classifier.head=FILE takes it, with the same classifier")
        return TaskOutcome(entries | {KEY: key, LINES: lines}, lines)

    def _of_values(
        self, components: Components, classifier: Classifier, names: list[str]
    ) -> tuple[dict[str, Any], list[str]]:
        listed = list_rated(components.data, components.listing, names, "probe")
        check_parts(components.data, listed.paths)
        values = measure_ratings(names, listed.ratings, "probe")
        with components.stage("read"):
            opened = open_known_pictures(components.data, components.listing, listed.known, classifier.view)
        shown = see_pictures(components, classifier, opened, listed.notes)
        ratings = opened.label.astype(np.float64)
        with components.stage("fit"):
            found = probe_values(shown.features, ratings, shown.group, self.folds, components.seed)
        write_head(components, classifier, shown, found.head, names, values)
        table, words = write_value_answers(components, shown, found, ratings, listed)
        known = table["r"].to_numpy()[np.isfinite(table["r"])]
        entries = described_probe(shown, found) | {
            "agreement_r": float(known.mean()) if len(known) else None,
            "per_value": per_value(table),
            "notes": [*components.data.notes, *listed.notes],
        }
        return entries, [shown.sentence, *[f"left-out folds: {line}" for line in words]]

    def _of_labels(self, components: Components, classifier: Classifier) -> tuple[dict[str, Any], list[str]]:
        data, listing = components.data, components.listing
        listed = list_labelled(data, listing, "probe")
        check_parts(data, listed.paths)
        labels = sorted(set(listed.truth))
        if len(labels) < 2:
            raise SettingError(f"task=probe needs pictures of two labels or more, and all are {labels[0]!r}")
        with components.stage("read"):
            opened = read_training_pictures(data, listing, listed, labels, classifier.view)
        check_counts(labels, np.bincount(opened.label, minlength=len(labels)), "probe")
        shown = see_pictures(components, classifier, opened, [])
        with components.stage("fit"):
            found = probe_labels(
                shown.features, opened.label, len(labels), shown.group, self.folds, components.seed
            )
        write_head(components, classifier, shown, found.head, labels, None)
        images = [printable(path) for path in opened.paths]
        truth = [labels[number] for number in opened.label]
        group = shown.group.astype(str).tolist()
        evaluation = evaluate_answers(
            LabelledAnswers(images, found.answers, labels, truth, group), components.seed
        )
        write_evaluation(evaluation, components.folder)
        columns = {
            "label": [labels[number] for number in found.answers.argmax(1)],
            "confidence": found.answers.max(1),
            "truth": truth,
        }
        write_answers(components, images, found, columns)
        figures = {name: evaluation.entries[name] for name in FIGURES}
        entries = described_probe(shown, found) | figures | {"notes": list(data.notes)}
        return entries, [shown.sentence, *[f"left-out folds: {line}" for line in evaluation.lines]]


FIGURES = ("accuracy", "balanced_accuracy", "macro_f1")
ENTRIES = {
    *("probed", "features", "folds", "penalties", "backbone", "agreement_r", "per_value", "notes"),
    *(*FIGURES, KEY, LINES),
}
"""What a probe adds to summary.json."""


def check_takes_head(components: Components) -> None:
    """Refuse a classifier that has no place for a head, or has one already."""
    settings = components.settings.get("classifier") or {}
    if "head" not in settings or not components.classifier_named:
        raise SettingError(
            "task=probe needs a classifier that takes classifier.head; take classifier=torchvision, timm or "
            "efficientnet_lite0"
        )
    if settings["head"] is not None:
        raise SettingError("task=probe fits a head of its own; leave classifier.head away")


def probed_values(components: Components) -> list[str] | None:
    """Return the values that a head is fitted to; None for labels."""
    classifier = components.settings["classifier"]
    if isinstance(classifier.get("values"), list | tuple):
        return check_value_names(list(classifier["values"]))
    facts = facts_of_all(components.data, components.listing)
    labelled = any(str(fact.get("truth", "")) for fact in facts)
    rated = rated_names(facts)
    if classifier.get("values") is True and not rated:
        raise SettingError(
            "task=probe: classifier.values=true takes all columns truth_NAME, and the data have none"
        )
    return check_value_names(rated) if classifier.get("values") is True or (rated and not labelled) else None


def build_backbone(components: Components) -> Classifier:
    """Return the classifier as it is without the values that the head will answer with."""
    own = {**components.settings["classifier"], "values": False, "head": None}
    classifier: Classifier = components.build_with("classifier", {**components.settings, "classifier": own})
    return classifier.freeze()


def see_pictures(
    components: Components, classifier: Classifier, pictures: TrainingPictures, notes: list[str]
) -> ProbePictures:
    """Compute the features of pictures, say how they are grouped, and write which were used."""
    group, grouped = group_pictures(components.data, pictures)
    with components.stage("features"):
        features, backbone = last_features(components, classifier, pictures)
    sentence = (
        f"{features.shape[1]:,} features of {len(features):,} pictures; folds whole by {grouped}, the penalty chosen "
        "by inner folds"
    )
    for note in [*components.data.notes, *notes]:
        sys.stderr.write(f"{note}\n")
    write_pictures(components, pictures)
    return ProbePictures(pictures, group, features, backbone, sentence)


def described_probe(shown: ProbePictures, found: Probed) -> dict[str, Any]:
    """Return what the summary says of any probe."""
    return {
        "probed": len(shown.features),
        "features": shown.features.shape[1],
        "folds": len(np.unique(found.fold)),
        "penalties": [float(penalty) for penalty in found.head.penalty],
        "backbone": shown.backbone,
    }


def write_head(
    components: Components,
    classifier: Classifier,
    shown: ProbePictures,
    fit: LinearFit,
    names: list[str],
    values: Values | None,
) -> None:
    """Write probe.safetensors, the same bytes for the same head."""
    weight, bias = (torch.from_numpy(numbers).float() for numbers in (fit.weight, fit.bias))
    name = network_name(components.settings["classifier"])
    head = ProbeHead(weight, bias, names, values, repr(classifier.view), shown.backbone, name)
    file = components.folder / PROBE_HEAD
    half = file.with_suffix(".tmp")
    half.write_bytes(file_bytes({"weight": weight, "bias": bias}, head.metadata()))
    half.replace(file)


def write_value_answers(
    components: Components,
    shown: ProbePictures,
    found: Probed,
    ratings: NDArray[np.float64],
    listed: RatedListing,
) -> Any:
    """Write probe.parquet and agreement.csv of the left-out answers; return the table and its words."""
    import pandas as pd

    names = listed.names
    predicted, rated = (pd.DataFrame(numbers, columns=names) for numbers in (found.answers, ratings))
    columns = {name: predicted[name].to_numpy() for name in names}
    columns |= {f"truth_{name}": rated[name].to_numpy() for name in names}
    write_answers(components, [printable(path) for path in shown.pictures.paths], found, columns)
    unit, _ = units_of(shown.group.astype(str), len(ratings))
    return write_agreement(
        components.folder, Ratings(predicted, rated, listed.ceiling), unit, components.seed
    )


def write_answers(components: Components, images: list[str], found: Probed, columns: dict[str, Any]) -> None:
    """Write probe.parquet: what heads answered that did not see a picture's fold."""
    table = pa.table({"image": images, "fold": found.fold, **columns})
    write_parquet(table, components.folder / parquet(PROBE))
