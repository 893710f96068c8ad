"""The threshold ablation: the association matrix at every pair of thresholds, from one pass."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import spearmanr

from emocam.data.base import Data
from emocam.errors import SettingError
from emocam.functional.statistics.threshold_grid import count_grid
from emocam.plot.threshold_grid import grid_figure
from emocam.predict.components import Components
from emocam.records.thresholds import Thresholds
from emocam.results.files import COUNTED, LABELLED
from emocam.results.parquet_file import write_parquet
from emocam.results.run import Run, encode_names, image_rows
from emocam.results.spreadsheet import write_csv
from emocam.task.replay import Replay


def thresholds_in(values: list[float], name: str) -> np.ndarray:
    """Return the thresholds of a list, ascending and each once."""
    fine = [v for v in values if isinstance(v, int | float) and 0 <= v <= 1]
    if not values or len(fine) < len(values):
        raise SettingError(f"task.{name} must be a list of thresholds in [0, 1], got {values}")
    return np.unique(np.asarray(fine, np.float64))


@dataclass
class Grid(Replay):
    """A replay that also leaves grid.parquet, grid.csv and grid.png over `score` x `importance`."""

    score: list[float] | None = None
    importance: list[float] | None = None

    def perform(self, components: Components) -> Data | None:
        scores, importances = (
            thresholds_in(self.score or [], "score"),
            thresholds_in(self.importance or [], "importance"),
        )
        if components.thresholds.chance is not None:
            raise SettingError(
                "task=grid varies threshold.importance, and "
                f"threshold.chance={components.thresholds.chance:g} takes its place; leave it at threshold.chance=null"
            )
        data = super().perform(components)
        with components.stage("grid"):
            self._leave(Run(components.folder), scores, importances, components)
        return data

    def _leave(self, run: Run, scores: np.ndarray, importances: np.ndarray, components: Components) -> None:
        counts = grid_of(run, scores, importances, components.thresholds)
        _write_cells(run, counts, scores, importances, components.folder / "grid.parquet")
        paper = run.counts(components.thresholds).counts.numpy().ravel()
        rows = []
        for s, t in np.ndindex(len(scores), len(importances)):
            cells = counts[s, t].ravel()
            varied = len(np.unique(cells)) > 1 and len(np.unique(paper)) > 1
            rows.append(
                {
                    "score": scores[s],
                    "importance": importances[t],
                    "kept": int(cells.sum()),
                    "cells": int((cells > 0).sum()),
                    "similarity": float(spearmanr(cells, paper).statistic) if varied else np.nan,
                }
            )
        table = pd.DataFrame(rows)
        write_csv(table, components.folder / "grid.csv", index=False)
        grid_figure(table).savefig(components.folder / "grid.png")


def grid_of(run: Run, scores: np.ndarray, importances: np.ndarray, thresholds: Thresholds) -> np.ndarray:
    """Return counts (S, T, O, L), summed over the blocks of the evidence."""
    shape = len(run.object_names), len(run.label_names)
    total = np.zeros((len(scores), len(importances), *shape), np.int64)
    for images, regions in run.blocks(LABELLED, COUNTED):
        place = image_rows(regions, images)
        keep = thresholds.confident(images["confidence"].to_numpy())[place]
        importance = regions["importance"].to_numpy()
        total += count_grid(
            encode_names(images, "label", run.label_names),
            encode_names(regions, "object", run.object_names)[keep],
            place[keep],
            regions["score"].to_numpy()[keep],
            np.where(np.isnan(importance), np.inf, importance)[keep],
            scores,
            importances,
            shape,
        )
    return total


def _write_cells(
    run: Run, counts: np.ndarray, scores: np.ndarray, importances: np.ndarray, file: Path
) -> None:
    """Write one row for each pair of thresholds and each cell that is not empty."""
    s, t, object, label = np.nonzero(counts)
    table = pa.table(
        {
            "score": scores[s],
            "importance": importances[t],
            "object": pa.DictionaryArray.from_arrays(pa.array(object, pa.int32()), run.object_names),
            "label": pa.DictionaryArray.from_arrays(pa.array(label, pa.int32()), run.label_names),
            "count": counts[s, t, object, label],
        }
    )
    write_parquet(table, file, compression="zstd")
