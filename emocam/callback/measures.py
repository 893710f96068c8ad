"""Measures of association beside the percentage."""

from typing import Any

import numpy as np
import pandas as pd

from emocam.callback.base import Finished
from emocam.functional.statistics.association_measures import MEASURES
from emocam.results.spreadsheet import write_csv


class Measures:
    """Leaves measures.parquet and measures.csv: a row an object x label, with all measures of it.

    Labels never predicted and objects that never count have no rows: nothing can be said of them.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run, folder = finished.run, finished.folder
        matrix = finished.counts
        objects, labels = run.object_names, run.label_names
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
        table.to_parquet(folder / "measures.parquet", index=False)
        write_csv(table, folder / "measures.csv", index=False)
        return {}
