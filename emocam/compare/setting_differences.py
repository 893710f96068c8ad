"""The settings in which runs differ, and short names made of them."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from emocam.results.run import Run
from emocam.settings.recorded import kept_settings

HIDDEN = ("callback", "trainer", "logger", "quiet", "cache", "allow", "hydra")
"""The settings that change nothing in what a run finds."""


def flat_settings(run: Run) -> dict[str, Any]:
    """Return each group's option by the group's name, and each plain value by its dotted name."""
    options = run.summary.get("choices", {})
    values = {group: "none" if option in ("None", "null") else option for group, option in options.items()}
    values |= dict(_leaves(kept_settings(run.path), ""))
    return {name: value for name, value in values.items() if name.split(".")[0] not in HIDDEN}


def _leaves(node: dict[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{place}{key}.")
        # a value that repeats another setting (`${seed}`) is listed there
        elif value is not None and not key.startswith("_") and not str(value).startswith("${"):
            yield f"{place}{key}", value if isinstance(value, int | float | str) else str(value)


def differing_settings(runs: list[Run]) -> pd.DataFrame:
    """Return one row per run and a column for each setting that is not the same in all; NaN where absent."""
    table = pd.DataFrame([flat_settings(run) for run in runs], dtype=object)
    same = [len({str(value) for value in table[name]}) == 1 for name in table]
    return table.loc[:, [not s for s in same]]


def short_names(table: pd.DataFrame) -> list[str]:
    """Name each run by the few settings that tell them apart: `gradcam`, or `gradcam importance=0.1`.

    Groups come first, by their option alone; runs of equal settings are numbered.
    """
    names = [""] * len(table)
    for column in sorted(map(str, table), key=lambda name: "." in name):
        if len(set(names)) == len(names):
            break
        words = [_word(column, value) for value in table[column]]
        longer = [f"{name} {word}".strip() for name, word in zip(names, words, strict=True)]
        if len(set(longer)) > len(set(names)):
            names = longer
    if len(set(names)) < len(names):
        names = [f"{name} {place}".strip() for place, name in enumerate(names)]
    return names


def _word(column: str, value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{column.rpartition('.')[2]}={value}" if "." in column or column == "seed" else str(value)


def describe_differences(one: Run, other: Run, groups: tuple[str, ...]) -> str:
    """Return up to three differences below these groups, such as `detector: annotations and haar`."""
    a = flat_settings(one)
    b = flat_settings(other)
    names = [n for n in dict.fromkeys([*a, *b]) if n.split(".")[0] in groups and a.get(n) != b.get(n)]
    return ", ".join(f"{n}: {a.get(n, 'none')} and {b.get(n, 'none')}" for n in names[:3])
