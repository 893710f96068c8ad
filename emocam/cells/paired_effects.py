"""Two runs over the same pictures, before and after a cure: whether each effect went, and what took its place."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emocam.cells.dependence import PICTURES, read_dependence
from emocam.cells.effects import NOT_TAKEN
from emocam.errors import SettingError
from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.paired_tests import paired_interval, paired_p
from emocam.results.files import EFFECT, PREDICTIONS, PRESCRIPTION
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run

TRIED_CELL = ["object", "label"]
GONE = 0.5
"""Log-odds: an effect whose interval ends below is gone."""
FEWEST_PAIRS = 5
SURE_CHANGE, MOST_RISEN = 0.05, 6


@dataclass(frozen=True)
class PairedEffects:
    """A row for each cell that both runs tried in the same pictures, and sentences on shortcuts and accuracy."""

    table: pd.DataFrame
    sentences: list[str]


def paired_effects(before: Run, after: Run) -> PairedEffects:
    """Compare the effects of two runs, trial by trial: effect less control, of the same object, label and picture."""
    for run in (before, after):
        if not run.file(EFFECT).is_file():
            raise SettingError(
                f"--paired compares effects, and {run.path} has none; run it with +effect=erase"
            )
    both = trial_effects(before).join(trial_effects(after), how="inner", lsuffix="_before", rsuffix="_after")
    if both.empty:
        raise SettingError(
            f"--paired: {before.path} and {after.path} tried no object under the same label in the same picture; "
            "measure both over the same pictures, with a larger effect.images"
        )
    units = unit_of_each(before)
    both = both.reset_index()
    both["unit"] = both["image"].map(units) if units else both["image"]
    means = both.groupby([*TRIED_CELL, "unit"], sort=False)[["effect_before", "effect_after"]].mean()
    rows = [
        cell_row(str(object), str(label), of_cell)
        for (object, label), of_cell in means.groupby(TRIED_CELL, sort=False)  # type: ignore[misc]
        if len(of_cell) >= FEWEST_PAIRS
    ]
    table = pd.DataFrame(rows, columns=PAIRED_COLUMNS)
    table["q"] = false_discoveries(table["p"].to_numpy(float))
    cured = cured_cells(before)
    table["shortcut"] = [(row.object, row.label) in cured for row in table.itertuples()]
    table = table.sort_values(["shortcut", "change"], ascending=[False, True], kind="stable")
    return PairedEffects(table, [*sentences_of(table, cured), *accuracy_sentence(before, after)])


PAIRED_COLUMNS = [
    *("object", "label", "images", "effect_before", "effect_after", "low_after", "high_after"),
    *("change", "low", "high", "p", "q", "shortcut"),
]


def trial_effects(run: Run) -> pd.DataFrame:
    """Return effect less control of each object, label and picture, the mean of its fills."""
    rows = read_frame(run.file(EFFECT), columns=[*TRIED_CELL, "image", "fill", "effect", "effect_control"])
    rows = rows.astype(dict.fromkeys((*TRIED_CELL, "image", "fill"), str))
    rows = rows[~rows["fill"].isin(NOT_TAKEN)]
    effect = rows["effect"].astype(float) - rows["effect_control"].astype(float)
    return (
        rows.assign(effect=effect).dropna(subset="effect").groupby([*TRIED_CELL, "image"])[["effect"]].mean()
    )


def unit_of_each(run: Run) -> dict[str, int] | None:
    """Return the group of each picture; None where each is one by itself."""
    dependence = read_dependence(run)
    if dependence.rule == PICTURES:
        return None
    predictions = read_frame(run.file(PREDICTIONS), columns=["image"])
    return {str(image): int(unit) for image, unit in zip(predictions["image"], dependence.group, strict=True)}


def cell_row(object: str, label: str, of_cell: pd.DataFrame) -> dict[str, Any]:
    """Return what the same pictures show of one cell before and after."""
    before, after = (of_cell[name].to_numpy(float) for name in ("effect_before", "effect_after"))
    low_after, high_after = spread_interval(after)
    low, high = spread_interval(after - before)
    return {
        "object": object,
        "label": label,
        "images": len(after),
        "effect_before": before.mean(),
        "effect_after": after.mean(),
        "low_after": low_after,
        "high_after": high_after,
        "change": (after - before).mean(),
        "low": low,
        "high": high,
        "p": two_sided_p(after - before),
    }


def spread_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the mean of paired values."""
    if len(values) < 2:
        return float("nan"), float("nan")
    mean, deviation = np.array([values.mean()]), np.array([values.std(ddof=1)])
    (low,), (high,) = paired_interval(mean, deviation, np.array([len(values)]))
    return float(low), float(high)


