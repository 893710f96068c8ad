"""A run compared with what people annotated: labels, and numbers such as valence."""

from typing import Any

import numpy as np
import pandas as pd
import torch

from emocam.callback.base import Finished
from emocam.cells.group_tables import ordered_truths
from emocam.cells.unlike_labels import unlike_labels
from emocam.functional.statistics.correlation_interval import correlation_interval
from emocam.functional.statistics.similarity import average_ranks, pearson
from emocam.plot.agreement import agreement_figure
from emocam.plot.confusion import confusion_figure
from emocam.plot.save import save_png
from emocam.results.parquet_file import read_frame, read_schema
from emocam.results.spreadsheet import write_csv

TRUTH, UNIT = "truth", "unit"
AXES = ["annotated", "predicted"]


class Annotated:
    """A callback that compares predictions with annotations.

    Where predictions have `truth` it writes association_truth.csv and its percentages, confusion.csv and
    .png. Where a number is both predicted and annotated (`valence` and `truth_valence`) it writes
    agreement.csv (correlations with their intervals) and .png, and returns the correlations. Images count whose
    confidence is above the threshold.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        file = finished.folder / "predictions.parquet"
        names = read_schema(file).names
        values = finished.run.value_names  # callback.agreement compares these
        numbers = [name for name in names if f"{TRUTH}_{name}" in names and name not in values]
        if TRUTH not in names and not numbers:
            return {}
        columns = ["label", "confidence", *[TRUTH] * (TRUTH in names)]
        columns += numbers + [f"{TRUTH}_{name}" for name in numbers]
        rows = read_frame(file, columns=columns)
        sure = finished.thresholds.confident(rows["confidence"].to_numpy())
        entries = self.labels(finished, rows, sure) if TRUTH in names else {}
        if numbers:
            unit = finished.dependence.units(finished.occurrences.label)[sure]
            entries = entries | self.numbers(finished, rows[sure].assign(**{UNIT: unit}), numbers)
        return entries

    def labels(self, finished: Finished, rows: pd.DataFrame, sure: np.ndarray) -> dict[str, Any]:
        """Write objects x annotated labels, and predicted x annotated labels."""
        run = finished.run
        folder = finished.folder
        truth = rows[TRUTH].astype(str)
        annotated = sure & (truth != "").to_numpy()
        labels = [] if run.many else truth_labels(finished, truth[annotated])
        if not labels:
            return {}
        places = pd.Index(labels).get_indexer(pd.Index(truth))  # -1 is LEFT_OUT
        matrix = finished.counts_by(torch.from_numpy(places), len(labels))
        rows = rows[annotated]
        objects = pd.Index(run.object_names, name="object")
        write_csv(pd.DataFrame(matrix.counts.numpy(), objects, labels), folder / "association_truth.csv")
        percent = pd.DataFrame(matrix.percent.numpy(), objects, labels)
        write_csv(percent, folder / "association_truth_percent.csv")
        table = pd.crosstab(rows["label"].astype(str), rows[TRUTH].astype(str))
        table = table.reindex(index=run.label_names, columns=labels, fill_value=0)
        table.index.name = "predicted"
        table.columns.name = None
        write_csv(table, folder / "confusion.csv")
        save_png(confusion_figure(table), folder / "confusion.png")
        unlike = unlike_labels(rows[TRUTH].astype(str), run.label_names)
        return {"annotated": len(rows)} | ({"labels_unlike": unlike} if unlike else {})

    def numbers(self, finished: Finished, rows: pd.DataFrame, names: list[str]) -> dict[str, Any]:
        """Write how predicted numbers agree with annotated ones; NaN where one of them is constant."""
        known = {
            name: rows[[f"{TRUTH}_{name}", name, UNIT]].astype(float).dropna().set_axis([*AXES, UNIT], axis=1)
            for name in names
        }
        pairs = {name: pair[AXES] for name, pair in known.items()}
        measures = {name: correlations(pair.to_numpy()) for name, pair in pairs.items()}
        table = [
            {"number": name, "images": len(pairs[name]), **measures[name], **intervals(known[name])}
            for name in names
        ]
        write_csv(pd.DataFrame(table), finished.folder / "agreement.csv", index=False)
        titles = {
            name: f"Pearson {r['pearson']:.2f}, Spearman {r['spearman']:.2f}, {len(pairs[name]):,} images"
            for name, r in measures.items()
        }
        agreement_figure(pairs, titles).savefig(finished.folder / "agreement.png")
        entries = {f"{name}_{measure}": r for name, rs in measures.items() for measure, r in rs.items()}
        return {key: value for key, value in entries.items() if np.isfinite(value)}


def intervals(pair: pd.DataFrame) -> dict[str, float]:
    """Return the ends of both correlations' 95 % intervals, whole groups at a time where pictures come in groups."""
    values, unit = pair[AXES].to_numpy(), pair[UNIT].to_numpy(int)
    ranks = average_ranks(torch.from_numpy(values.T.copy())).numpy().T if len(values) else values
    ends = {}
    for name, (x, y) in {"pearson": values.T, "spearman": ranks.T}.items():
        ends[f"{name}_low"], ends[f"{name}_high"] = correlation_interval(x, y, unit)
    return ends


def truth_labels(finished: Finished, annotated: pd.Series) -> list[str]:
    """Return the annotated labels: those that the data set lists, in its order, then all others that occur."""
    return ordered_truths(annotated, finished.data.labels if finished.data and finished.data.labels else [])


def correlations(pair: np.ndarray) -> dict[str, float]:
    """Return Pearson's and Spearman's correlation of two columns (n, 2)."""
    rows = torch.from_numpy(pair.T.copy())
    if rows.shape[1] < 2:
        return {"pearson": np.nan, "spearman": np.nan}
    return {"pearson": pearson(rows)[0, 1].item(), "spearman": pearson(average_ranks(rows))[0, 1].item()}
