"""Presence and attention by the labels that people gave, to separate model and data."""

from typing import Any

import numpy as np
import pandas as pd

from emocam.callback.annotated import TRUTH, truth_labels
from emocam.callback.base import Finished
from emocam.cells.dependence import PICTURES, worth_of_labels
from emocam.cells.disagreement import disagreements
from emocam.cells.splits import Annotation, cells_by, cells_by_both, right_and_wrong
from emocam.results.parquet_file import read_frame, read_schema, write_frame
from emocam.results.spreadsheet import write_csv

MOST = 5
"""The most sentences at the end of a run."""


class Splits:
    """A callback that writes cells_truth and cells_split, as .parquet and .csv, where predictions have `truth`.

    Where the classifier knows all annotated labels it also writes cells_right.csv and cells_wrong.csv, and
    returns sentences on the disagreements of model and data.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        file = finished.folder / "predictions.parquet"
        if TRUTH not in read_schema(file).names or run.many:
            return {}
        truth = read_frame(file, columns=[TRUTH])[TRUTH].astype(str)
        labels = truth_labels(finished, truth)
        if not labels:
            return {}
        annotation = Annotation(pd.Index(labels).get_indexer(pd.Index(truth)), labels, run.label_names)
        occurrences = finished.occurrences
        unit = None if finished.dependence.rule == PICTURES else finished.dependence.units(occurrences.label)
        by_truth = cells_by(occurrences, annotation.truth, labels, run.object_names, unit)
        self.leave(finished, "cells_truth", by_truth)
        self.leave(finished, "cells_split", cells_by_both(occurrences, annotation, run.object_names, unit))
        if not annotation.comparable:
            return {}
        for name, label in right_and_wrong(occurrences, annotation).items():
            table = cells_by(occurrences, label, run.label_names, run.object_names, unit)
            write_csv(table, finished.folder / f"cells_{name}.csv", index=False)
        known = np.where(annotation.as_predicted >= 0, occurrences.label, annotation.as_predicted)
        called, true = (
            occurrences.count(label, len(run.label_names)) for label in (known, annotation.as_predicted)
        )
        worth = None
        if unit is not None:
            names = len(run.label_names)
            one, other = (worth_of_labels(unit, label, names) for label in (known, annotation.as_predicted))
            worth = one, other
        apart = disagreements(called, true, run.object_names, run.label_names, worth)
        return {"partings": len(apart), "apart": [disagreement.sentence for disagreement in apart[:MOST]]}

    def leave(self, finished: Finished, name: str, table: pd.DataFrame) -> None:
        """Write a table as .parquet and as .csv."""
        write_frame(table, finished.folder / f"{name}.parquet")
        write_csv(table, finished.folder / f"{name}.csv", index=False)
