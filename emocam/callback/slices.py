"""The pictures of a run by the values of a column: groups of people, hospitals, cameras, countries."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.callback.annotated import truth_labels
from emocam.callback.base import Finished, checked_draws
from emocam.callback.cells import cell_table, images_of
from emocam.cells.group_tables import (
    ALL,
    IMPORTANCE,
    PERCENT,
    PictureGroup,
    few_people,
    group_tables,
    measured,
    people_of_both,
    read_truths,
    true_answers,
    without_right_answer,
)
from emocam.cells.occurrences import LEFT_OUT, Places
from emocam.cells.people import People, read_people
from emocam.cells.slices import Named, PeopleSample
from emocam.cells.verdict import Rules
from emocam.data.base import Data
from emocam.data.printed import printable
from emocam.errors import SettingError
from emocam.functional.statistics.bootstrap import RESAMPLES
from emocam.results.files import ASKED, GROUP, PREDICTIONS, SLICES, parquet
from emocam.results.parquet_file import read_frame, read_schema, write_frame
from emocam.results.slice_words import slice_sentences
from emocam.results.spreadsheet import write_csv

MOST_VALUES = 12
"""Values of a column that are compared, each with each."""


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
        groups, truths = picture_groups(finished, sliced)
        names = Named(
            finished.run.object_names,
            finished.run.label_names,
            IMPORTANCE if finished.fixed else PERCENT,
            ALL,
        )
        tables = {SLICES: self.cells(finished, sliced), **group_tables(groups, names, truths, self.seed)}
        for name, table in tables.items():
            write_frame(table, finished.folder / parquet(name))
            write_csv(table, finished.folder / f"{name}.csv", index=False)
        counted = {
            name: {"pictures": sliced.pictures(name), "people": sliced.people(name)} for name in sliced.names
        }
        told = sliced.told({name: group.measured for name, group in groups.items()})
        told += without_right_answer(groups)
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
            lines += few_people(name, self.people(name) or 0)
        if self.unknown:
            lines.append(self.unknown)
        return lines + people_of_both(samples)


def read_sliced(finished: Finished, column: str) -> Sliced:
    """Read the column's values and the persons of all images, and check what can be compared."""
    values = column_values(finished, column)
    names = value_names(values, column)
    people = people_of(finished)
    return Sliced(column, values, names, people.codes, people.unknown)


def people_of(finished: Finished) -> People:
    """Return the persons of a finished run."""
    return read_people(finished.run, finished.dependence, finished.occurrences.label)


def measured_of(finished: Finished, person: Places | None) -> PeopleSample:
    """Return what is compared of all images of a finished run."""
    return measured(finished.run, finished.thresholds, finished.occurrences, finished.fixed, person)


def picture_groups(finished: Finished, sliced: Sliced) -> tuple[dict[str, PictureGroup], list[str]]:
    """Return the pictures of each value of the column, and the true labels, none where truth is not known."""
    whole, truth = measured_of(finished, sliced.person), read_truths(finished.run)
    labels = [] if truth is None else truth_labels(finished, truth)
    answers = true_answers(truth, labels, finished.occurrences, finished.run.label_names)
    samples = sliced.samples(whole)
    if answers is None:
        return {name: PictureGroup(sample) for name, sample in samples.items()}, []
    recall = sliced.samples(answers.sample(sliced.person))
    groups = {name: PictureGroup(samples[name], answers.right, recall[name]) for name in sliced.names}
    return groups, answers.labels


def column_values(finished: Finished, column: str) -> NDArray[np.object_]:
    """Return the values of a column (I,) of the predictions or of the data, as text; None is missing."""
    file = finished.run.file(PREDICTIONS)
    made = finished.run.names.get(ASKED, [None, None])
    own = column in read_schema(file).names and not (column == GROUP and made[0] is not None)
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
