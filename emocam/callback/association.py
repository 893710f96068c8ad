"""The association matrix: its tables, its figure, and what it says in words."""

from typing import Any

import pandas as pd
import pyarrow.compute as pc

from emocam.callback.base import Finished
from emocam.plot.association import association_figure
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv


class Association:
    """Leaves association.csv, association_percent.csv, labels.csv and association.png."""

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run, folder = finished.run, finished.folder
        matrix = run.counts(finished.thresholds)
        objects = pd.Index(run.object_names, name="object")
        counts = pd.DataFrame(matrix.counts.numpy(), objects, run.label_names)
        percent = pd.DataFrame(matrix.percent.numpy(), objects, run.label_names)
        write_csv(counts, folder / "association.csv")
        write_csv(percent, folder / "association_percent.csv")
        labels = pd.DataFrame({"label": run.label_names, "images": matrix.images.numpy()})
        write_csv(labels, folder / "labels.csv", index=False)
        if len(percent):  # a detector that knows no object leaves nothing to draw
            association_figure(percent).savefig(folder / "association.png")
        return {
            "finding": strongest(percent, counts),
            "kept": int(counts.to_numpy().sum()),
            "explained": run.explained,
            "highest_importance": highest_importance(run),
            "lowest_chance": lowest_chance(run),
        }


def highest_importance(run: Run) -> float | None:
    """Of any region: what to say when none passed the threshold."""
    tops = [
        pc.max(pc.drop_null(regions["importance"].filter(pc.is_finite(regions["importance"]))))
        for _, regions in run.blocks([], ["importance"])
    ]
    return max((top.as_py() for top in tops if top.is_valid), default=None)


def lowest_chance(run: Run) -> float | None:
    """Of any region, where the evidence has it."""
    lows = [
        pc.min(regions["chance"].filter(pc.is_finite(regions["chance"])))
        for _, regions in run.blocks([], ["chance"])
        if "chance" in regions.column_names
    ]
    return min((low.as_py() for low in lows if low.is_valid), default=None)


def strongest(percent: pd.DataFrame, counts: pd.DataFrame) -> list[dict[str, Any]]:
    """For each label with images the object with the highest percentage, if any counts at all."""
    found: list[dict[str, Any]] = []
    for label in percent.columns[percent.notna().all()] if len(percent) else []:
        object: Any = percent[label].idxmax()
        if counts.loc[object, label]:
            share, count = float(percent.loc[object, label]), int(counts.loc[object, label])
            found.append({"object": object, "label": label, "percent": round(share, 1), "count": count})
    return found
