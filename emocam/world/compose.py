"""The composition of one picture's scene by the rules of a world."""

from collections.abc import Callable

from emocam.functional.dice import Dice
from emocam.world.backdrop import FIELDS, Backdrop
from emocam.world.draw import Scene, Stroke
from emocam.world.palette import pick_paint, pick_tone
from emocam.world.rules import Combined, World
from emocam.world.stage import Stage

SIDES = (160, 224)


def cast_objects(world: World, dice: Dice, label: str) -> list[str]:
    """Draw the objects of a picture with this label, in random order."""
    votes = [dice.one(world.causes[label]) for _ in range(2)]
    shortcut = world.shortcuts.get(label)
    if shortcut and dice.chance(world.stamped):
        votes = [shortcut]
    rivals = dice.some([other for other in world.labels if other != label], dice.whole(1, 2))
    votes += [dice.one(world.causes[rival]) for rival in rivals]
    return with_company(world, dice, label, votes)


INCOMPLETE, WITH_VETOED, BOTH_OF_TWO = 0.5, 0.7, 0.5
"""Shares of other labels' pictures with part of what a label asks for, of these vetoes with what they stop, and of
a label's own pictures with both of two objects that suffice alone."""


def cast_combined(world: World, dice: Dice, label: str) -> list[str]:
    """Draw the same where labels ask for objects together: all of the own label's, and no other's."""
    acting: list[str] = []
    for other in world.labels:
        rule = world.combined.get(other)
        if other == label:
            acting += (
                _complete(rule, dice)
                if rule
                else dice.some(world.causes[label], min(1, len(world.causes[label])))
            )
        elif rule and rule.how == "both" and dice.chance(INCOMPLETE):
            acting.append(dice.one((rule.first, rule.second)))
        elif rule and rule.how == "unless" and dice.chance(INCOMPLETE):
            acting += [rule.second, *([rule.first] if dice.chance(WITH_VETOED) else [])]
    return with_company(world, dice, label, acting)


def _complete(rule: Combined, dice: Dice) -> list[str]:
    """Draw objects that make a label."""
    if rule.how == "either" and not dice.chance(BOTH_OF_TWO):
        return [dice.one((rule.first, rule.second))]
    return [rule.first] if rule.how == "unless" else [rule.first, rule.second]


def with_company(world: World, dice: Dice, label: str, acting: list[str]) -> list[str]:
    """Add what does nothing, and return all in random order."""
    company = [
        object
        for owner, object in world.bystanders.items()
        if dice.chance(world.companion if owner == label else world.stray)
    ]
    company += [object for object in world.everywhere if dice.chance(world.usual)]
    company += [object for object in world.others if dice.chance(world.seldom)]
    company += [object for object in company if dice.chance(world.twice)]
    return dice.some(acting + company, len(acting + company))


def scribble(dice: Dice, size: tuple[int, int]) -> Stroke:
    """Draw a long thin quadrangle or a small triangle."""
    x, y = (dice.number(0, edge) for edge in size)
    if dice.chance(0.4):
        triangle = tuple((x + dice.number(-9, 9), y + dice.number(-9, 9)) for _ in range(3))
        return Stroke(pick_paint(dice), triangle)
    reach = dice.number(8, 60)
    thick = dice.number(1, 4)
    u, v = x + dice.number(-reach, reach), y + dice.number(-reach, reach)
    return Stroke(pick_paint(dice), ((x, y), (u, v), (u + thick, v + thick), (x + thick, y + thick)))


Cast = Callable[[World, Dice, str], list[str]]
"""What draws the objects of a picture with a label, in random order."""


def compose(
    world: World,
    seed: int,
    index: int,
    fixed: tuple[int, int] | None = None,
    cast: Cast | None = None,
) -> Scene:
    """Compose picture `index` of this seed, independently of all others; of a size of its own unless one is given."""
    dice = Dice(seed, index)
    label = dice.one(world.labels)
    size = dice.whole(*SIDES), dice.whole(*SIDES)
    size = fixed or size
    kind = dice.one(list(FIELDS))
    if world.backdrops:  # the objects follow another label, which is used nowhere else
        kind = world.backdrops[label]
        label = dice.one(world.labels)
    tones = tuple(pick_tone(dice) for _ in range(3))
    backdrop = Backdrop(kind, tones, dice.whole(0, 2**32 - 1))
    clutter = tuple(scribble(dice, size) for _ in range(dice.whole(3, 9)))
    stage = Stage(world, dice, size, tones)
    cast = cast or (cast_combined if world.combined else cast_objects)
    for object in sorted(cast(world, dice, label), key=world.stamps.__contains__):
        (stage.stamp if object in world.stamps else stage.place)(object)
        partner = world.partner(object)
        if partner and world.paired and dice.chance(world.paired):
            stage.beside(partner)
    return Scene(size, backdrop, clutter, tuple(stage.things))
