"""How well each rule of a run finds what intervention says is used: every importance, from the same maps."""

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
import torch

from emocam.callback.base import Finished, LastCallback
from emocam.callback.truth import CUES
from emocam.cells.recovery import score
from emocam.cells.verdict import Rules, has_effect
from emocam.functional.statistics.recovery import RULES, SURE, Called, Pairs
from emocam.importance.base import Importance
from emocam.importance.contrast import Contrast
from emocam.importance.density import Density
from emocam.importance.mass import Mass
from emocam.importance.mean import Mean
from emocam.importance.peak import Peak
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation
from emocam.results.files import BOX, LABELLED
from emocam.results.run import Run, encode_names, image_rows
from emocam.results.spreadsheet import write_csv

IMPORTANCES: dict[str, Importance] = {
    "mean": Mean(),
    "mass": Mass(),
    "density": Density(),
    "contrast": Contrast(),
    "peak": Peak(),
}
CHANCES = {"anywhere": "chance", "centred": "chance_centre"}
"""Columns of the evidence, by what the boxes are compared with."""


class Recovery(LastCallback):
    """Leaves recovery.parquet, a row for each rule and cell in which the object is present, and
    recovery.csv, a row a rule; where the data knows no truth, nothing.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        data, cells = finished.data, finished.truth
        if data is None or not cells:
            return {}
        run = finished.run
        used = mark_cells(run, [(cell["object"], cell["label"]) for cell in cells if cell["role"] in CUES])
        left_out = mark_cells(run, data.doubtful)
        table = pd.concat([*called(finished, used, left_out)], ignore_index=True)
        table.to_parquet(finished.folder / "recovery.parquet", index=False)
        scores = score(table, ["rule", "by"])
        write_csv(scores, finished.folder / "recovery.csv", index=False)
        return {"recovery_auc": scores["auc"].tolist()[0]}


def mark_cells(run: Run, cells: Iterable[tuple[str, str]]) -> np.ndarray:
    """Cells, an object and a label each, as a matrix (O, L)."""
    matrix = np.zeros((len(run.object_names), len(run.label_names)), bool)
    for object, label in cells:
        matrix[run.object_names.index(object), run.label_names.index(label)] = True
    return matrix


def called(finished: Finished, used: np.ndarray, left_out: np.ndarray) -> Iterator[pd.DataFrame]:
    """The rules one after the other, the run's own first."""
    run, cues = finished.run, used.sum(0)
    regions = read_regions(finished)
    images = finished.counts.images.numpy()

    def pairs(importance: str, chance: str) -> Pairs:
        return pair(regions, importance, chance, images, len(run.object_names))

    seen = pairs("importance", "chance" if "chance" in regions else "importance")
    asked = (seen.present > 0) & ~left_out

    def rows(rule: str, by: str, said: Called) -> pd.DataFrame:
        object, label = np.nonzero(asked)
        columns = {"used": used, "score": said.score, "chosen": said.chosen}
        return pd.DataFrame(
            {
                "rule": rule,
                "by": by,
                "object": np.array(run.object_names)[object],
                "label": np.array(run.label_names)[label],
                **{name: matrix[asked] for name, matrix in columns.items()},
            }
        )

    if run.explained:
        for name in IMPORTANCES:
            for rule in ("paper", "average"):
                yield rows(rule, name, RULES[rule](pairs(name, "importance"), cues))
    for name, column in CHANCES.items():
        if run.explained and column in regions:
            for rule in ("chance", "above chance"):
                yield rows(rule, name, RULES[rule](pairs("importance", column), cues))
    yield rows("presence", "", RULES["presence"](seen, cues))
    for rule, said in of_cells(run).items():
        yield rows(rule, "", said)


def of_cells(run: Run) -> dict[str, Called]:
    """What the run's own cells say: `use` above its chance, and `effect` where it was measured."""
    if not (run.path / "cells.parquet").is_file():
        return {}
    cells, shape = run.cells, (len(run.object_names), len(run.label_names))
    enough = ~cells["few"]

    def called(score: pd.Series, chosen: pd.Series) -> Called:
        return Called(score.to_numpy(float).reshape(shape), chosen.to_numpy(bool).reshape(shape))

    found = {}
    if cells["use_q"].notna().any():
        found["use"] = called(cells["use"] - cells["use_chance"], enough & (cells["use_q"] < SURE))
    if (cells["effect_images"] > 0).any():
        columns = {name: cells[name].to_numpy() for name in cells.columns}
        effect = has_effect(columns, Rules())
        found["effect"] = called(cells["effect"] - cells["effect_control"], enough & effect)
    return found


def pair(regions: pd.DataFrame, importance: str, chance: str, images: np.ndarray, objects: int) -> Pairs:
    """One row for all regions of an object in an image."""
    values = pd.DataFrame({"high": regions[importance], "low": regions[chance], "regions": 1})
    by = [regions[name] for name in ("image", "object", "label")]
    once = values.groupby(by, sort=False).agg({"high": "max", "low": "min", "regions": "sum"})
    return Pairs(
        once.index.get_level_values("object").to_numpy(),
        once.index.get_level_values("label").to_numpy(),
        once["regions"].to_numpy(),
        once["high"].to_numpy(float),
        once["low"].to_numpy(float),
        images,
        objects,
    )


def read_regions(finished: Finished) -> pd.DataFrame:
    """All regions above the thresholds of score and confidence, with every importance: from the stored maps."""
    run, parts = finished.run, []
    maps = run.explanations() if run.explained else repeat(None)
    for (images, regions), seen in zip(run.blocks(LABELLED), maps, strict=False):
        place = image_rows(regions, images)
        part = regions.select([c for c in regions.column_names if c not in ("label", "object")]).to_pandas()
        part["label"] = encode_names(images, "label", run.label_names)[place]
        part["object"] = encode_names(regions, "object", run.object_names)
        if seen is not None:
            part = part.assign(**weigh(Explanation(*seen), part, place))
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    return table[finished.thresholds.present(table["score"].to_numpy(), table["confidence"].to_numpy())]


def weigh(seen: Explanation, regions: pd.DataFrame, place: np.ndarray) -> dict[str, np.ndarray]:
    """Return every importance of each region, by its name."""
    nothing = torch.zeros(len(regions), dtype=torch.int64)
    boxes = torch.from_numpy(regions[list(BOX)].to_numpy(np.float32).copy())
    found = Detections(boxes, nothing, torch.ones(len(regions)), torch.from_numpy(place.astype(np.int64)))
    return {name: weigh(seen, found).numpy() for name, weigh in IMPORTANCES.items()}
