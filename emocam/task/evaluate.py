"""How well a classifier answers on data with true labels or ratings: no detector, no CAM."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emocam.data.audit_record import audit_sentence
from emocam.data.samples import printable
from emocam.predict.answers import answers_alone, find_answers, read_answers, read_called, trained_on
from emocam.predict.components import Components
from emocam.records.picture import Refusal
from emocam.results.files import LEDGER, SCORES, parquet
from emocam.results.parquet_file import write_parquet
from emocam.results.run import Run
from emocam.results.scores import read_scores, write_scores
from emocam.results.tables import refusal_table
from emocam.task.base import TaskOutcome
from emocam.task.evaluation import LabelledAnswers, evaluate_answers, write_evaluation
from emocam.task.value_evaluation import evaluate_values
from emocam.train.pictures import check_truth, list_labelled, without_truth

KEPT = (
    *("evaluated", "left_out", "accuracy", "accuracy_low", "accuracy_high", "balanced_accuracy"),
    *("balanced_accuracy_low", "balanced_accuracy_high", "macro_f1", "macro_f1_low", "macro_f1_high"),
    *("calibration_error", "log_loss"),
)
"""Entries of evaluation.json that summary.json has, too."""


@dataclass
class Evaluate:
    """`task=evaluate`: leaves evaluation.json, confusion.csv and .png, reliability.png, with `csv` scores.csv.

    Of a network that answers with numbers it leaves evaluation.json, agreement.csv and its figures.
    `against` is a file of scores, whose rows are taken in place of a classifier's answers.
    """

    csv: bool = False
    against: str | None = None

    def perform(self, components: Components) -> TaskOutcome:
        classifier = components.settings.get("classifier") or {}
        weights = classifier.get("head") or classifier.get("weights")
        own = answers_alone(components)
        if self.against is None:
            check_truth(own.data, own.listing, "evaluate")
            find_answers(own)
            if Run(own.folder).value_names:
                return self._of_values(own, weights)
            answers = read_run(own.folder)
            overlap = trained_on(weights, own.folder)
        else:
            answers = self._read_against(own)
            overlap = None
        evaluation = evaluate_answers(answers, components.seed)
        audited = audit_sentence(own.data.root, components.cache)
        lines = [
            *evaluation.lines,
            *overlap_lines(overlap, weights if self.against is None else None),
            audited,
        ]
        entries = evaluation.entries
        entries |= {
            "flip": False,
            "adjust": (components.settings.get("classifier") or {}).get("adjust", 0),
            "trained_on": overlap,
            "audited": audited,
        }
        write_evaluation(evaluation, components.folder)
        if self.csv:
            write_scores(answers.images, answers.shares, answers.labels, components.folder / SCORES)
        kept = {name: entries[name] for name in KEPT}
        return TaskOutcome({**kept, "notes": [*own.data.notes, *lines[3:]]}, lines)

    def _of_values(self, own: Components, weights: str | None) -> TaskOutcome:
        """Hold the numbers that a network answers with against ratings."""
        entries, lines = evaluate_values(own.folder, own.seed, self.csv)
        overlap = trained_on(weights, own.folder)
        lines += [*overlap_lines(overlap, weights), audit_sentence(own.data.root, own.cache)]
        entries |= {"trained_on": overlap, "notes": [*own.data.notes, *own.classifier.notes, *lines[1:]]}
        return TaskOutcome(entries, lines)

    def _read_against(self, components: Components) -> LabelledAnswers:
        """Return the rows of a file as answers, and write the ledger: a picture without a row is refused."""
        data, listing = components.data, components.listing
        data.prepare()
        listed = list_labelled(data, listing, "evaluate")
        images = [printable(path) for path in listing]
        labels, shares, strange = read_scores(Path(str(self.against)).expanduser(), images)
        if strange:
            data.notes = [
                *data.notes,
                f"{len(strange):,} rows of {self.against} are of no picture here, the first of {strange[0]!r}",
            ]
        there = np.isfinite(shares[:, 0])
        rows = [
            Refusal(
                image,
                place,
                "done" if there[place] else "refused",
                "" if there[place] else "no row of scores",
            )
            for place, image in enumerate(images)
        ]
        write_parquet(refusal_table(rows).drop_columns(["index"]), components.folder / parquet(LEDGER))
        truth = dict(zip(listed.paths, listed.truth, strict=True))
        groups = data.groups()
        kept = np.flatnonzero(there)
        return LabelledAnswers(
            [images[i] for i in kept],
            shares[kept],
            labels,
            [truth.get(listing[i], "") for i in kept.tolist()],
            None if groups is None else [groups.get(listing[i], "") for i in kept.tolist()],
        )


def read_run(folder: Path) -> LabelledAnswers:
    """Return the answers of a run with true labels."""
    images, shares, labels, truth, group = read_answers(folder)
    if truth is None or not any(truth):
        raise without_truth("evaluate")
    return LabelledAnswers(images, shares, labels, truth, group, read_called(folder))


def overlap_lines(overlap: int | None, weights: str | None) -> list[str]:
    """Return whether test pictures were trained on, in a sentence."""
    if weights is None or weights == "random":
        return []
    if overlap is None:
        return [
            "whether these pictures were trained on is not known: the weights lie in no training's folder"
        ]
    if overlap:
        return [
            f"{overlap:,} of these pictures, or nearly the same ones, were trained on or held back while training: the "
            "figures are no test of new pictures"
        ]
    return ["none of these pictures was trained on, nor one nearly the same"]
