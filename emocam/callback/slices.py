"""The pictures of a run by the values of a column: groups of people, hospitals, cameras, countries."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from emocam.callback.annotated import TRUTH, truth_labels
from emocam.callback.base import Finished, checked_draws
from emocam.callback.cells import cell_table, images_of
from emocam.cells.dependence import TIME
from emocam.cells.occurrences import LEFT_OUT, Places
from emocam.cells.slices import (
    FEWEST_PEOPLE,
    Named,
    PeopleSample,
    people_in_both,
    recall_differences,
    recall_table,
    slice_differences,
)
from emocam.cells.splits import Annotation
from emocam.cells.verdict import Rules
from emocam.data.base import AUTO, Data
from emocam.data.printed import printable
from emocam.errors import SettingError
from emocam.functional.statistics.bootstrap import RESAMPLES
from emocam.results.files import (
    ASKED,
    DIFFERENCES,
    GROUP,
    PREDICTIONS,
    RECALL_DIFFERENCES,
    SLICES,
    SLICES_RECALL,
    parquet,
)
from emocam.results.parquet_file import read_frame, write_frame
from emocam.results.slice_words import slice_sentences
from emocam.results.spreadsheet import write_csv

MOST_VALUES = 12
"""Values of a column that are compared, each with each."""
IMPORTANCE, PERCENT = "importance", "percent"
"""What is compared of a cell: the mean importance of a region, or the percentage of pictures that count."""
ALL, RIGHT = "all", "right"
"""The answers that a difference goes by."""


class Slices:
    """A callback that writes, for each value of a `column`, its cells, its recall, and how it differs from others.

    slices and differences, and where predictions have `truth` slices_recall and differences_recall, all as
    .parquet and .csv; docs/how-to/groups.md names their columns. Units are persons, as `data.group` says.
    """

    def __init__(
        self,
        column: str | None = None,
        rules: Rules | None = None,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ) -> None:
        self.column = column
        self.rules = rules or Rules()
        self.resamples = checked_draws("callback.slices.resamples", resamples)
        self.seed = seed

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        if self.column is None:
            return {}
        sliced = read_sliced(finished, self.column)
        whole, answers = measured(finished, sliced), read_true_answers(finished)
        tables = {SLICES: self.cells(finished, sliced), **self.compare(finished, sliced, whole, answers)}
        for name, table in tables.items():
            write_frame(table, finished.folder / parquet(name))
            write_csv(table, finished.folder / f"{name}.csv", index=False)
        counted = {
            name: {"pictures": sliced.pictures(name), "people": sliced.people(name)} for name in sliced.names
        }
        told = sliced.told(sliced.samples(whole)) + ([] if answers is None else answers.told(sliced))
        return {
            "slices": self.column,
            "slice_values": counted,
            "slices_told": told,
            "slices_in_words": slice_sentences(tables),
        }

    def cells(self, finished: Finished, sliced: "Sliced") -> pd.DataFrame:
        """Return the cells of each value, one after the other."""
        tables = []
        for name in sliced.names:
            table = cell_table(finished, self.rules, self.resamples, self.seed, sliced.value == name)
            tables.append(table.assign(slice=name)[["slice", *table.columns]])
        return pd.concat(tables, ignore_index=True)

    def compare(
        self, finished: Finished, sliced: "Sliced", whole: PeopleSample, answers: "TrueAnswers | None"
    ) -> dict[str, pd.DataFrame]:
        """Return how values differ, on all answers and on right ones, and where truth is known in recall."""
        objects, labels = finished.run.object_names, finished.run.label_names
        parts = {ALL: whole} | ({} if answers is None else {RIGHT: whole.where(answers.right)})
        found = []
        for name, part in parts.items():
            named = Named(objects, labels, IMPORTANCE if finished.fixed else PERCENT, name)
            found.append(slice_differences(sliced.samples(part), named, self.seed))
        filled = [table for table in found if len(table)]
        tables = {DIFFERENCES: pd.concat(filled, ignore_index=True) if filled else found[0]}
        if answers is not None:
            recall = sliced.samples(answers.sample(whole.person))
            tables[SLICES_RECALL] = recall_table(recall, answers.labels, self.seed)
            tables[RECALL_DIFFERENCES] = recall_differences(recall, answers.labels, self.seed)
        return tables


@dataclass(frozen=True)
class Sliced:
    """The value (I,) of a column for each image, None where it has none, and the images' persons (I,)."""

    column: str
    value: NDArray[np.object_]
    names: list[str]
    person: Places | None
    unknown: str

    def samples(self, whole: PeopleSample) -> dict[str, PeopleSample]:
        """Return the part of the whole sample that each value has."""
        return {name: whole.where(self.value == name) for name in self.names}

    def pictures(self, name: str) -> int:
        return int((self.value == name).sum())

    def people(self, name: str) -> int | None:
        """Return how many persons a value has; None where persons are unknown."""
        if self.person is None:
            return None
        of = self.person[self.value == name]
        return len(np.unique(of[of != LEFT_OUT]))

    def told(self, samples: dict[str, PeopleSample]) -> list[str]:
        """Return what a reader must know before any difference, each in a sentence."""
        lines = []
        missing = int((self.value == None).sum())  # noqa: E711, of each element
        if missing:
            lines.append(
                f"{missing:,} of {len(self.value):,} pictures have no {self.column} and are in no slice"
            )
        if len(self.names) == 1:
            lines.append(
                f"{self.column} has one value, {self.names[0]}, so there is nothing to compare it with"
            )
        if self.person is None:
            return [*lines, self.unknown]
        without = int(((self.person == LEFT_OUT) & (self.value != None)).sum())  # noqa: E711
        if without:
            lines.append(f"{without:,} pictures have no person and are in no difference")
        for name in self.names:
            if (people := self.people(name) or 0) < FEWEST_PEOPLE:
                lines.append(
                    f"{name} has {people} {'person' if people == 1 else 'people'}, and fewer than {FEWEST_PEOPLE} "
                    "say nothing of others: its differences have neither interval nor p"
                )
        if self.unknown:
            lines.append(self.unknown)
        for a, b in combinations(self.names, 2):
            both, paired = people_in_both(samples[a], samples[b])
            if paired:
                lines.append(f"{len(both)} people are in {a} and in {b}: these are compared within persons")
            elif both:
                are = "person is" if len(both) == 1 else "people are"
                lines.append(f"{len(both)} {are} in {a} and in {b}, and left out where these are compared")
        return lines


