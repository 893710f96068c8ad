"""The base of callbacks: each reads the finished run and writes files or numbers.

No two callbacks write the same file or entry of the summary, so the order of callbacks changes nothing.
What several of them need is computed once, in `Finished`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from emocam.cells.dependence import Dependence, read_dependence
from emocam.cells.findings import most_counted
from emocam.cells.fixed_regions import importance_contrast, regions_are_fixed
from emocam.cells.occurrences import Occurrences, read_occurrences
from emocam.cells.summed import WholeSums, read_sums
from emocam.data.base import Data
from emocam.errors import SettingError
from emocam.metric.association_counts import AssociationCounts
from emocam.records.thresholds import Thresholds
from emocam.results.files import CALLED
from emocam.results.part_of_run import has_parts
from emocam.results.run import Run
from emocam.results.summary import Finding, Summary

ROLES = ("cause", "shortcut", "bystander", "everywhere")
"""What an object may be to a label, the strongest first."""


@dataclass(frozen=True)
class Finished:
    """A run whose tables are complete. `data` opens its pictures, where they still exist.

    `summary` says how the run was made; for a `LastCallback` it has all entries. `earlier` are finished runs of the
    same pictures, which have not changed since. `summed` is whether the run is one part of a corpus, which keeps its
    sums for the whole.
    """

    run: Run
    data: Data | None
    thresholds: Thresholds
    summary: Summary = field(default_factory=Summary)
    earlier: tuple[Path, ...] = ()
    summed: bool = False

    @cached_property
    def sums(self) -> WholeSums | None:
        """The sums of a run's parts at its thresholds; None for a run of one piece, which is counted as a whole."""
        if self.run.many or not (self.summed or has_parts(self.run)):
            return None
        return read_sums(self.run, self.thresholds)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.run.path

    @cached_property
    def occurrences(self) -> Occurrences:
        """The objects that occur in each image, and where they count at the run's thresholds."""
        return read_occurrences(self.run, self.thresholds)

    @cached_property
    def dependence(self) -> Dependence:
        """The groups and times of the pictures, from the predictions' columns."""
        return read_dependence(self.run)

    @cached_property
    def counts(self) -> AssociationCounts:
        """The association matrix at the run's thresholds."""
        if self.sums is not None:
            return self.sums.counts
        return self.counts_by(torch.from_numpy(self.occurrences.label), len(self.run.label_names))

    def counts_by(self, label: torch.Tensor, labels: int) -> AssociationCounts:
        """Count by any labels (I,) of the images; those that are LEFT_OUT count for none."""
        counted = self.occurrences.count(label.numpy(), labels)
        return AssociationCounts(
            *(torch.from_numpy(matrix) for matrix in (counted.kept, counted.present, counted.images))
        )

    @property
    def truth(self) -> list[dict[str, Any]]:
        """What the data know of cells, where the detector's objects are theirs, by the labels' names in the run."""
        cells = [] if self.data is None else self.data.truth_for(self.run.object_names)
        return renamed_cells(cells, self.run.names.get(CALLED, {}))

    @cached_property
    def finding(self) -> list[Finding]:
        """The object that counts most often under each label, with its role where the data knows the truth."""
        counts = self.counts
        run = self.run
        roles = {(cell["object"], cell["label"]): cell["role"] for cell in self.truth}
        return most_counted(
            counts.percent.numpy(),
            counts.counts.numpy(),
            counts.images.numpy(),
            run.object_names,
            run.label_names,
            roles,
            self.rank,
        )

    @cached_property
    def fixed(self) -> bool:
        """Whether every picture has all objects as masks, as faces have their regions."""
        return regions_are_fixed(self.run, self.counts.present.numpy(), self.counts.images.numpy())

    @cached_property
    def rank(self) -> np.ndarray:
        """What objects are ranked by under a label (O, L): percent, or against other labels where regions are fixed."""
        return importance_contrast(self.run, self.thresholds) if self.fixed else self.counts.percent.numpy()


def renamed_cells(cells: list[dict[str, Any]], called: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what is known of cells whose labels have other names; a merged one has the strongest role of its own."""
    if not called:
        return cells
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for cell in sorted(cells, key=lambda cell: ROLES.index(cell["role"])):
        label = called.get(cell.get("label", ""), cell.get("label"))
        found.setdefault((cell["object"], str(label)), cell if label is None else {**cell, "label": label})
    return list(found.values())


def checked_draws(setting: str, value: object) -> int:
    """Return how often is drawn again for an interval; refuse what is no whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingError(
            f"{setting} must be a whole number of at least 1, got {value!r}; intervals come from so many draws"
        )
    return value


class RunCallback(Protocol):
    """The interface of `callback.NAME`."""

    def on_run_end(self, finished: Finished) -> Mapping[str, Any]:
        """Write files to the run's folder, and return further entries of its summary."""


class LastCallback:
    """A callback that reads the files of others, so that it comes after all that do not."""
