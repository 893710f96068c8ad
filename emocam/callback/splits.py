"""Presence and attention by what people said of the pictures: model and data apart."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from emocam.callback.annotated import TRUTH, truth_labels
from emocam.callback.base import Finished
from emocam.cells.disagreement import disagreements
from emocam.cells.splits import Annotation, cells_by, cells_by_both, right_and_wrong
from emocam.results.spreadsheet import write_csv

MOST = 5
"""Sentences at the end of a run."""


class Splits:
    """Where predictions have `truth`: cells_truth and cells_split, as .parquet and .csv.

    Where the classifier knows all annotated labels also cells_right.csv and cells_wrong.csv, and
    what parts model and data in words.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        file = finished.folder / "predictions.parquet"
        if TRUTH not in pq.read_schema(file).names:
            return {}
        told = pd.read_parquet(file, columns=[TRUTH])[TRUTH].astype(str)
        labels = truth_labels(finished, told)
        if not labels:
            return {}
        said = Annotation(pd.Index(labels).get_indexer(pd.Index(told)), labels, run.label_names)
        found = finished.occurrences
        self.leave(finished, "cells_truth", cells_by(found, said.truth, labels, run.object_names))
        self.leave(finished, "cells_split", cells_by_both(found, said, run.object_names))
        if not said.comparable:
            return {}
        for name, label in right_and_wrong(found, said).items():
            table = cells_by(found, label, run.label_names, run.object_names)
            write_csv(table, finished.folder / f"cells_{name}.csv", index=False)
        known = np.where(said.as_predicted >= 0, found.label, said.as_predicted)
        called, true = (found.count(label, len(run.label_names)) for label in (known, said.as_predicted))
        apart = disagreements(called, true, run.object_names, run.label_names)
        return {"partings": len(apart), "apart": [parting.sentence for parting in apart[:MOST]]}

    def leave(self, finished: Finished, name: str, table: pd.DataFrame) -> None:
        """As both kinds of file."""
        table.to_parquet(finished.folder / f"{name}.parquet", index=False)
        write_csv(table, finished.folder / f"{name}.csv", index=False)