def read_sliced(finished: Finished, column: str) -> Sliced:
    """Read the column's values and the persons of all images, and check what can be compared."""
    values = column_values(finished, column)
    names = value_names(values, column)
    person, unknown = read_people(finished)
    return Sliced(column, values, names, person, unknown)


def column_values(finished: Finished, column: str) -> NDArray[np.object_]:
    """Return the values of a column (I,) of the predictions or of the data, as text; None is missing."""
    file = finished.run.file(PREDICTIONS)
    made = finished.run.names.get(ASKED, [None, None])
    own = column in pq.read_schema(file).names and not (column == GROUP and made[0] is not None)
    if own:
        return as_names(read_frame(file, columns=[column])[column])
    if finished.data is None:
        raise SettingError(
            f"slices={column}: predictions.parquet has no such column, and the data that made it are no longer there"
        )
    found = {printable(path): value for path, value in finished.data.values(column, "slices").items()}
    return as_names(pd.Series([found.get(image) for image in images_of(finished)], dtype=object))


def check_column(data: Data, column: str) -> None:
    """Refuse a column that the data do not have, or whose values cannot be compared, before any work is done."""
    value_names(as_names(pd.Series(list(data.values(column, "slices").values()), dtype=object)), column)


def as_names(values: pd.Series) -> NDArray[np.object_]:
    """Return values as text, whole numbers without a point; None where one is missing or empty."""

    def name(value: object) -> str | None:
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            return None
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value).strip() or None

    return np.array([name(value) for value in values.astype(object)], object)


def value_names(values: NDArray[np.object_], column: str) -> list[str]:
    """Return the column's different values in order; numbers and too many of them are refused."""
    names = sorted({value for value in values if value is not None})
    if not names:
        raise SettingError(f"slices={column}: the column is empty for all {len(values):,} pictures")
    numbers = pd.to_numeric(pd.Series(names), errors="coerce")
    if numbers.notna().all() and (len(names) > MOST_VALUES or (numbers % 1 != 0).any()):
        raise SettingError(
            f"slices={column} holds {len(names):,} different numbers from {numbers.min():g} to {numbers.max():g}, and "
            "names are expected: add a column of bins, such as `under 30` and `30 and over`, and name that one"
        )
    if len(names) > MOST_VALUES:
        raise SettingError(
            f"slices={column} has {len(names):,} different values, and at most {MOST_VALUES} can be compared; name a "
            f"column with fewer, got {', '.join(names[:3])}, ..."
        )
    return names


