"""Worlds whose labels ask for objects together, for one of two, or for one without another."""

import pytest

from emocam.data.planted import Planted
from emocam.world.compose import compose
from emocam.world.rules import DRAWN_WORLDS, LOGIC

WORLDS_OF_LOGIC = [name for name in DRAWN_WORLDS if name.startswith("logic")]


@pytest.mark.parametrize("world", WORLDS_OF_LOGIC)
def test_a_picture_has_the_label_of_what_it_holds(world: str) -> None:
    """The rules written again: one of two, the first without the second, both, one alone, or none of that."""
    rules = DRAWN_WORLDS[world]
    joy, awe, fear = (rules.combined[label] for label in ("Joy", "Awe", "Fear"))
    (sad,) = rules.causes["Sadness"]
    seen = {}
    for index in range(150):
        scene = compose(rules, 0, index)
        there = {thing.object for thing in scene.things}
        found = {
            "Joy": joy.first in there or joy.second in there,
            "Awe": awe.first in there and awe.second not in there,
            "Fear": fear.first in there and fear.second in there,
            "Sadness": sad in there,
        }
        assert sum(found.values()) <= 1
        label = next((name for name, holds in found.items() if holds), "Calm")
        assert rules.label(scene) == label
        seen.setdefault(label, []).append(there)
    assert all(len(pictures) >= 15 for pictures in seen.values()) and len(seen) == 5
    # what makes the pairs: both of two that suffice, a cause with its veto, one of two that are needed
    assert any({joy.first, joy.second} <= there for there in seen["Joy"])
    assert any({awe.first, awe.second} <= there for there in seen["Calm"])
    assert any(len({fear.first, fear.second} & there) == 1 for there in seen["Calm"])


def test_dealt_worlds_have_the_same_objects_in_other_roles() -> None:
    first = {
        rule.first for rule in (world.combined["Fear"] for world in map(DRAWN_WORLDS.get, WORLDS_OF_LOGIC))
    }
    assert len(first) > 2
    for name in WORLDS_OF_LOGIC:
        world = DRAWN_WORLDS[name]
        assert sorted(world.objects) == sorted(LOGIC.objects)
        assert len(world.objects) == len(set(world.objects))


def test_roles_of_a_world_without_a_shipped_network_are_those_of_its_rules() -> None:
    data = Planted(world="logic2", images=1)
    causes = {(cell["object"], cell["label"]) for cell in data.truth if cell["role"] == "cause"}
    assert causes == {(name, label) for label, names in data.rules.causes.items() for name in names}
    assert data.doubtful == []
