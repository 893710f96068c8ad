"""Measures of association other than the percentage."""

from typing import Any

import numpy as np
import pandas as pd

from emocam.callback.base import Finished
from emocam.functional.statistics.association_measures import MEASURES
from emocam.results.parquet_file import write_frame
from emocam.results.spreadsheet import write_csv


class Measures:
    """A callback that writes measures.parquet and measures.csv, one row per object and label.

    Labels never predicted and objects that never count have no rows, since no measure is defined for them.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        folder = finished.folder
        matrix = finished.counts
        objects = run.object_names
        labels = run.label_names
        rows = {
            "object": np.repeat(np.array(objects, object), len(labels)),
            "label": np.tile(np.array(labels, object), len(objects)),
            "count": matrix.counts.flatten().numpy(),
            "percent": matrix.percent.flatten().numpy(),
        }
        rows |= {
            name: measure(matrix.counts, matrix.images).flatten().numpy()
            for name, measure in MEASURES.items()
        }
        seen = (matrix.counts.sum(1) > 0)[:, None] & (matrix.images > 0)
        table = pd.DataFrame(rows)[seen.flatten().numpy()]
        write_frame(table, folder / "measures.parquet")
        write_csv(table, folder / "measures.csv", index=False)
        return {}
