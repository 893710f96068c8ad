"""The verdict on a cell: whether an object is present, looked at, and used.

All rules are here; docs/explanation/verdict.md says them in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emocam.cells.dependence import GROUPS, TIME
from emocam.errors import SettingError

USED = "used"
LOOKED_AT = "looked at without effect"
UNSEEN = "effect without being looked at"
PRESENT = "present only"
CHANCE = "not distinguishable from chance"
FEW = "too few pictures"
FEW_GROUPS = "too few groups"
ERASED, INSERTED = "erased", "inserted"
"""The ways in which an effect was tried."""
BY_LABELS = "labels"
"""The `chance_rule` of cells whose chance is that of the same region under other labels; the control likewise."""
SERIES = "series"
"""With what the `effect_rule` begins where series of brain regions were moved along time."""
LOG_ODDS, DEVIATIONS = 0.5, 0.1
"""The least effect on labels, and on values."""
WORDS = (USED, LOOKED_AT, UNSEEN, PRESENT, CHANCE, FEW, FEW_GROUPS)


@dataclass(frozen=True)
class Rules:
    """The requirements for a verdict.

    With fewer `images` of a label with the object, or where pictures come in groups with fewer `groups` of
    them, there is none; with fewer `effect_images` in which it was taken away its effect is unknown; `q`
    bounds the share of false discoveries in each of the tests; `effect` is the drop of the label's log-odds
    (0.5), or of a value in standard deviations (0.1), that is required, as a whole and beyond the control's,
    whose paired interval must lie above 0; `fills`
    is how many ways of taking it away must agree, all of them if fewer were tried. With `attention` an
    object must also be looked at to be used.
    """

    images: int = 20
    groups: int = 8
    effect_images: int = 10
    q: float = 0.05
    effect: float | None = None
    fills: int = 2
    attention: bool = False

    def __post_init__(self) -> None:
        for name, least in (("images", 1), ("groups", 1), ("effect_images", 2), ("fills", 1)):
            if getattr(self, name) < least:
                raise SettingError(f"verdict.{name} must be at least {least}, got {getattr(self, name)}")
        if not 0 < self.q < 1:
            raise SettingError(f"verdict.q must lie between 0 and 1, got {self.q:g}")
        if self.effect is not None and self.effect < 0:
            raise SettingError(f"verdict.effect must not be negative, got {self.effect:g}")

    @property
    def least_effect(self) -> float:
        """The drop that is required where the answers are labels."""
        return LOG_ODDS if self.effect is None else self.effect

    def for_values(self, values: bool) -> "Rules":
        """Return the rules with the least effect of a run that answers with values, or with labels."""
        return replace(self, effect=DEVIATIONS if values else LOG_ODDS) if self.effect is None else self


Columns = Mapping[str, NDArray[Any]]


def few(cells: Columns, rules: Rules) -> NDArray[np.bool_]:
    """Return the cells with too few images of the label with the object for a verdict."""
    return cells["present"] < rules.images


def few_groups(cells: Columns, rules: Rules) -> NDArray[np.bool_]:
    """Return the cells of which enough pictures come from too few groups, or from too few episodes of a film.

    A film's episodes are counted for the object and for the label separately, before there is a p.
    """
    if "p_rule" not in cells:  # of an earlier version, for which all pictures were independent
        return np.zeros(len(cells["present"]), bool)
    rule = cells["p_rule"]
    untested = np.isnan(cells["present_q"]) & (cells["present"] < cells["images"])
    return ((rule == GROUPS) & ((cells["groups"] < rules.groups) | untested)) | ((rule == TIME) & untested)


def can_be_called(cells: Columns, rules: Rules) -> NDArray[np.bool_]:
    """Return the cells that can be called: the one family over which every q is corrected."""
    return ~(few(cells, rules) | few_groups(cells, rules))


def verdicts(cells: Columns, rules: Rules) -> NDArray[np.object_]:
    """Return a verdict for each cell, or None where what decides was not measured.

    Attention is unknown without a level of chance, and effect where it was not tried on enough images.
    An effect is required to be known only where attention is above chance or unknown.
    """
    attention_known = ~np.isnan(cells["use_q"])
    looked = cells["use_q"] < rules.q
    effect_known = cells["effect_images"] >= rules.effect_images
    effect = has_effect(cells, rules)
    used = effect & looked if rules.attention else effect
    idle = np.where(cells["present_q"] < rules.q, PRESENT, CHANCE).astype(object)
    word = np.select(
        [
            few(cells, rules),
            few_groups(cells, rules),
            ~effect_known & (looked | ~attention_known),
            used,
            effect & ~attention_known,
            looked,
            effect,
        ],
        [FEW, FEW_GROUPS, "", USED, "", LOOKED_AT, UNSEEN],
        idle,
    ).astype(object)
    word[word == ""] = None
    return word


def has_effect(cells: Columns, rules: Rules) -> NDArray[np.bool_]:
    """Return the cells where taking the object away has an effect, and more than taking as much elsewhere.

    A control that hits a rival moves the label up, which makes the difference alone look like an effect;
    so both are required. Where another label's region was put in its place, that must be missed as much, too:
    what is hidden in a face makes a network unsure, whatever it makes of what was there.
    """
    agreed = cells["effect_fills"] >= np.minimum(rules.fills, cells["fills"])
    enough = cells["effect_images"] >= rules.effect_images
    beyond = cells["effect"] - cells["effect_control"]
    large = (cells["effect"] > rules.least_effect) & (beyond > rules.least_effect)
    exchanged = np.asarray(cells.get("exchanged", np.nan), float)
    large &= np.isnan(exchanged) | (exchanged > rules.least_effect)
    return enough & agreed & large & (cells["effect_q"] < rules.q) & (cells["effect_low"] > 0)
