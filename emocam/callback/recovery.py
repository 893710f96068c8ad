"""The quality of each rule of a run against the cells known to be used: every importance, from the same maps."""

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
from emocam.results.parquet_file import write_frame
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
"""The columns of the evidence, by what the boxes are compared with."""


class Recovery(LastCallback):
    """A callback that scores rules against a known truth; without one it writes nothing.

    recovery.parquet has one row per rule and cell in which the object is present, recovery.csv one per rule.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        data, cells = finished.data, finished.truth
        if data is None or not cells:
            return {}
        run = finished.run
        used = mark_cells(run, [(cell["object"], cell["label"]) for cell in cells if cell["role"] in CUES])
        left_out = mark_cells(run, data.doubtful)
        table = pd.concat([*called(finished, used, left_out)], ignore_index=True)
        write_frame(table, finished.folder / "recovery.parquet")
        scores = score(table, ["rule", "by"])
        write_csv(scores, finished.folder / "recovery.csv", index=False)
        return {"recovery_auc": scores["auc"].tolist()[0]}


def mark_cells(run: Run, cells: Iterable[tuple[str, str]]) -> np.ndarray:
    """Mark cells, an object and a label each, in a matrix (O, L)."""
    matrix = np.zeros((len(run.object_names), len(run.label_names)), bool)
    for object, label in cells:
        matrix[run.object_names.index(object), run.label_names.index(label)] = True
    return matrix


def called(finished: Finished, used: np.ndarray, left_out: np.ndarray) -> Iterator[pd.DataFrame]:
    """Yield the rows of each rule: of CAM rules by importance, of chances, of presence and of the run's cells."""
    run = finished.run
    cues = used.sum(0)
    regions = read_regions(finished)
    images = finished.counts.images.numpy()

    def pairs(importance: str, chance: str) -> Pairs:
        return pair(regions, importance, chance, images, len(run.object_names))

    own_pairs = pairs("importance", "chance" if "chance" in regions else "importance")
    tested = (own_pairs.present > 0) & ~left_out

    def rows(rule: str, by: str, call: Called) -> pd.DataFrame:
        object, label = np.nonzero(tested)
        columns = {"used": used, "score": call.score, "chosen": call.chosen}
        return pd.DataFrame(
            {
                "rule": rule,
                "by": by,
                "object": np.array(run.object_names)[object],
                "label": np.array(run.label_names)[label],
                **{name: matrix[tested] for name, matrix in columns.items()},
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
    yield rows("presence", "", RULES["presence"](own_pairs, cues))
    for rule, call in of_cells(run).items():
        yield rows(rule, "", call)


def of_cells(run: Run) -> dict[str, Called]:
    """Return the calls of the run's own cells: `use` above its chance, and `effect` where it was measured."""
    if not (run.path / "cells.parquet").is_file():
        return {}
    cells = run.cells
    shape = (len(run.object_names), len(run.label_names))
    enough = ~cells["few"]

    def called(score: pd.Series, chosen: pd.Series) -> Called:
        return Called(score.to_numpy(float).reshape(shape), chosen.to_numpy(bool).reshape(shape))

    calls = {}
    if cells["use_q"].notna().any():
        calls["use"] = called(cells["use"] - cells["use_chance"], enough & (cells["use_q"] < SURE))
    if (cells["effect_images"] > 0).any():
        columns = {name: cells[name].to_numpy() for name in cells.columns}
        effect = has_effect(columns, Rules())
        calls["effect"] = called(cells["effect"] - cells["effect_control"], enough & effect)
    return calls


def pair(regions: pd.DataFrame, importance: str, chance: str, images: np.ndarray, objects: int) -> Pairs:
    """Join all regions of an object in an image into one row."""
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
    """Read all regions above the thresholds of score and confidence, with every importance of the stored maps."""
    run = finished.run
    parts = []
    maps = run.explanations() if run.explained else repeat(None)
    for (images, regions), explanation in zip(run.blocks(LABELLED), maps, strict=False):
        place = image_rows(regions, images)
        part = regions.select([c for c in regions.column_names if c not in ("label", "object")]).to_pandas()
        part["label"] = encode_names(images, "label", run.label_names)[place]
        part["object"] = encode_names(regions, "object", run.object_names)
        if explanation is not None:
            part = part.assign(**weigh(Explanation(*explanation), part, place))
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    return table[finished.thresholds.present(table["score"].to_numpy(), table["confidence"].to_numpy())]


def weigh(explanation: Explanation, regions: pd.DataFrame, place: np.ndarray) -> dict[str, np.ndarray]:
    """Return every importance of each region, by its name."""
    nothing = torch.zeros(len(regions), dtype=torch.int64)
    boxes = torch.from_numpy(regions[list(BOX)].to_numpy(np.float32).copy())
    detections = Detections(
        boxes, nothing, torch.ones(len(regions)), torch.from_numpy(place.astype(np.int64))
    )
    return {name: weigh(explanation, detections).numpy() for name, weigh in IMPORTANCES.items()}
