"""A run held against what people said of its pictures: labels, and numbers such as valence."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch

from emocam.callback.base import Finished
from emocam.functional.statistics.similarity import average_ranks, pearson
from emocam.plot.agreement import agreement_figure
from emocam.plot.confusion import confusion_figure
from emocam.results.spreadsheet import write_csv

TRUTH = "truth"
AXES = ["annotated", "predicted"]


class Annotated:
    """Where predictions have `truth`: association_truth.csv and its percentages, confusion.csv and .png.

    Where a number is both predicted and annotated (`valence` and `truth_valence`): agreement.csv and
    .png, and its correlations. Images count whose confidence is above the threshold.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        file = finished.folder / "predictions.parquet"
        names = pq.read_schema(file).names
        numbers = [name for name in names if f"{TRUTH}_{name}" in names]
        if TRUTH not in names and not numbers:
            return {}
        columns = ["label", "confidence", *[TRUTH] * (TRUTH in names)]
        columns += numbers + [f"{TRUTH}_{name}" for name in numbers]
        said = pd.read_parquet(file, columns=columns)
        sure = finished.thresholds.confident(said["confidence"].to_numpy())
        entries = self.labels(finished, said, sure) if TRUTH in names else {}
        return entries | (self.numbers(finished, said[sure], numbers) if numbers else {})

    def labels(self, finished: Finished, said: pd.DataFrame, sure: np.ndarray) -> dict[str, Any]:
        """Write objects x annotated labels, and predicted x annotated labels."""
        run, folder = finished.run, finished.folder
        truth = said[TRUTH].astype(str)
        annotated = sure & (truth != "").to_numpy()
        labels = truth_labels(finished, truth[annotated])
        if not labels:
            return {}
        places = pd.Index(labels).get_indexer(pd.Index(truth))  # -1 is LEFT_OUT
        matrix = finished.counts_by(torch.from_numpy(places), len(labels))
        said = said[annotated]
        objects = pd.Index(run.object_names, name="object")
        write_csv(pd.DataFrame(matrix.counts.numpy(), objects, labels), folder / "association_truth.csv")
        percent = pd.DataFrame(matrix.percent.numpy(), objects, labels)
        write_csv(percent, folder / "association_truth_percent.csv")
        table = pd.crosstab(said["label"].astype(str), said[TRUTH].astype(str))
        table = table.reindex(index=run.label_names, columns=labels, fill_value=0)
        table.index.name, table.columns.name = "predicted", None
        write_csv(table, folder / "confusion.csv")
        confusion_figure(table).savefig(folder / "confusion.png")
        return {"annotated": len(said)}

    def numbers(self, finished: Finished, said: pd.DataFrame, names: list[str]) -> dict[str, Any]:
        """How predicted numbers go with annotated ones; NaN where one of them never changes."""
        pairs = {
            name: said[[f"{TRUTH}_{name}", name]].astype(float).dropna().set_axis(AXES, axis=1)
            for name in names
        }
        found = {name: correlations(pair.to_numpy()) for name, pair in pairs.items()}
        rows = [{"number": name, "images": len(pairs[name]), **found[name]} for name in names]
        write_csv(pd.DataFrame(rows), finished.folder / "agreement.csv", index=False)
        titles = {
            name: f"Pearson {r['pearson']:.2f}, Spearman {r['spearman']:.2f}, {len(pairs[name]):,} images"
            for name, r in found.items()
        }
        agreement_figure(pairs, titles).savefig(finished.folder / "agreement.png")
        entries = {f"{name}_{measure}": r for name, rs in found.items() for measure, r in rs.items()}
        return {key: value for key, value in entries.items() if np.isfinite(value)}


def truth_labels(finished: Finished, said: pd.Series) -> list[str]:
    """The annotated labels: those that the data set lists, in its order, then others that were said."""
    told = sorted(name for name in said.unique() if name)
    listed = finished.data.labels if finished.data and finished.data.labels else []
    return [*listed, *(name for name in told if name not in listed)]


def correlations(pair: np.ndarray) -> dict[str, float]:
    """Pearson and Spearman of two columns (n, 2)."""
    rows = torch.from_numpy(pair.T.copy())
    if rows.shape[1] < 2:
        return {"pearson": np.nan, "spearman": np.nan}
    return {"pearson": pearson(rows)[0, 1].item(), "spearman": pearson(average_ranks(rows))[0, 1].item()}
