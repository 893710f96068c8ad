"""The quality of each rule of a run against the cells known to be used: every importance, from the same maps.

What is used is what the data's rules say, or what composing pictures again without the object has shown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
import torch

from emocam.callback.base import Finished, LastCallback
from emocam.callback.truth import CUES
from emocam.cells.composed_truth import read_composed_truth
from emocam.cells.recovery import score
from emocam.cells.verdict import Rules, few_groups, has_effect
from emocam.functional.statistics.recovery import RULES, SURE, Called, Pairs
from emocam.importance.base import Importance
from emocam.importance.contrast import Contrast
from emocam.importance.density import Density
from emocam.importance.mass import Mass
from emocam.importance.mean import Mean
from emocam.importance.peak import Peak
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation
from emocam.results.files import BOX, LABELLED, MASK
from emocam.results.parquet_file import read_schema, write_frame
from emocam.results.run import Run, encode_names, image_rows
from emocam.results.spreadsheet import write_csv

IMPORTANCES: dict[str, Importance] = {
    "mean": Mean(),
    "mass": Mass(),
    "density": Density(),
    "contrast": Contrast(),
    "peak": Peak(),
}
COMPANION = "bystander"
"""The role of what stands beside a cause without being one."""
MASKED = "masks"
CHANCES = {"anywhere": "chance", "centred": "chance_centre"}
"""The columns of the evidence, by what the boxes are compared with."""


@dataclass(frozen=True)
class Known:
    """What is known of each cell (O, L): `used`, or asked of no rule, a companion of a cause, and the true effect."""

    used: np.ndarray
    left_out: np.ndarray
    companion: np.ndarray
    drop: np.ndarray


class Recovery(LastCallback):
    """A callback that scores rules against a known truth; without one it writes nothing.

    recovery.parquet has one row per rule and cell in which the object is present, recovery.csv one per rule.
    """

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        known = read_known(finished)
        if known is None:
            return {}
        rules = self.rules.for_values(bool(finished.run.value_names))
        table = pd.concat([*called(finished, known, rules)], ignore_index=True)
        write_frame(table, finished.folder / "recovery.parquet")
        scores = score(table, ["rule", "by"])
        write_csv(scores, finished.folder / "recovery.csv", index=False)
        return {"recovery_auc": scores["auc"].tolist()[0]}


def read_known(finished: Finished) -> Known | None:
    """Return what is known of the cells: by composing pictures again, where that was done, or by the data's rules."""
    data, cells, run = finished.data, finished.truth, finished.run
    if data is None or not cells:
        return None
    cells = [cell for cell in cells if cell["label"] in run.label_names]
    companion = mark_cells(
        run, [(cell["object"], cell["label"]) for cell in cells if cell["role"] == COMPANION]
    )
    measured = read_composed_truth(run.path / "effect.parquet", run.object_names, run.label_names)
    if measured is not None:
        left_out = ~(measured.used | measured.idle)
        return Known(measured.used, left_out, companion & measured.idle, measured.drop)
    used = mark_cells(run, [(cell["object"], cell["label"]) for cell in cells if cell["role"] in CUES])
    return Known(used, mark_cells(run, data.doubtful), companion, np.full(used.shape, np.nan))


def mark_cells(run: Run, cells: Iterable[tuple[str, str]]) -> np.ndarray:
    """Mark cells, an object and a label each, in a matrix (O, L)."""
    matrix = np.zeros((len(run.object_names), len(run.label_names)), bool)
    for object, label in cells:
        matrix[run.object_names.index(object), run.label_names.index(label)] = True
    return matrix


def called(finished: Finished, known: Known, rules: Rules) -> Iterator[pd.DataFrame]:
    """Yield the rows of each rule: of CAM rules by importance, of chances, of presence and of the run's cells."""
    run = finished.run
    cues = known.used.sum(0)
    regions = read_regions(finished)
    images = finished.counts.images.numpy()

    def pairs(importance: str, chance: str) -> Pairs:
        return pair(regions, importance, chance, images, len(run.object_names))

    own_pairs = pairs("importance", "chance" if "chance" in regions else "importance")
    tested = (own_pairs.present > 0) & ~known.left_out

    def rows(rule: str, by: str, call: Called) -> pd.DataFrame:
        object, label = np.nonzero(tested)
        columns = {"used": known.used, "score": call.score, "chosen": call.chosen}
        columns |= {"companion": known.companion, "drop": known.drop}
        columns["effect"] = np.broadcast_to(call.effect, tested.shape)
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
    for (rule, by), call in of_cells(run, rules).items():
        yield rows(rule, by, call)


def of_cells(run: Run, rules: Rules) -> dict[tuple[str, str], Called]:
    """Return the calls of the run's own cells by rule and by what was measured.

    `use` is above its chance. Of an effect there is the run's rule, the same where the object is looked at,
    too, and what was asked before there was a least effect: any drop beyond the control's.
    """
    if not (run.path / "cells.parquet").is_file():
        return {}
    cells = run.cells
    shape = (len(run.object_names), len(run.label_names))
    columns = {name: cells[name].to_numpy() for name in cells.columns}
    enough = ~(cells["few"] | few_groups(columns, rules))
    looked = cells["use_q"] < SURE
    masks = MASKED if MASK in read_schema(run.path / "evidence.parquet").names else ""

    def called(score: pd.Series, chosen: pd.Series, effect: pd.Series | None = None) -> Called:
        drop = np.full(len(score), np.nan) if effect is None else effect.to_numpy(float)
        return Called(
            score.to_numpy(float).reshape(shape), chosen.to_numpy(bool).reshape(shape), drop.reshape(shape)
        )

    calls = {}
    if cells["use_q"].notna().any():
        calls["use", masks] = called(cells["use"] - cells["use_chance"], enough & looked)
    if (cells["effect_images"] > 0).any():
        by = str(cells["effect_rule"].mode().iloc[0])
        effect, beyond = cells["effect"], cells["effect"] - cells["effect_control"]
        calls["effect", by] = called(beyond, enough & has_effect(columns, rules), effect)
        if cells["use_q"].notna().any():
            both = enough & looked & has_effect(columns, rules)
            calls["effect and attention", by] = called(beyond, both, effect)
        difference = columns | {"effect": beyond.to_numpy(), "effect_control": np.zeros(len(cells))}
        any_size = has_effect(difference, replace(rules, effect=0.0))
        calls["any effect beyond the control", by] = called(beyond, enough & any_size, effect)
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
