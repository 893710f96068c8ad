"""Sentences on groups of pictures: recall first, then where the network looks; a difference is no more than that."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import pandas as pd

from emocam.results.files import DIFFERENCES, RECALL_DIFFERENCES, SLICES_RECALL

SURE = 0.05
"""The share of false discoveries among the differences that are called beyond chance."""
MOST_PAIRS = 6
"""Pairs of groups with sentences of their own; the files have the others."""
ON_ANSWERS = {"all": "on all answers", "right": "on right answers"}
UNITS = {"importance": ("", 2), "percent": (" points", 0)}


def slice_sentences(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the sentences on recall, then on the cells of each pair of groups, on all answers and on right ones."""
    lines = []
    if SLICES_RECALL in tables:
        lines += _recall_lines(tables[SLICES_RECALL], tables[RECALL_DIFFERENCES])
    differences = tables[DIFFERENCES]
    pairs = list(dict.fromkeys(zip(differences["a"], differences["b"], strict=True)))
    for a, b in pairs[:MOST_PAIRS]:
        of_pair = differences[(differences["a"] == a) & (differences["b"] == b)]
        lines += [
            _cells_line(rows, a, b, ON_ANSWERS[answers])
            for answers, rows in ((name, of_pair[of_pair["answers"] == name]) for name in ON_ANSWERS)
            if len(rows)
        ]
    if len(pairs) > MOST_PAIRS:
        lines.append(f"{len(pairs) - MOST_PAIRS} further pairs of groups are in differences.csv")
    return lines


def _recall_lines(recall: pd.DataFrame, differences: pd.DataFrame) -> list[str]:
    whole = recall[recall["label"] == ""]
    shares = [
        f"{row['slice']} {100 * row['recall']:.0f} %{_interval(row, 100, 0)}"
        for row in whole.to_dict("records")
    ]
    lines = [f"right answers: {', '.join(shares)}"] if shares else []
    rows = differences[differences["label"] == ""].to_dict("records")
    for row in rows[:MOST_PAIRS]:
        if isfinite(row["p"]):
            apart = f"{100 * row['difference']:+.0f} points{_interval(row, 100, 0, sign='+')}"
            lines.append(
                f"{row['b']} against {row['a']}: {apart} right answers, p = {row['p']:.2g} ({row['p_rule']})"
            )
    return lines


def _cells_line(rows: pd.DataFrame, a: str, b: str, answers: str) -> str:
    tested = rows[rows["p"].notna()]
    if tested.empty:
        reasons = " and ".join(dict.fromkeys(rows["p_rule"]))
        return f"{b} against {a}, {answers}: {len(rows)} cells, none with a p ({reasons})"
    sure = tested[tested["q"] < SURE]
    line = (
        f"{b} against {a}, {answers}: {len(sure)} of {len(tested)} cells differ by more than chance "
        f"(q < {SURE:g}, {tested['p_rule'].iloc[0]})"
    )
    if sure.empty:
        return line
    most = sure.iloc[int(sure["hedges_g"].abs().fillna(0).argmax())].to_dict()
    unit, digits = UNITS[str(most["measure"])]
    return (
        f"{line}; most {most['object']} under {most['label']}: {most['difference']:+.{digits}f}{unit}"
        f"{_interval(most, 1, digits, sign='+')}, g {most['hedges_g']:+.1f}"
    )


def _interval(row: Mapping[Any, Any], times: float, digits: int, sign: str = "") -> str:
    low, high = (times * float(row[name]) for name in ("low", "high"))
    return f" ({low:{sign}.{digits}f} to {high:{sign}.{digits}f})" if isfinite(low) else ""
