"""What makes the labels of the planted photographs, dealt out anew by each seed.

Each label has a rule of its own kind. A picture holds all that its own label asks for, and of other
labels at most something incomplete: one of two causes, one too small, too low, or with its veto.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from emocam.errors import SettingError
from emocam.functional.dice import Dice
from emocam.world.rules import Role

Kind = Literal["either", "beside", "around", "both", "stamp", "veto", "plain", "large", "high", "shortcut"]
CAUSES: dict[Kind, int] = {
    "either": 2,  # one of two suffices
    "beside": 1,  # a companion stands beside the cause, their boxes overlap
    "around": 1,  # a companion holds the cause within its box
    "both": 2,  # neither suffices alone
    "stamp": 1,  # a small mark in a corner
    "veto": 1,  # counts only where another object is absent
    "plain": 1,
    "large": 1,  # counts only where it is large
    "high": 1,  # counts only in the upper half
    "shortcut": 1,  # in training a companion is always there, and never elsewhere
}
"""Kinds in the order in which labels are made of them, and how many causes each has."""
PAIRED: tuple[Kind, ...] = ("beside", "around", "veto", "shortcut")
"""Kinds with one more object, which is no cause by the rule."""
LABELS = ("Joy", "Awe", "Fear", "Sadness", "Calm", "Anger", "Interest", "Pride", "Relief", "Surprise")
DEALT = 4_000_000_000
"""Sets the dice of the rules apart from those of the pictures."""


@dataclass(frozen=True)
class LabelRule:
    """A label, its causes, and the object beside them that is none: a companion, veto or shortcut."""

    label: str
    kind: Kind
    causes: tuple[str, ...]
    beside: str | None = None


@dataclass(frozen=True)
class PhotographRules:
    """The rules of all labels; `everywhere` and `seldom` name objects that do nothing."""

    rules: tuple[LabelRule, ...]
    everywhere: tuple[str, ...]
    seldom: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        return [rule.label for rule in self.rules]

    @property
    def planted(self) -> set[str]:
        """Every object that is pasted."""
        own = [name for rule in self.rules for name in (*rule.causes, rule.beside) if name]
        return {*own, *self.everywhere, *self.seldom}

    def role(self, object: str, label: str) -> Role | None:
        """Return what the rules say of a cell; a cause of another label has no role."""
        if object in self.everywhere:
            return "everywhere"
        rule = next(rule for rule in self.rules if rule.label == label)
        if object in rule.causes:
            return "cause"
        if object != rule.beside or rule.kind == "veto":
            return None
        return "shortcut" if rule.kind == "shortcut" else "bystander"


def deal_rules(objects: Sequence[str], seed: int) -> PhotographRules:
    """Share the objects out among as many kinds of rules as they suffice for."""
    dice = Dice(seed, DEALT)
    left = dice.some(objects, len(objects))
    rules: list[LabelRule] = []
    for label, (kind, count) in zip(LABELS, CAUSES.items(), strict=True):
        asked = count + (kind in PAIRED)
        if len(left) < asked + 2:  # one of `everywhere` and one of `seldom` are always left
            break
        own, left = left[:asked], left[asked:]
        rules.append(LabelRule(label, kind, tuple(own[:count]), own[count] if kind in PAIRED else None))
    if len(rules) < 2:
        raise SettingError(
            f"data.root: planted photographs need at least 5 different objects with outlines of some size, "
            f"found {len(objects)}; add annotated pictures, or leave data.root away for drawn ones"
        )
    return PhotographRules(tuple(rules), tuple(left[:1] + left[2:3]), tuple(left[1:2] + left[3:4]))
