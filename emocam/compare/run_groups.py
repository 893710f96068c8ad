"""Runs over different pictures, compared by the people in them, with the tests of groups within one run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.cells.dependence import read_dependence
from emocam.cells.fixed_regions import regions_are_fixed
from emocam.cells.group_tables import (
    ALL,
    IMPORTANCE,
    PERCENT,
    PictureGroup,
    few_people,
    group_tables,
    measured,
    ordered_truths,
    people_of_both,
    read_truths,
    true_answers,
    without_right_answer,
)
from emocam.cells.occurrences import LEFT_OUT, Occurrences, Places, read_occurrences
from emocam.cells.people import People, read_people
from emocam.cells.slices import Named, PeopleSample
from emocam.compare.same_pictures import count_shared, picture_keys
from emocam.compare.setting_differences import describe_differences
from emocam.results.files import CELLS, DIFFERENCES, SLICES, parquet
from emocam.results.parquet_file import write_frame
from emocam.results.run import Run
from emocam.results.slice_words import SURE, slice_sentences
from emocam.results.spreadsheet import write_csv

MOST_RUNS = 12
"""Runs that are compared by their people, each with each."""
ASIDE = ("classifier", "cam", "importance", "detector", "threshold", "vocabulary", "labels")
"""Settings that change what a run finds in the same people."""


@dataclass(frozen=True)
class RunGroups:
    """What was found of runs over different people: tables by file name, pictures and people of each run, sentences.

    `told` is what a reader must know first.
    """

    tables: dict[str, pd.DataFrame]
    counts: dict[str, dict[str, int | None]]
    told: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        """What differs, in words."""
        return slice_sentences(self.tables)

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers for the tracking store."""
        differences = self.tables[DIFFERENCES]
        return {
            "cells_compared": int(differences["p"].notna().sum()),
            "cells_different": int((differences["q"] < SURE).sum()),
        }

    @property
    def lines(self) -> list[str]:
        """The lines at the end of a command."""
        counted = [
            f"{name} ({count['pictures']:,} pictures"
            + (
                ""
                if count["people"] is None
                else f", {count['people']:,} {'person' if count['people'] == 1 else 'people'}"
            )
            + ")"
            for name, count in self.counts.items()
        ]
        return [f"by the people in them: {', '.join(counted)}"] + [
            f"  {line}" for line in (*self.told, *self.sentences)
        ]


@dataclass(frozen=True)
class RunPictures:
    """The pictures of one run: what occurs in them, whose they are, true labels, and whether regions are fixed."""

    run: Run
    occurrences: Occurrences
    people: People
    truth: pd.Series | None
    fixed: bool


def compare_people_of(
    runs: list[Run], names: list[str], folder: Path, apart: bool = False, seed: int = 0
) -> RunGroups | None:
    """Compare runs by the people in their pictures and write the tables to `folder`.

    None where they have not the same labels and objects, where two of them are of the same pictures, which are
    compared picture by picture, and of more than MOST_RUNS. With `apart`, people of the same name in two runs are
    other people.
    """
    first = runs[0]
    alike = all(
        (run.label_names, run.object_names) == (first.label_names, first.object_names) for run in runs
    )
    if not alike or not 1 < len(runs) <= MOST_RUNS:
        return None
    keys = [picture_keys(run) for run in runs]
    if len({tuple(listed) for listed in keys}) < len(runs):
        return None
    pictures = [read_pictures(run) for run in runs]
    coded = shared_codes([of.people for of in pictures], apart)
    fixed = all(of.fixed for of in pictures)
    truths = [of.truth for of in pictures if of.truth is not None]
    labels = ordered_truths(pd.concat(truths), first.label_names) if len(truths) == len(runs) else []
    groups = {
        name: picture_group(of, person, fixed, labels)
        for name, of, person in zip(names, pictures, coded, strict=True)
    }
    measure = IMPORTANCE if fixed else PERCENT
    tables = group_tables(
        groups, Named(first.object_names, first.label_names, measure, ALL), labels, seed
    ) | cells_of_runs(runs, names)
    counts = {
        name: {"pictures": len(of.occurrences.label), "people": count_people(person)}
        for name, of, person in zip(names, pictures, coded, strict=True)
    }
    told = [*settings_that_differ(runs, names), *count_shared(names, keys)]
    told += what_is_unknown(pictures, names, counts)
    if all(person is not None for person in coded):
        told += sentences_on_both({name: group.measured for name, group in groups.items()})
    found = RunGroups(tables, counts, told + without_right_answer(groups))
    write_run_groups(found, folder)
    return found


