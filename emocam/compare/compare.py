"""A comparison of finished runs: what differs, how similar they are, and whether chance explains it."""

from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from emocam.cells.dependence import PICTURES, once_each, read_dependence
from emocam.cells.occurrences import read_occurrences
from emocam.compare.changes import cells_changed, labels_changed
from emocam.compare.closing import comparison_lines, corrected
from emocam.compare.comparability import reason_not_comparable
from emocam.compare.focus_shift import most_moved
from emocam.compare.one_order import in_one_order
from emocam.compare.paired_cells import paired
from emocam.compare.people import who_looks, who_sentences
from emocam.compare.recovery import gather_recoveries
from emocam.compare.regions import read_regions
from emocam.compare.reliability import split_half_reliability
from emocam.compare.resampling import Resampled, resample, same_images, similarity_interval
from emocam.compare.run_groups import RunGroups, compare_people_of
from emocam.compare.setting_differences import differing_settings, short_names
from emocam.compare.twins import Twins, find_twins
from emocam.errors import SettingError
from emocam.functional.statistics.presence_null import affordable_draws, presence_null_p
from emocam.functional.statistics.similarity import residual_spearman, spearman, textbook_p
from emocam.metric.association_counts import AssociationCounts
from emocam.plot.similarity import similarity_figure
from emocam.report.compare import write_comparison
from emocam.report.slices import ComparedGroups
from emocam.results.files import ASSOCIATION, LABELS
from emocam.results.parquet_file import write_frame
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv


