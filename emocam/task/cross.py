"""Several trained weights on several test sets, as one table and one picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from emocam.errors import SettingError
from emocam.plot.cross_evaluation import cross_figure
from emocam.predict.answers import answers_alone, find_answers, trained_on
from emocam.predict.components import Components
from emocam.results.files import LEDGER, parquet
from emocam.results.ledger import read_ledger
from emocam.results.parquet_file import read_parquet, write_parquet
from emocam.results.spreadsheet import write_csv
from emocam.task.base import TaskOutcome
from emocam.task.evaluate import read_run
from emocam.task.evaluation import evaluate_answers, write_evaluation

CELLS = "cells"


@dataclass
class Cross:
    """`+experiment=cross`: leaves cross.csv and cross.png, and in `cells` the files of each evaluation.

    Every file of `weights` is one of the classifier's; every folder of `roots` is read as the data are.
    """

    weights: Sequence[str] = field(default_factory=list)
    roots: Sequence[str] = field(default_factory=list)

    def perform(self, components: Components) -> TaskOutcome:
        check_lists(self.weights, self.roots)
        names = [path_ends(self.weights), path_ends(self.roots)]
        rows, ledgers = [], []
        for i, weights in enumerate(self.weights):
            for j, root in enumerate(self.roots):
                folder = components.folder / CELLS / f"{i}-{j}"
                folder.mkdir(parents=True, exist_ok=True)
                figures = evaluate_cell(self._cell(components, folder, weights, root), weights)
                own = i == j and len(self.weights) == len(self.roots)
                rows.append({"weights": names[0][i], "data": names[1][j], **figures, "own": own})
                if i == 0:
                    ledgers.append(prefixed(folder, names[1][j]))
        table = pd.DataFrame(rows)
        table["trained_on"] = table["trained_on"].astype("Int64")
        write_csv(table, components.folder / "cross.csv", index=False)
        cross_figure(table).savefig(components.folder / "cross.png")
        write_parquet(pa.concat_tables(ledgers), components.folder / parquet(LEDGER))
        components.listing = read_parquet(components.folder / parquet(LEDGER))["image"].to_pylist()
        first = f"{len(self.weights)} weights on {len(self.roots)} test sets: cross.csv, cross.png"
        entries = {"cells": len(table), "cells_struck": int(table["struck"].sum())}
        return TaskOutcome(entries, [first, *name_doubts(table)])

    def _cell(self, components: Components, folder: Path, weights: str, root: str) -> Components:
        """Return the components of one cell: the command's, with these weights and this folder."""
        settings = {
            **components.settings,
            "classifier": {**components.settings["classifier"], "weights": str(weights)},
            "data": {**components.settings["data"], "root": str(root)},
        }

        def build(name: str) -> Any:
            own = name in ("data", "classifier")
            return components.build_with(name, settings) if own else components.build(name)

        return answers_alone(replace(components, folder=folder, settings=settings, build=build))


def check_lists(weights: Sequence[str], roots: Sequence[str]) -> None:
    """Refuse settings that list no weights or no folders."""
    for name, given, what in (("weights", weights, "FILE"), ("roots", roots, "FOLDER")):
        if not given or isinstance(given, str):
            raise SettingError(
                f"evaluate.{name} must list one {what} or more, as in evaluate.{name}=[{what},{what}], got "
                f"{given!r}"
            )


def evaluate_cell(cell: Components, weights: str) -> dict[str, Any]:
    """Find the answers of a cell, leave its evaluation in its folder, and return its figures for the table."""
    find_answers(cell)
    evaluation = evaluate_answers(read_run(cell.folder), cell.seed)
    write_evaluation(evaluation, cell.folder)
    overlap, entries = trained_on(weights, cell.folder), evaluation.entries
    return {
        "images": entries["evaluated"],
        "accuracy": entries["accuracy"],
        "low": entries["accuracy_low"],
        "high": entries["accuracy_high"],
        "balanced_accuracy": entries["balanced_accuracy"],
        "macro_f1": entries["macro_f1"],
        "trained_on": overlap,
        "struck": bool(overlap),
    }


def name_doubts(table: pd.DataFrame) -> list[str]:
    """Return what is to be said of cells whose pictures were trained on, or may have been."""
    lines = []
    if struck := int(table["struck"].sum()):
        lines.append(f"{struck} cells are struck out, since their pictures were trained on")
    if table["trained_on"].isna().any():
        lines.append(
            "of some weights nobody knows what they were trained on: they lie in no training's folder"
        )
    return lines


def prefixed(folder: Path, name: str) -> pa.Table:
    """Return a cell's ledger with the test set's name before each image."""
    check = read_ledger(folder)
    table = read_parquet(folder / parquet(LEDGER), columns=["image", "status", "reason"])
    images = [f"{name}/{image}" for image in table["image"].to_pylist()]
    assert len(images) == check.images
    return table.set_column(0, "image", pa.array(images, pa.string()))


def path_ends(paths: Sequence[str]) -> list[str]:
    """Return the end of each path, as long as it takes to tell them apart."""
    parts = [Path(str(path)).expanduser().absolute().parts for path in paths]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(own[-length:]) for own in parts]
        if len(set(names)) == len(names):
            return names
    raise SettingError(
        f"evaluate.weights and evaluate.roots must name each file and folder once, got {list(paths)}"
    )
