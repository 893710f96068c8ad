"""A model, people's gaze and a brain beside each other: of each emotion the objects and regions, with their verdicts.

Nothing is correlated across the three: pictures are no volumes, and objects no regions. What they share is the
emotion's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emocam.cells.verdict import LOOKED_AT, USED
from emocam.compare.people import is_gaze
from emocam.errors import SettingError
from emocam.results.files import CELLS
from emocam.results.run import Run

MODEL, GAZE, BRAIN = "model", "gaze", "brain"
SURE = 0.05
MOST = 5
"""Names of a side and emotion in a sentence."""
SAYS = {MODEL: "the model uses", GAZE: "people look at", BRAIN: "regions that tell it"}
COLUMNS = ["emotion", "side", "name", "percent", "chance", "effect", "verdict", "stands_out"]


@dataclass(frozen=True)
class Side:
    """One of the three runs."""

    name: str
    run: Run


def read_sides(runs: Sequence[Run]) -> list[Side]:
    """Return the three runs with what each is; refuse one that is something else, or has no cells."""
    found = [Side(name, run) for name, run in zip((MODEL, GAZE, BRAIN), runs, strict=True)]
    for side in found:
        kind = side_of(side.run)
        if kind != side.name:
            raise SettingError(
                f"{side.name.upper()} {side.run.path} is a run of {WHAT[kind]}, and one of {WHAT[side.name]} is "
                "expected here; the order is emocam cross MODEL GAZE BRAIN"
            )
        if not side.run.file(CELLS).is_file():
            raise SettingError(
                f"{side.name.upper()} {side.run.path} has no cells.parquet, where the verdicts stand; replay it with "
                "its callbacks: task=replay evidence=RUN"
            )
    shared = set.intersection(*(set(map(str.casefold, side.run.label_names)) for side in found))
    if not shared:
        named = "; ".join(f"{side.name}: {', '.join(side.run.label_names[:6])}" for side in found)
        raise SettingError(
            f"the three runs share no emotion by its name ({named}); labels.rename gives a run the names of another"
        )
    return found


WHAT = {MODEL: "a model", GAZE: "gaze (cam=gaze)", BRAIN: "a brain (emocam decode)"}


def side_of(run: Run) -> str:
    """Return whose run it is."""
    if run.of_series:
        return BRAIN
    return GAZE if is_gaze(run) else MODEL


def cross_table(sides: Sequence[Side]) -> pd.DataFrame:
    """Return a row an emotion, side and name, of all emotions that any side has, those of all three first.

    An emotion is called as the first side that has it calls it; capitals make no difference.
    """
    names: dict[str, str] = {}
    for side in sides:
        for label in side.run.label_names:
            names.setdefault(label.casefold(), label)
    table = pd.concat([side_rows(side, names) for side in sides], ignore_index=True)
    shared = table.groupby("emotion")["side"].nunique()
    order = {emotion: (-int(shared.get(emotion, 0)), place) for place, emotion in enumerate(names.values())}
    key = table["emotion"].map(lambda emotion: order[emotion])
    side_order = table["side"].map([MODEL, GAZE, BRAIN].index)
    rows = table.assign(key=key, side_order=side_order, strength=-table["percent"].fillna(0))
    rows = rows.sort_values(
        ["key", "side_order", "stands_out", "strength"], ascending=[True, True, False, True]
    )
    return rows[COLUMNS].reset_index(drop=True)


def side_rows(side: Side, names: dict[str, str]) -> pd.DataFrame:
    """Return the rows of one run: objects, or regions, of each emotion."""
    cells = side.run.cells
    used = cells["verdict"].astype(object) == USED
    looked = cells["use_q"].to_numpy(float) < SURE
    measured = cells["effect_images"].to_numpy(float).sum() > 0
    # people change no answer, and where no effect was measured a model's maps are all that is known
    stands_out = used.to_numpy() if side.name != GAZE and measured else looked
    return pd.DataFrame(
        {
            "emotion": [names[str(label).casefold()] for label in cells["label"]],
            "side": side.name,
            "name": cells["object"].astype(str),
            "percent": cells["percent"].to_numpy(float),
            "chance": 100 * cells["use_chance"].to_numpy(float),
            "effect": cells["effect"].to_numpy(float),
            "verdict": verdict_words(side.name, cells["verdict"].astype(object).tolist(), looked, measured),
            "stands_out": stands_out,
        }
    )


def verdict_words(side: str, verdicts: Sequence[object], looked: np.ndarray, measured: bool) -> list[str]:
    """Return each cell's verdict; of gaze, and where no effect was measured, whether it is looked at beyond chance."""
    if side == BRAIN or (side == MODEL and measured):
        return [word if isinstance(word, str) else "" for word in verdicts]
    beyond = "looked at" if side == GAZE else LOOKED_AT.replace(" without effect", "")
    return [
        beyond if looks else ("" if word in (None, USED, LOOKED_AT) or word != word else str(word))
        for word, looks in zip(verdicts, looked, strict=True)
    ]


def standing_names(table: pd.DataFrame, emotion: str, side: str) -> list[str]:
    """Return the names that stand out of an emotion and side, the commonest first."""
    rows = table[(table["emotion"] == emotion) & (table["side"] == side) & table["stands_out"]]
    return rows["name"].tolist()


def cross_lines(table: pd.DataFrame) -> list[str]:
    """Return a line an emotion of all three sides, and which emotions not all have."""
    lines = []
    sides = table.groupby("emotion", sort=False)["side"].nunique()
    for emotion in sides.index[sides == len(SAYS)]:
        parts = []
        for side, says in SAYS.items():
            names = standing_names(table, emotion, side)
            told = ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
            parts.append(f"{says} {told or 'none'}")
        lines.append(f"{emotion}: {'; '.join(parts)}")
    if len(rest := sides.index[sides < len(SAYS)].tolist()):
        more = f" and {len(rest) - 12} more" if len(rest) > 12 else ""
        lines.append(f"not in all three: {', '.join(rest[:12])}{more}")
    return lines