@dataclass(frozen=True)
class Comparison:
    """The tables of a comparison.

    `similarity` holds runs x runs by file name; it is empty where `refusal` says why. `cells` are paired
    differences, `moved` the pictures whose focus differs most; both are empty where the runs did not
    explain the same pictures. `groups` is how runs over different pictures differ by the people in them.
    """

    folder: Path
    runs: list[Run]
    names: list[str]
    table: pd.DataFrame
    similarity: dict[str, pd.DataFrame] = field(default_factory=dict)
    twins: list[Twins] = field(default_factory=list)
    refusal: str | None = None
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)
    moved: pd.DataFrame = field(default_factory=pd.DataFrame)
    groups: RunGroups | None = None

    @property
    def lines(self) -> list[str]:
        """The last lines of a command."""
        return comparison_lines(
            self.similarity, self.twins, self.refusal, self.cells, self.moved, self.groups
        )

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers for the tracking store: R of each pair, and how many runs and twins there are."""
        numbers: dict[str, float] = {"runs": len(self.runs), "twins": len(self.twins)}
        if self.groups is not None:
            numbers |= self.groups.numbers
        if self.similarity:
            r = self.similarity["similarity"].to_numpy(float)
            for one, other in combinations(range(len(r)), 2):
                numbers[f"similarity/{self.names[one]} {self.names[other]}"] = float(r[one, other])
        return numbers


@dataclass(frozen=True)
class Differences:
    """The differences of runs over the same pictures.

    `cells` are paired differences, `moved` the pictures whose focus differs most, `changed` each run's share
    of labels and of cells that are not the first's, and `interval` the ends of R's interval by file name.
    """

    cells: pd.DataFrame = field(default_factory=pd.DataFrame)
    moved: pd.DataFrame = field(default_factory=pd.DataFrame)
    changed: pd.DataFrame = field(default_factory=pd.DataFrame)
    interval: dict[str, pd.DataFrame] = field(default_factory=dict)


def compare(runs: list[Run], folder: Path, other_people: bool = False) -> Comparison:
    """Write comparison.csv, report/ and, where the runs can be compared, similarity*.csv and similarity.png.

    recovery.csv and recovery.png are written where the runs were scored against a truth.

    `similarity` is the paper's R, `similarity_low` and `similarity_high` the ends of its interval,
    `similarity_ceiling` the highest to expect, and `similarity_p` its textbook p; `similarity_residual` is R
    beyond shared presence and `similarity_permutation_p` its p. Of runs over the same pictures
    paired.csv and moved.csv say by how much cells differ and in which pictures the focus moved, and
    comparison.csv which share of labels and of cells is not the first run's. Runs over different pictures are
    compared by their people, as values of a column are: slices, differences, and their recall; with `other_people`
    those of the same name in two runs are others.
    """
    _check_finished(runs)
    folder.mkdir(parents=True, exist_ok=True)
    with in_one_order(runs) as ordered:
        return replace(_compare(ordered, folder, other_people), runs=runs)


def _compare(runs: list[Run], folder: Path, other_people: bool) -> Comparison:
    settings = differing_settings(runs)
    names = short_names(settings)
    regions = [read_regions(run) for run in runs]
    refusal = reason_not_comparable(runs, regions, names)
    ceilings = [split_half_reliability(run, run.thresholds) for run in runs]
    comparable = not refusal and len(runs) > 1
    counted = [run.counts(run.thresholds) for run in runs] if comparable else []
    tested = [once_counted(run, matrix) for run, matrix in zip(runs, counted, strict=False)]
    similarity = similarities(counted, names, ceilings, tested) if comparable else {}
    by_picture = Differences()
    if similarity and same_images(runs):
        by_picture = differences(runs, names, counted, similarity["similarity"])
        _write_differences(by_picture, folder)
    similarity |= by_picture.interval
    _write_similarities(similarity, folder)
    groups = compare_people_of(runs, names, folder, other_people) if refusal else None
    headlines = pd.DataFrame([headline(run, ceiling) for run, ceiling in zip(runs, ceilings, strict=True)])
    table = pd.concat([settings, headlines, by_picture.changed], axis=1)
    table.insert(0, "run", names)
    table.insert(1, "folder", [_from(folder, run.path) for run in runs])
    write_csv(table, folder / "comparison.csv", index=False)
    gather_recoveries(runs, folder)
    twins = find_twins(runs, regions, names) if similarity else []
    _write_page(
        folder, runs, names, refusal, [t.sentence for t in twins] + who_sentences(by_picture.cells), groups
    )
    return Comparison(
        folder, runs, names, table, similarity, twins, refusal, by_picture.cells, by_picture.moved, groups
    )


def _write_page(
    folder: Path,
    runs: list[Run],
    names: list[str],
    refusal: str | None,
    remarks: list[str],
    groups: RunGroups | None,
) -> None:
    """Write the page where all runs have what it shows."""
    if all((run.path / file).is_file() for run in runs for file in (ASSOCIATION, LABELS)):
        shown = None if groups is None else ComparedGroups(groups.counts, groups.told, groups.sentences)
        write_comparison(folder, [run.path for run in runs], names, refusal, remarks, shown)


def _check_finished(runs: list[Run]) -> None:
    unfinished = next((run for run in runs if not (run.path / "summary.json").is_file()), None)
    if unfinished:
        raise SettingError(
            f"{unfinished.path} is not finished: it has no summary.json; the same command goes on"
        )


def differences(
    runs: list[Run], names: list[str], counted: list[AssociationCounts], similarity: pd.DataFrame
) -> Differences:
    """Find what differs between runs over the same pictures; all intervals come from the same resamples."""
    objects = runs[0].object_names
    labels = runs[0].label_names
    occurrences = [read_occurrences(run, run.thresholds) for run in runs]
    dependence = read_dependence(runs[0])
    unit = None if dependence.rule == PICTURES else dependence.units(occurrences[0].label)
    resampled: Resampled = resample(occurrences, (len(objects), len(labels)), unit=unit)
    low, high = similarity_interval(similarity.to_numpy(float), resampled.similarity)
    kept = torch.stack([matrix.counts for matrix in counted])
    changed = pd.DataFrame({"labels_changed": labels_changed(runs), "cells_changed": cells_changed(kept)})
    return Differences(
        cells=who_looks(paired(occurrences, resampled, names, objects, labels, unit), runs, names),
        moved=most_moved(runs, names),
        changed=changed.round(4),
        interval={
            "similarity_low": _frame(torch.from_numpy(low), names),
            "similarity_high": _frame(torch.from_numpy(high), names),
        },
    )


def _write_differences(by_picture: Differences, folder: Path) -> None:
    write_csv(by_picture.cells, folder / "paired.csv", index=False)
    write_csv(by_picture.moved, folder / "moved.csv", index=False)
    # names as they are, for the page
    write_frame(by_picture.moved, folder / "moved.parquet")


def _write_similarities(similarity: dict[str, pd.DataFrame], folder: Path) -> None:
    for name, matrix in similarity.items():
        write_csv(matrix, folder / f"{name}.csv")
    if similarity:
        q = corrected(similarity["similarity_permutation_p"])
        figure = similarity_figure(similarity["similarity"], q)
        figure.savefig(folder / "similarity.png")


def similarities(
    counted: list[AssociationCounts],
    names: list[str],
    ceilings: list[float],
    tested: list[AssociationCounts] | None = None,
) -> dict[str, pd.DataFrame]:
    """Return matrices runs x runs, by the name of the file that each is written to.

    `tested` are counts of independent pictures, where those that were counted are not.
    """
    kept = torch.stack([matrix.counts for matrix in counted])
    present = torch.stack([matrix.present for matrix in counted])
    kept_once = torch.stack([matrix.counts for matrix in tested or counted])
    present_once = torch.stack([matrix.present for matrix in tested or counted])
    r = spearman(kept)
    reliability = torch.tensor(ceilings).double().clamp(min=0).sqrt()
    matrices = {
        "similarity": r,
        # of two unreliable rankings of the same order, Spearman 1904
        "similarity_ceiling": reliability[:, None] * reliability,
        "similarity_p": textbook_p(r, kept[0].numel()),
        "similarity_residual": residual_spearman(kept, present),
        "similarity_permutation_p": presence_null_p(
            kept_once, present_once, affordable_draws(len(kept), kept[0].numel())
        ),
    }
    return {name: _frame(matrix, names) for name, matrix in matrices.items()}


def once_counted(run: Run, counted: AssociationCounts) -> AssociationCounts:
    """Return the counts of a run whose pictures come in groups with each group once under each label."""
    dependence = read_dependence(run)
    if dependence.rule == PICTURES:
        return counted
    occurrences = read_occurrences(run, run.thresholds)
    once = once_each(occurrences, dependence.units(occurrences.label))
    found = once.count(once.label, len(run.label_names))
    kept, present, images = (torch.from_numpy(part) for part in (found.kept, found.present, found.images))
    return AssociationCounts(kept, present, images)


def headline(run: Run, ceiling: float) -> dict[str, Any]:
    """Return the summary's own numbers, the seconds in all, and the matrix's split-half reliability."""
    summary = run.summary
    numbers = {
        name: value
        for name, value in summary.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return numbers | {
        "seconds": summary["seconds"]["all"],
        "ceiling": round(ceiling, 4),
    }


def _frame(matrix: Tensor, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(matrix.numpy(), pd.Index(names, name="run"), names)


def _from(folder: Path, run: Path) -> str:
    """Return a run's path relative to `folder` where it is inside, else as it was given."""
    inside = run.absolute().is_relative_to(folder.absolute())
    return (run.absolute().relative_to(folder.absolute()) if inside else run).as_posix()
