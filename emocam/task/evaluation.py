"""The figures of predictions with true labels, and the files that hold them."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emocam.errors import SettingError
from emocam.functional.statistics.calibration import reliability_of
from emocam.functional.statistics.classification import (
    accuracy_of,
    balanced_accuracy_of,
    count_answers,
    f1_of,
    macro_f1_of,
    precision_of,
    recall_of,
)
from emocam.functional.statistics.figure_intervals import FEW_GROUPS, figure_intervals, redrawn_counts
from emocam.functional.statistics.wilson import wilson
from emocam.plot.confusion import confusion_figure
from emocam.plot.reliability import reliability_figure
from emocam.results.files import CONFUSION, EVALUATION, RELIABILITY
from emocam.results.spreadsheet import write_csv

MOST_GROUPS = 200


@dataclass(frozen=True)
class LabelledAnswers:
    """Of N pictures by name the probabilities (N, L) of the labels, the true label and the group, empty if unknown.

    `called` (N,) are the labels that the pictures are called by, where these need not be the likeliest: a merged
    label's probability is a sum.
    """

    images: list[str]
    shares: np.ndarray
    labels: list[str]
    truth: list[str]
    group: list[str] | None = None
    called: np.ndarray | None = None


@dataclass(frozen=True)
class Evaluation:
    """What evaluation.json holds, with the tables and the reliability behind it."""

    entries: dict[str, Any]
    confusion: pd.DataFrame
    reliability: Any
    lines: list[str] = field(default_factory=list)


def evaluate_answers(answers: LabelledAnswers, seed: int = 0) -> Evaluation:
    """Return the figures of the pictures whose true label is one that can be answered; the others are named."""
    number = {label: i for i, label in enumerate(answers.labels)}
    known = np.array([label in number for label in answers.truth], bool)
    strange = count_strange(answers)
    if not known.any():
        raise none_known(answers.labels, strange)
    truth = np.array([number[label] for label, kept in zip(answers.truth, known, strict=True) if kept])
    shares = answers.shares[known]
    predicted = shares.argmax(1) if answers.called is None else answers.called[known]
    confidence = shares[np.arange(len(shares)), predicted]
    labels = len(answers.labels)
    counts = count_answers(truth, predicted, labels)
    names, group = number_groups(answers.group, known)
    clustered = group is not None and len(names) >= FEW_GROUPS
    reliability = reliability_of(confidence, predicted == truth)
    likely = np.clip(shares[np.arange(len(truth)), truth], 1e-12, 1)
    entries: dict[str, Any] = {
        "evaluated": len(truth),
        "left_out": len(answers.truth) - len(truth),
        "labels": answers.labels,
        "accuracy": accuracy_of(counts),
        "balanced_accuracy": balanced_accuracy_of(counts),
        "macro_f1": macro_f1_of(counts),
        "calibration_error": reliability.error,
        "confidence": float(confidence.mean()),
        "log_loss": float(-np.log(likely).mean()),
        "intervals": f"{len(names):,} groups drawn again" if clustered else "by picture",
        "per_label": per_label(counts, answers.labels),
        "strange_labels": strange,
    }
    entries |= figure_ends(truth, predicted, labels, group if clustered else None, seed)
    if group is not None and len(names) <= MOST_GROUPS:
        entries["groups"] = by_group(truth, predicted, names, group, labels)
    table = pd.DataFrame(
        counts.T,
        pd.Index(answers.labels, name="predicted"),
        pd.Index(answers.labels, name="annotated"),
    )
    return Evaluation(entries, table, reliability, said(entries))


def count_strange(answers: LabelledAnswers) -> dict[str, int]:
    """Count the pictures of each true label that cannot be answered."""
    known = {"", *answers.labels}
    return dict(Counter(label for label in answers.truth if label not in known))


def none_known(labels: list[str], strange: dict[str, int]) -> SettingError:
    """Return the error of pictures none of which has a true label that can be answered."""
    first = (
        f"; the first true label is {next(iter(strange))!r}" if strange else ", since none has a true label"
    )
    return SettingError(
        f"task=evaluate: no picture has one of the labels {', '.join(labels[:8])}{first}; name the labels "
        "alike, or take data with true labels: data=imagefolder, or data=table with a column truth"
    )


def number_groups(group: list[str] | None, known: np.ndarray) -> tuple[list[str], np.ndarray | None]:
    """Return the names of the groups, and which of them each known picture (n,) is of; none if unknown."""
    if group is None:
        return [], None
    names, number = np.unique([g for g, kept in zip(group, known, strict=True) if kept], return_inverse=True)
    return [str(name) for name in names], number


def figure_ends(
    truth: np.ndarray, predicted: np.ndarray, labels: int, group: np.ndarray | None, seed: int
) -> dict[str, float]:
    """Return the low and the high end of each figure, by groups drawn again or by picture."""
    intervals = figure_intervals(redrawn_counts(truth, predicted, labels, group, seed=seed))
    if group is None:
        right = int((truth == predicted).sum())
        low, high = wilson(np.array([right]), np.array([len(truth)]))
        intervals["accuracy"] = float(low[0]), float(high[0])
    ends: dict[str, float] = {}
    for name, (low_end, high_end) in intervals.items():
        ends |= {f"{name}_low": low_end, f"{name}_high": high_end}
    return ends


def per_label(counts: np.ndarray, labels: list[str]) -> list[dict[str, Any]]:
    """Return each label's pictures and answers, its recall and precision with Wilson's ends, and F1."""
    right, own, answered = np.diag(counts), counts.sum(1), counts.sum(0)
    recall, precision, f1 = recall_of(counts), precision_of(counts), f1_of(counts)
    recall_ends, precision_ends = wilson(right, own), wilson(right, answered)
    rows = []
    for i, label in enumerate(labels):
        values = {
            "recall": recall[i],
            "recall_low": recall_ends[0][i],
            "recall_high": recall_ends[1][i],
            "precision": precision[i],
            "precision_low": precision_ends[0][i],
            "precision_high": precision_ends[1][i],
            "f1": f1[i],
        }
        plain = {name: None if np.isnan(value) else float(value) for name, value in values.items()}
        rows.append({"label": label, "images": int(own[i]), "predicted": int(answered[i]), **plain})
    return rows


def by_group(
    truth: np.ndarray, predicted: np.ndarray, names: list[str], group: np.ndarray, labels: int
) -> list[dict[str, Any]]:
    """Return each group's pictures, accuracy with Wilson's ends, and mean recall."""
    rows = []
    for i, name in enumerate(names):
        own = group == i
        counts = count_answers(truth[own], predicted[own], labels)
        low, high = wilson(np.array([np.trace(counts)]), np.array([counts.sum()]))
        rows.append(
            {
                "group": name,
                "images": int(own.sum()),
                "accuracy": accuracy_of(counts),
                "accuracy_low": float(low[0]),
                "accuracy_high": float(high[0]),
                "balanced_accuracy": balanced_accuracy_of(counts),
            }
        )
    return rows


def said(entries: dict[str, Any]) -> list[str]:
    """Return the figures in words, with what so many pictures can tell apart."""
    half = 50 * (entries["accuracy_high"] - entries["accuracy_low"])

    def figure(name: str, words: str) -> str:
        low, high = entries[f"{name}_low"], entries[f"{name}_high"]
        return f"{words} {100 * entries[name]:.1f} % ({100 * low:.1f} to {100 * high:.1f})"

    lines = [
        f"{figure('accuracy', 'accuracy')}, {figure('balanced_accuracy', 'mean recall')}, "
        f"{figure('macro_f1', 'macro F1')}",
        f"{entries['evaluated']:,} pictures tell accuracies apart that differ by {2 * half:.1f} points or more",
        f"confidence {100 * entries['confidence']:.1f} % on average, calibration error "
        f"{100 * entries['calibration_error']:.1f} points",
    ]
    rows = [row for row in entries["per_label"] if row["recall"] is not None]
    worst = min(rows, key=lambda row: row["recall"])
    lines.append(
        f"lowest recall: {worst['label']} {100 * worst['recall']:.0f} % of {worst['images']:,} pictures "
        f"({100 * worst['recall_low']:.0f} to {100 * worst['recall_high']:.0f})"
    )
    if entries["strange_labels"]:
        words = ", ".join(f"{count:,} of {label!r}" for label, count in entries["strange_labels"].items())
        lines.append(f"left out, since the label is none that can be answered: {words}")
    return lines


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write evaluation.json, confusion.csv and .png, reliability.png."""
    (folder / EVALUATION).write_text(json.dumps(evaluation.entries, indent=1) + "\n", encoding="utf-8")
    table, picture = CONFUSION
    write_csv(evaluation.confusion, folder / table)
    confusion_figure(evaluation.confusion).savefig(folder / picture)
    reliability_figure(evaluation.reliability).savefig(folder / RELIABILITY)