def read_pictures(run: Run) -> RunPictures:
    """Read what is compared of a run."""
    found = read_occurrences(run, run.thresholds)
    counts = run.counts(run.thresholds)
    fixed = regions_are_fixed(run, counts.present.numpy(), counts.images.numpy())
    people = read_people(run, read_dependence(run), found.label)
    return RunPictures(run, found, people, read_truths(run), fixed)


def picture_group(of: RunPictures, person: Places | None, fixed: bool, truths: list[str]) -> PictureGroup:
    """Return a run as a group, with its right answers where `truths`, the true labels, are known."""
    sample = measured(of.run, of.run.thresholds, of.occurrences, fixed, person)
    answers = true_answers(of.truth, truths, of.occurrences, of.run.label_names)
    return (
        PictureGroup(sample)
        if answers is None
        else PictureGroup(sample, answers.right, answers.sample(person))
    )


def shared_codes(people: Sequence[People], apart: bool) -> list[Places | None]:
    """Return the persons of each run as numbers (I,), the same for the same name; None if any run knows none.

    Names that mean nothing in another run, or `apart`, are numbered by run.
    """
    if any(of.name is None for of in people):
        return [None] * len(people)
    named: list[NDArray[np.object_]] = []
    for number, of in enumerate(people):
        assert of.name is not None
        own = -1 if of.shared and not apart else number
        keyed = np.empty(len(of.name), object)
        keyed[:] = [None if name is None else (own, str(name)) for name in of.name]
        named.append(keyed)
    codes = pd.factorize(np.concatenate(named))[0].astype(np.int64)
    ends = np.cumsum([len(of) for of in named])[:-1]
    return list(np.split(codes, ends))


def count_people(person: Places | None) -> int | None:
    """Return how many persons there are, None where they are unknown."""
    return None if person is None else len(np.unique(person[person != LEFT_OUT]))


def cells_of_runs(runs: Sequence[Run], names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the cells of all runs, one after the other; nothing if one of them has none."""
    if not all(run.file(CELLS).is_file() for run in runs):
        return {}
    tables = [run.cells.assign(slice=name) for run, name in zip(runs, names, strict=True)]
    whole = pd.concat(tables, ignore_index=True)
    return {SLICES: whole[["slice", *[column for column in whole if column != "slice"]]]}


def settings_that_differ(runs: Sequence[Run], names: Sequence[str]) -> list[str]:
    """Return a sentence on each run that was made otherwise than the first."""
    lines = []
    for run, name in zip(runs[1:], names[1:], strict=True):
        if differing := describe_differences(runs[0], run, ASIDE):
            lines.append(
                f"{names[0]} and {name} were not made alike ({differing}), so a difference between them may come from "
                "that as well as from the people"
            )
    return lines


def what_is_unknown(
    pictures: Sequence[RunPictures], names: Sequence[str], counts: dict[str, dict[str, int | None]]
) -> list[str]:
    """Return a sentence on each run whose people, or true labels, are not all known, or are few."""
    lines = []
    for of, name in zip(pictures, names, strict=True):
        if of.people.unknown:
            lines.append(f"{name}: {of.people.unknown}")
    if all(of.people.name is not None for of in pictures):
        for of, name in zip(pictures, names, strict=True):
            assert of.people.name is not None
            if without := int((of.people.name == None).sum()):  # noqa: E711, of each element
                lines.append(f"{without:,} pictures of {name} have no person and are in no difference")
            lines += few_people(name, counts[name]["people"] or 0)
    truth = [name for of, name in zip(pictures, names, strict=True) if of.truth is None]
    if truth and len(truth) < len(names):
        lines.append(f"{', '.join(truth)}: no true labels, so recall and right answers are not compared")
    return lines


def sentences_on_both(samples: dict[str, PeopleSample]) -> list[str]:
    """Return a sentence on the people of each two runs, and how to say that they are others."""
    lines = people_of_both(samples)
    if lines:
        lines.append(
            "people are told apart by their names: if other people have the same name there, "
            "`emocam compare --other-people` takes them for others"
        )
    return lines


def write_run_groups(found: RunGroups, folder: Path) -> None:
    """Write the tables as .parquet and .csv."""
    for name, table in found.tables.items():
        write_frame(table, folder / parquet(name))
        write_csv(table, folder / f"{name}.csv", index=False)
