"""The association matrix: its tables, its figure and its findings."""

from typing import Any

import pandas as pd

from emocam.callback.base import Finished
from emocam.cells.summed import finite_extremes
from emocam.plot.association import association_figure
from emocam.plot.save import save_png
from emocam.results.files import ASSOCIATION, ASSOCIATION_PERCENT, LABELS
from emocam.results.run import predicted_first
from emocam.results.spreadsheet import write_csv


class Association:
    """A callback that writes association.csv, association_percent.csv, labels.csv and association.png."""

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        """Write the matrix, and return its findings and the extremes that say why it may be empty."""
        run = finished.run
        folder = finished.folder
        matrix = finished.counts
        objects = pd.Index(run.object_names, name="object")
        counts = pd.DataFrame(matrix.counts.numpy(), objects, run.label_names)
        percent = pd.DataFrame(matrix.percent.numpy(), objects, run.label_names)
        images = matrix.images.numpy()
        first = predicted_first(images)
        write_csv(counts.iloc[:, first], folder / ASSOCIATION)
        write_csv(percent.iloc[:, first], folder / ASSOCIATION_PERCENT)
        labels = pd.DataFrame({"label": run.label_names, "images": matrix.images.numpy()})
        write_csv(labels, folder / LABELS, index=False)
        if len(percent):  # a detector that knows no object leaves nothing to draw
            save_png(association_figure(percent, images=images), folder / "association.png")
        extremes = list(finite_extremes(run)) if finished.sums is None else [finished.sums.extremes]
        importances = [block["importance"][1] for block in extremes if "importance" in block]
        chances = [block["chance"][0] for block in extremes if "chance" in block]
        return {
            "finding": finished.finding,
            "kept": int(matrix.counts.sum()),
            "explained": run.explained,
            "highest_importance": max(importances, default=None),
            "lowest_chance": min(chances, default=None),
        }
