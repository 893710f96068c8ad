"""The seven words, and what it takes to say each."""

from dataclasses import asdict

import numpy as np
import pytest
from omegaconf import OmegaConf

from emocam.cells.verdict import WORDS, Rules, can_be_called, verdicts
from emocam.errors import SettingError
from emocam.settings.paths import resource_folder

SEEN = {
    "present": 40,
    "use_q": 0.001,
    "present_q": 0.001,
    "effect_images": 20,
    "effect_q": 0.001,
    "effect": 2.0,
    "effect_control": 0.5,
    "effect_low": 1.2,
    "effect_fills": 3,
    "fills": 3,
}
UNMEASURED = {"effect_images": 0, "effect_q": np.nan, "effect_low": np.nan, "effect_fills": 0, "fills": 0}
UNSEEN, IDLE, ALONE = (
    {"use_q": 0.4},
    {"effect_q": 0.4, "effect_low": -0.1, "effect_fills": 0},
    {"present_q": 1.0},
)


def word(rules: Rules | None = None, **changed: float) -> str | None:
    cells = {name: np.array([value]) for name, value in (SEEN | changed).items()}
    return verdicts(cells, rules or Rules())[0]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "used"),
        (ALONE, "used"),  # what is everywhere can be used too
        (IDLE, "looked at without effect"),
        (UNSEEN, "used"),  # whatever the map shows
        ({"effect_control": 1.6}, "looked at without effect"),  # as much elsewhere does nearly as much
        ({"effect": 0.4, "effect_control": -1.0}, "looked at without effect"),  # the control hit a rival
        (UNSEEN | IDLE, "present only"),
        (UNSEEN | IDLE | ALONE, "not distinguishable from chance"),
        ({"present": 19}, "too few pictures"),
        ({"present": 0, "use_q": np.nan} | UNMEASURED, "too few pictures"),
        (UNMEASURED, None),  # looked at, and nobody tried whether it matters
        (UNSEEN | UNMEASURED, "present only"),
        (UNSEEN | UNMEASURED | ALONE, "not distinguishable from chance"),
        ({"use_q": np.nan}, "used"),  # an effect, and nobody looked
        ({"exchanged": 1.0}, "used"),
        ({"exchanged": np.nan}, "used"),
        ({"exchanged": 0.3}, "looked at without effect"),  # another label's region does as well
        ({"use_q": np.nan} | UNMEASURED, None),
        ({"use_q": np.nan} | IDLE, "present only"),
    ],
)
def test_each_word(changed: dict[str, float], expected: str | None) -> None:
    assert word(**changed) == expected


@pytest.mark.parametrize(
    ("rules", "changed", "expected"),
    [
        (Rules(images=41), {}, "too few pictures"),
        (Rules(effect_images=21), {}, None),
        (Rules(q=0.0001), {}, "not distinguishable from chance"),
        (Rules(effect=1.6), {}, "looked at without effect"),
        (Rules(effect=1.6), {"effect_control": 0.3}, "used"),
        (Rules(attention=True), {}, "used"),
        (Rules(attention=True), UNSEEN, "effect without being looked at"),
        (Rules(attention=True), {"use_q": np.nan}, None),
        (Rules(fills=3), {"effect_fills": 2}, "looked at without effect"),
        (Rules(fills=3), {"effect_fills": 1, "fills": 1}, "used"),
        (Rules(fills=2), {"effect_fills": 2}, "used"),
    ],
)
def test_each_rule_decides(rules: Rules, changed: dict[str, float], expected: str) -> None:
    assert word(rules, **changed) == expected


def test_all_words_are_listed() -> None:
    cases = [{}, IDLE, UNSEEN, UNSEEN | IDLE, UNSEEN | IDLE | ALONE, {"present": 1}]
    said = [word(Rules(attention=True), **case) for case in cases]
    assert [*said, "too few groups"] == list(WORDS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"images": 0}, "verdict.images must be at least 1, got 0"),
        ({"effect_images": 1}, "verdict.effect_images must be at least 2, got 1"),
        ({"fills": 0}, "verdict.fills must be at least 1, got 0"),
        ({"q": 1.0}, "verdict.q must lie between 0 and 1, got 1"),
        ({"effect": -0.5}, "verdict.effect must not be negative, got -0.5"),
    ],
)
def test_rules_that_cannot_be_are_told(given: dict[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=f"^{message}$"):
        Rules(**given)


@pytest.mark.parametrize(
    ("rule", "groups", "present_q", "expected"),
    [
        ("groups", 8, 0.001, "used"),
        ("groups", 7, 0.001, "too few groups"),
        ("groups", 40, np.nan, "too few groups"),  # fewer than twelve in all, so that there is no p
        ("time", 1, 0.001, "used"),
        ("time", 1, np.nan, "too few groups"),  # too few episodes of the object or the label
        ("pictures", 40, 0.001, "used"),
    ],
)
def test_pictures_of_too_few_groups_or_episodes_say_nothing(
    rule: str, groups: int, present_q: float, expected: str
) -> None:
    changed = {"images": 100, "groups": groups, "present_q": present_q}
    cells = {name: np.array([value]) for name, value in (SEEN | changed).items()}
    assert verdicts(cells | {"p_rule": np.array([rule], object)}, Rules())[0] == expected


def test_a_cell_of_too_few_pictures_or_groups_is_in_no_family() -> None:
    """Five cells: enough, too few pictures, too few groups, a film's too few episodes, and independent ones."""
    cells = {
        "present": np.array([40, 19, 40, 40, 40]),
        "images": np.array([50, 50, 50, 50, 50]),
        "groups": np.array([12, 12, 7, 12, 40]),
        "present_q": np.array([0.5, 0.5, 0.5, np.nan, np.nan]),
        "p_rule": np.array(["groups", "groups", "groups", "time", "pictures"], object),
    }
    assert can_be_called(cells, Rules()).tolist() == [True, False, False, False, True]


def test_rules_of_which_nothing_is_said_are_those_of_the_settings() -> None:
    written = OmegaConf.to_container(OmegaConf.load(resource_folder("conf") / "verdict" / "default.yaml"))
    assert {"_target_": "emocam.cells.verdict.Rules", **asdict(Rules())} == written
