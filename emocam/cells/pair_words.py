"""Sentences on what objects do together, where they must stand, and which of them keep an answer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from emocam.cells.kept_sets import NOTHING_KEPT
from emocam.cells.moved_objects import ANYWHERE
from emocam.cells.pairs import EITHER, ONLY_WITH

EMPTIED = "the emptied picture"
RULE_ADDS = 0.05
"""A set is told while it adds at least this share of the label's pictures."""


def pair_sentences(table: pd.DataFrame) -> list[str]:
    """Return a sentence for each pair with a relation, the strongest first."""
    return [pair_sentence(row) for row in table[table["relation"] != ""].to_dict("records")]


def pair_sentence(row: Mapping[Any, Any]) -> str:
    """Return what two objects do together, with what it was seen by."""
    a, b, label = row["a"], row["b"], row["label"]
    with_b, without_b = row["alone_a"], row["together"] - row["alone_b"]
    seen = f"{_pictures(row['images'])}, q {_short_q(row['q'])}"
    if row["relation"] == EITHER:
        return (
            f"{label}: {a} or {b} suffices (taking {a} away costs {_short(row['alone_a'])}, {b} "
            f"{_short(row['alone_b'])}, both {_short(row['together'])} log-odds; {seen})"
        )
    word = "only with" if row["relation"] == ONLY_WITH else "unless"
    return (
        f"{label}: {a} {word} {b} (taking {a} away costs {_short(with_b)} log-odds where {b} is, "
        f"{_short(without_b)} where {b} was taken away; {seen})"
    )


def _short(number: float) -> str:
    """Return a number of log-odds; what rounds to 0 has no sign."""
    return f"{round(number, 1) + 0.0:.1f}"


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _short_q(q: float) -> str:
    return "< .001" if q < 0.001 else f"{q:.3f}".lstrip("0")


def place_sentences(table: pd.DataFrame) -> list[str]:
    """Return a sentence for each object of which it is known whether its place matters."""
    found = []
    for row in table[table["relation"] != ""].to_dict("records"):
        where = "wherever it stands" if row["relation"] == ANYWHERE else "only in its place"
        found.append(
            f"{row['label']}: {row['object']} {where} (taking it away costs {_short(row['away'])} log-odds, moving it "
            f"{_short(row['moved'])} ({_short(row['low'])} to {_short(row['high'])}); {_pictures(row['images'])})"
        )
    return found


def set_sentences(table: pd.DataFrame, none: Mapping[str, float]) -> list[str]:
    """Return for each label which few objects keep its answer, as a rule that a person can read."""
    found = []
    for label, rows in table.groupby("label", sort=False):
        adds = np.diff(rows["cumulative"].to_numpy(float), prepend=0.0)
        told = rows[adds >= RULE_ADDS]
        named = [
            f"{EMPTIED if row['objects'] == NOTHING_KEPT else row['objects']} in {100 * row['coverage']:.0f} %"
            for row in told.to_dict("records")
        ]
        left = none.get(str(label), 0.0)
        more = f", more than two objects in {100 * left:.0f} %" if left >= RULE_ADDS else ""
        tried = int(rows["tried"].iloc[0])
        found.append(
            f"{label} is kept by {', '.join(named) or 'nothing small'}{more} (with all other objects taken away, "
            f"{_pictures(tried)})"
        )
    alone = [label for label, share in none.items() if share == 1]
    return found + [f"{label} is kept by no set of one or two objects in any picture" for label in alone]


def whole_sentences(table: pd.DataFrame, least: float) -> list[str]:
    """Return a sentence for each object that has an effect as a whole and holds another."""
    rows = table[(table["effect_whole"] > least) & (table["whole_low"] > 0)]
    return [
        f"{row['label']}: {row['whole']} costs {_short(row['effect_whole'])} log-odds with all that lies in it, "
        f"{_short(row['effect_own'])} without {row['part']}, which costs {_short(row['effect_part'])} "
        f"({_pictures(row['images'])})"
        for row in rows.to_dict("records")
    ]


def pair_notes(told: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Return what was not tried, and why; each kind is counted."""
    notes = []
    pairs, joint = told["pairs"], told["joint"]
    if not pairs:
        notes.append(
            f"no two objects stand together in {joint} pictures (effect.joint), so what they do together cannot be "
            f"told: {told['never']:,} pairs never do, {told['seldom']:,} in fewer pictures"
        )
    elif told["never"] or told["seldom"]:
        notes.append(
            f"pairs that are not tried: {told['never']:,} never stand together, {told['seldom']:,} in fewer than "
            f"{joint} pictures (effect.joint)"
        )
    if told["left_out"]:
        notes.append(f"{told['left_out']:,} further pairs are left out, beyond effect.most_pairs")
    if told["same"]:
        named = ", ".join(" and ".join(pair) for pair in told["same"])
        notes.append(
            f"two names of one thing, each within the other, so not tried against each other: {named}"
        )
    rows = table[["a", "b", "images"]].to_dict("records")
    measured = {frozenset((row["a"], row["b"])): int(row["images"]) for row in rows}
    short = sum(measured.get(frozenset((a, b)), 0) < joint <= planned for a, b, planned, _ in pairs)
    if short:
        notes.append(
            f"{short:,} pairs have no p, since in fewer than {joint} pictures both objects have pixels of their own"
        )
    few = {
        label: (enough, pictures)
        for label, (_, enough, pictures) in told["sets"].items()
        if enough < pictures
    }
    if few:
        enough, pictures = (sum(counts) for counts in zip(*few.values(), strict=True))
        notes.append(
            f"smallest sets are sought in pictures of three or more objects: {enough:,} of {pictures:,} pictures of "
            f"{', '.join(few)}"
        )
    return notes
