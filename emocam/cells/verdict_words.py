"""A cell in words that need no other: what the verdict says, then the numbers that it rests on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emocam.cells.verdict import (
    BY_LABELS,
    CHANCE,
    FEW,
    FEW_GROUPS,
    INSERTED,
    LOOKED_AT,
    PRESENT,
    SERIES,
    UNSEEN,
    USED,
)

Cell = Mapping[str, Any]
RARE = 0.1
"""The share of answers that change, below which an effect is told by the answer's log-odds as well."""

LEADS = {
    USED: "The classifier uses {object} to answer {label}. ",
    LOOKED_AT: "The classifier looks at {object} when it answers {label}, but the answer does not hang on it. ",
    UNSEEN: "{label} hangs on {object}, though the classifier is hardly seen to look there. ",
    PRESENT: "{object} comes with {label}, but the classifier does not go by it, as far as can be told. ",
    CHANCE: "Nothing about {object} and {label} is beyond chance. ",
    FEW: "Too few pictures to say anything of {object} and {label}. ",
    FEW_GROUPS: "Too few groups of pictures to say anything of {object} and {label}. ",
}
"""What each verdict says; without one the numbers stand alone."""


def verdict_sentence(cell: Cell, unit: str = "log-odds", asked: bool = False, pictures: int = 0) -> str:
    """Describe a cell in words, without what was not measured.

    Effects are in a unit; `asked` of all pictures, a label tells none apart. `pictures` are those of all labels.
    """
    if str(cell.get("effect_rule")).startswith(SERIES):
        return _series_sentence(cell)
    lead = LEADS.get(str(cell.get("verdict")), "").format(object=cell["object"], label=cell["label"])
    parts = [_present(cell, asked, pictures)]
    if _known(cell, "use", "use_chance"):
        parts.append(_looked_at(cell))
    if unit != "log-odds" and _known(cell, "effect", "effect_control"):
        parts.append(_moved(cell, unit))
    elif _known(cell, "flips", "flips_control"):
        parts.append(_flipped(cell))
    if _known(cell, "exchanged"):
        parts.append(f"another label's {cell['object']} there costs {cell['exchanged']:.1f} {unit}")
    if cell.get("verdict") in (PRESENT, CHANCE, LOOKED_AT) and _known(cell, "visible_effect"):
        parts.append(
            f"an effect of {cell['visible_effect']:.1f} {unit} would have been found in four of five tries"
        )
    return f"{lead}{'; '.join(parts)}."


def how_often(share: float) -> str:
    """Return a share of tries as one says it: every time, never, or a percentage of them."""
    if share in (0, 1):
        return "every time" if share else "never"
    return f"in {_percent(share)}"


def _known(cell: Cell, *names: str) -> bool:
    return all(cell.get(name) is not None and np.isfinite(cell[name]) for name in names)


def _present(cell: Cell, asked: bool, pictures: int) -> str:
    """Return in how many of the label's pictures the object is, and in how many of all."""
    of = (
        f"pictures asked about {cell['label']}"
        if asked
        else f"pictures that the classifier calls {cell['label']}"
    )
    held, images = int(cell["present"]), int(cell["images"])
    many = f"all {images:,}" if held == images > 1 else f"{held:,} of {images:,}"
    share = _percent(cell["present_percent_of_all"] / 100)
    all_pictures = f"all {pictures:,} pictures" if pictures else "all pictures"
    return f"{cell['object']} is in {many} {of}" + ("" if asked else f" ({share} of {all_pictures})")


def _looked_at(cell: Cell) -> str:
    """Return in how many of the pictures with the object it is looked at, and in how many it would be by chance."""
    held, kept = int(cell["present"]), int(cell["kept"])
    looked = "in every one" if kept == held else f"in {kept:,} of these {held:,}" if kept else "in none"
    by = "under other labels" if cell.get("chance_rule") == BY_LABELS else "by chance"
    return f"looked at {looked} ({_percent(cell['use_chance'])} {by})"


def _flipped(cell: Cell) -> str:
    """Return how often the answer changes without the object, or with it, and how often by the control."""
    tries = f"{int(cell['effect_images']):,} pictures"
    flips, control = how_often(cell["flips"]), how_often(cell["flips_control"])
    if cell.get("tried") == INSERTED:
        return f"put into {tries}, it turns the answer to this label {flips}, a patch without it {control}"
    if BY_LABELS in str(cell.get("effect_rule")).split(", "):
        elsewhere = "the same region taken away under other labels"
    else:
        elsewhere = "as much taken away elsewhere"
    rare = (
        cell["flips"] < RARE
        and cell.get("verdict") in (USED, UNSEEN)
        and _known(cell, "effect", "effect_control")
    )
    less = (
        f", and makes it less likely (by {cell['effect']:.1f} log-odds, {cell['effect_control']:.1f} there)"
    )
    return (
        f"taken away in {tries}, it changes the answer {flips}, {elsewhere} {control}{less if rare else ''}"
    )


def _moved(cell: Cell, unit: str) -> str:
    """Return what changing the object does to the value that the label asks for."""
    tries = f"{int(cell['effect_images']):,} pictures"
    inserted = cell.get("tried") == INSERTED
    change = f"put into {tries}" if inserted else f"taken away in {tries}"
    patch = "a patch without it" if inserted else "as much taken away elsewhere"
    name, direction = cell["label"][:-2], cell["label"][-1]
    # taking away what raises a value lowers it, and putting it in raises it
    sign = (1 if direction == "+" else -1) * (1 if inserted else -1)
    effect, control = sign * cell["effect"], sign * cell["effect_control"]
    return f"{change}, it moves {name} by {effect:+.2f} {unit}, {patch} by {control:+.2f}"


def _series_sentence(cell: Cell) -> str:
    """Describe a region and a label that is decoded from its series."""
    word = cell.get("verdict")
    return (
        f"{cell['object']}, {cell['label']}: where observers say it, the region adds {cell['effect']:.2f} log-odds "
        f"(the mean of all other regions: {cell['effect_control']:.2f}); it counts in {int(cell['kept']):,} of the "
        f"{int(cell['present']):,} volumes that are decoded so (by lot: {_percent(cell['use_chance'])})."
        + (f" {word[0].upper()}{word[1:]}." if isinstance(word, str) else "")
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