def read_people(finished: Finished) -> tuple[Places | None, str]:
    """Return the person (I,) of each image, LEFT_OUT without one, and a sentence on what is not known of persons."""
    run = finished.run
    asked = run.names.get(ASKED, [None, None])[0]
    if GROUP in run.columns(PREDICTIONS) and asked is not None:
        groups = read_frame(run.file(PREDICTIONS), columns=[GROUP])[GROUP]
        codes = pd.factorize(groups.replace("", None))[0].astype(np.int64)  # -1 is LEFT_OUT
        if codes.max(initial=-1) > 0:
            said = (
                "units are groups of near-duplicates (data.group=auto), which are no persons: of groups of people no "
                "difference is shown by this p; data.group=COLUMN names the column of persons"
            )
            return codes, said if asked == AUTO else ""
    if finished.dependence.rule == TIME:
        return finished.dependence.units(finished.occurrences.label), "units are blocks of time, not persons"
    known = [name for name in ("person", "subject", "patient") if name in run.columns(PREDICTIONS)]
    cure = (
        f"data.group={known[0]}" if known else "data.group=COLUMN, the column that says whose picture it is,"
    )
    return None, (
        "persons are unknown, so no difference has an interval or a p: pictures of one person are not independent; "
        f"{cure} counts each person once"
    )


def measured(finished: Finished, sliced: Sliced) -> PeopleSample:
    """Return what is compared of all images: the importance of each region, or whether an object counts, in percent."""
    found = finished.occurrences
    if not finished.fixed:
        value = np.full(int(found.kept.sum()), 100.0)
        return PeopleSample(
            found.label, sliced.person, found.image[found.kept], found.object[found.kept], value
        )
    image, object, importance = [], [], []
    first = 0
    for block in finished.run.tensors():
        of = block["image"]
        there = finished.thresholds.present(block["score"], block["confidence"][of])
        pair, place = torch.unique(of[there] * found.objects + block["object"][there], return_inverse=True)
        most = torch.zeros(len(pair)).scatter_reduce_(0, place, block["importance"][there].float(), "amax")
        image.append((pair // found.objects).numpy() + first)
        object.append((pair % found.objects).numpy())
        importance.append(most.double().numpy())
        first += len(block["label"])
    return PeopleSample(found.label, sliced.person, *map(np.concatenate, (image, object, importance)))


@dataclass(frozen=True)
class TrueAnswers:
    """The true label (I,) of each image in the order of `labels`, and whether the prediction is `right` (I,)."""

    labels: list[str]
    truth: Places
    right: NDArray[np.bool_]

    def sample(self, person: Places | None) -> PeopleSample:
        """Return the images under their true labels, with a right answer as the only object."""
        image = np.flatnonzero(self.right)
        return PeopleSample(self.truth, person, image, np.zeros_like(image), np.ones(len(image)))

    def told(self, sliced: Sliced) -> list[str]:
        """Return a sentence on each slice without a right answer."""
        none = [name for name in sliced.names if not self.right[sliced.value == name].any()]
        return [f"{name} has no right answer, so nothing is compared on right answers there" for name in none]


def read_true_answers(finished: Finished) -> TrueAnswers | None:
    """Read which predictions are right; None where the data know no truth that the classifier could tell."""
    file = finished.run.file(PREDICTIONS)
    if TRUTH not in pq.read_schema(file).names:
        return None
    truth = read_frame(file, columns=[TRUTH])[TRUTH].astype(str)
    labels = truth_labels(finished, truth)
    annotation = Annotation(pd.Index(labels).get_indexer(pd.Index(truth)), labels, finished.run.label_names)
    if not labels or not annotation.comparable:
        return None
    known = (annotation.truth != LEFT_OUT) & (finished.occurrences.label != LEFT_OUT)
    right = known & (annotation.as_predicted == finished.occurrences.label)
    return TrueAnswers(labels, np.where(known, annotation.truth, LEFT_OUT), right)