def two_sided_p(values: np.ndarray) -> float:
    """Return the p of Student's t that the mean is 0."""
    if len(values) < 2:
        return float("nan")
    mean, deviation = np.array([values.mean()]), np.array([values.std(ddof=1)])
    one = float(paired_p(mean, deviation, np.array([len(values)]))[0])
    return min(1.0, 2 * min(one, 1 - one))


def cured_cells(before: Run) -> set[tuple[str, str]]:
    """Return the cells that the first run's prescription names, or those that its data call shortcuts."""
    file = before.path / PRESCRIPTION / "prescription.csv"
    if file.is_file():
        rows = pd.read_csv(file, dtype=str)
        return set(zip(rows["object"], rows["label"], strict=True))
    names = before.object_names, before.label_names
    return {(names[0][o], names[1][i]) for (o, i), role in before.roles.items() if role == "shortcut"}


def sentences_of(table: pd.DataFrame, cured: set[tuple[str, str]]) -> list[str]:
    """Return a sentence on each shortcut, and one on what took its place."""
    rows: list[dict[Any, Any]] = table.to_dict("records")
    by_cell = {(row["object"], row["label"]): row for row in rows}
    lines = [cure_sentence(object, label, by_cell.get((object, label))) for object, label in sorted(cured)]
    risen = [row for row in rows if row["q"] < SURE_CHANGE and row["low"] > 0 and row["low_after"] > GONE]
    named = [
        f"{row['object']} under {row['label']} ({row['effect_before']:.1f} to {row['effect_after']:.1f})"
        for row in sorted(risen, key=lambda row: -row["change"])
    ]
    return [
        *lines,
        f"weighs more than before: {', '.join(named[:MOST_RISEN])}"
        if named
        else "no object weighs more than before",
    ]


def cure_sentence(object: str, label: str, row: dict[Any, Any] | None) -> str:
    """Return whether a shortcut is gone, with its interval."""
    if row is None:
        return (
            f"{object} under {label}: fewer than {FEWEST_PAIRS} pictures show it before and after, so nothing can be "
            "said"
        )
    verdict = "whether it is gone is not sure"
    if row["high_after"] < GONE:
        verdict = "it is gone"
    elif row["low_after"] > GONE:
        verdict = "it is still used"
    return (
        f"{object} under {label}: taking it away cost {row['effect_before']:.2f} log-odds beyond the control before, "
        f"and {row['effect_after']:.2f} ({row['low_after']:.2f} to {row['high_after']:.2f}) after, in the same "
        f"{row['images']:,} pictures: {verdict}"
    )


def accuracy_sentence(before: Run, after: Run) -> list[str]:
    """Return what the cure did to the share of right answers, where true labels are known."""
    tables = [
        read_frame(run.file(PREDICTIONS)).astype({"image": str, "label": str}) for run in (before, after)
    ]
    if not all("truth" in table for table in tables):
        return []
    first, second = (table.set_index("image") for table in tables)
    shared = first.index.intersection(second.index)
    first, second = first.loc[shared], second.loc[shared]
    known = first["truth"].notna() & (first["truth"].astype(str) != "")
    right = [(t["label"] == t["truth"].astype(str))[known].to_numpy(float) for t in (first, second)]
    if not len(right[0]):
        return []
    low, high = spread_interval(right[1] - right[0])
    return [
        f"accuracy {100 * right[0].mean():.1f} % before and {100 * right[1].mean():.1f} % after "
        f"({100 * (right[1] - right[0]).mean():+.1f} points, {100 * low:+.1f} to {100 * high:+.1f}), "
        f"{len(right[0]):,} pictures"
    ]
