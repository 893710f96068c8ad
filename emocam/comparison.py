"""Finished runs held beside each other: what differs, how alike they are, and whether that says anything."""

from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from emocam.comparing.ceiling import ceiling
from emocam.comparing.differing import differing, short_names
from emocam.comparing.recovery import gather
from emocam.comparing.refusal import why_not
from emocam.comparing.regions import read_regions
from emocam.comparing.twins import Twins, find_twins
from emocam.errors import SettingError
from emocam.functional.redrawing import affordable_draws, permutation_p
from emocam.functional.similarity import residual_spearman, spearman, textbook_p
from emocam.plot.similarity import similarity_figure
from emocam.report.compare import write_comparison
from emocam.runs import Run
from emocam.spreadsheet import write_csv
from emocam.structures import Thresholds


@dataclass(frozen=True)
class Comparison:
    """`similarity` holds runs x runs by file name; it is empty where `refusal` says why."""

    folder: Path
    runs: list[Run]
    names: list[str]
    table: pd.DataFrame
    similarity: dict[str, pd.DataFrame] = field(default_factory=dict)
    twins: list[Twins] = field(default_factory=list)
    refusal: str | None = None

    @property
    def numbers(self) -> dict[str, float]:
        """For the tracking store: R of each pair, and how many runs there are."""
        numbers: dict[str, float] = {"runs": len(self.runs), "twins": len(self.twins)}
        if self.similarity:
            r = self.similarity["similarity"].to_numpy(float)
            for one, other in combinations(range(len(r)), 2):
                numbers[f"similarity/{self.names[one]} {self.names[other]}"] = float(r[one, other])
        return numbers


def compare(runs: list[Run], folder: Path) -> Comparison:
    """Leaves comparison.csv, report/ and, where the runs can be compared, similarity*.csv and similarity.png;
    recovery.csv and recovery.png where they were scored against a truth.

    `similarity` is the paper's R and `similarity_p` its textbook p; `similarity_residual` is R beyond
    shared presence and `similarity_permutation_p` its p.
    """
    unfinished = next((run for run in runs if not (run.path / "summary.json").is_file()), None)
    if unfinished:
        raise SettingError(
            f"{unfinished.path} is not finished: it has no summary.json; the same command goes on"
        )
    folder.mkdir(parents=True, exist_ok=True)
    settings = differing(runs)
    names = short_names(settings)
    regions = [read_regions(run) for run in runs]
    refusal = why_not(runs, regions, names)
    found = {} if refusal or len(runs) < 2 else similarities(runs, names)
    for name, matrix in found.items():
        write_csv(matrix, folder / f"{name}.csv")
    if found:
        figure = similarity_figure(found["similarity"], found["similarity_permutation_p"])
        figure.savefig(folder / "similarity.png")
    table = pd.concat([settings, pd.DataFrame([headline(run) for run in runs])], axis=1)
    table.insert(0, "run", names)
    table.insert(1, "folder", [_from(folder, run.path) for run in runs])
    write_csv(table, folder / "comparison.csv", index=False)
    gather(runs, folder)
    twins = find_twins(runs, regions, names) if found else []
    if all((run.path / file).is_file() for run in runs for file in ("association.csv", "labels.csv")):
        write_comparison(folder, [run.path for run in runs], names, refusal, [t.sentence for t in twins])
    return Comparison(folder, runs, names, table, found, twins, refusal)


def thresholds(run: Run) -> Thresholds:
    return Thresholds(**run.summary["thresholds"])


def similarities(runs: list[Run], names: list[str]) -> dict[str, pd.DataFrame]:
    """Runs x runs, by the name of the file that each becomes."""
    counted = [run.counts(thresholds(run)) for run in runs]
    kept = torch.stack([matrix.counts for matrix in counted])
    present = torch.stack([matrix.present for matrix in counted])
    r = spearman(kept)
    found = {
        "similarity": r,
        "similarity_p": textbook_p(r, kept[0].numel()),
        "similarity_residual": residual_spearman(kept, present),
        "similarity_permutation_p": permutation_p(
            kept, present, affordable_draws(len(runs), kept[0].numel())
        ),
    }
    return {name: _frame(matrix, names) for name, matrix in found.items()}


def headline(run: Run) -> dict[str, Any]:
    """The summary's own numbers, the seconds in all, and how alike the matrix is to itself."""
    summary = run.summary
    numbers = {
        name: value
        for name, value in summary.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return numbers | {
        "seconds": summary["seconds"]["all"],
        "ceiling": round(ceiling(run, thresholds(run)), 4),
    }


def _frame(matrix: Tensor, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(matrix.numpy(), pd.Index(names, name="run"), names)


def _from(folder: Path, run: Path) -> str:
    """Within the sweep's folder the rest of the path, elsewhere the path as it was given."""
    inside = run.absolute().is_relative_to(folder.absolute())
    return (run.absolute().relative_to(folder.absolute()) if inside else run).as_posix()
