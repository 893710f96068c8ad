"""Throws the scene of one picture, by the rules of a world."""

from collections.abc import Sequence

from emocam.data.backdrop import FIELDS, Backdrop, Colour
from emocam.data.dice import Dice
from emocam.data.drawing import Scene, Stroke, Thing
from emocam.data.world import World

SIDES = (160, 224)
PAINTS = ["e4572e", "f3a712", "f7d046", "8ac926", "2e933c", "17bebb", "2176c7", "5b3fa8", "a23e9d", "e86a92", "b23a48", "8d5b33", "f4efe6", "9fd3e8", "d8c4f0"]
TONES = ["20303f", "3d5a6c", "6b8f9c", "a9c5cf", "d9e4e6", "4a5d3a", "7d9461", "b8c48c", "5a4a3f", "94795d", "c9b18f", "eadfc8", "6e4555", "a87987", "d7b0b4", "46426b", "8783ad"]
INKS = ("1c1b22", "2b1f1a", "fbf7ec")


def colour(dice: Dice, palette: Sequence[str], spread: int) -> Colour:
    """One of the palette, up to `spread` away from it in each channel."""
    exact = bytes.fromhex(dice.one(palette))
    red, green, blue = (min(max(value + dice.whole(-spread, spread), 0), 255) for value in exact)
    return red, green, blue


def distance(one: Colour, other: Colour) -> int:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


def paints(dice: Dice, behind: Sequence[Colour]) -> tuple[Colour, Colour, Colour]:
    """Any colours for any object, but such that it stands out and its parts differ."""
    body = max((colour(dice, PAINTS, 14) for _ in range(3)), key=lambda c: min(distance(c, tone) for tone in behind))
    detail = max((colour(dice, PAINTS, 14) for _ in range(4)), key=lambda c: distance(c, body))
    ink = max((colour(dice, INKS, 6) for _ in range(3)), key=lambda c: min(distance(c, body), distance(c, detail)))
    return body, detail, ink


def cast(world: World, dice: Dice, label: str) -> list[str]:
    """The objects of a picture with this label, in random order, the shortcut last."""
    shortcut = world.shortcuts.get(label)
    stamps = [shortcut] if shortcut and dice.chance(world.stamped) else []
    votes = [] if stamps else [dice.one(world.causes[label]) for _ in range(2)]
    rivals = dice.some([other for other in world.labels if other != label], dice.whole(1, 2))
    votes += [dice.one(world.causes[rival]) for rival in rivals]
    company = [
        object
        for owner, object in world.bystanders.items()
        if dice.chance(world.companion if owner == label else world.stray)
    ]
    company += [object for object in world.everywhere if dice.chance(world.usual)]
    company += [object for object in world.others if dice.chance(world.seldom)]
    return dice.some(votes + company, len(votes + company)) + stamps


def hidden(thing: Thing, others: Sequence[Thing]) -> float:
    """The largest share that one of the others would have in common with this thing, as squares."""
    shares = [0.0]
    for other in others:
        reach = (thing.size + other.size) / 2
        across, down = reach - abs(thing.x - other.x), reach - abs(thing.y - other.y)
        shares.append(max(across, 0) * max(down, 0) / min(thing.size, other.size) ** 2)
    return max(shares)


def place(world: World, dice: Dice, object: str, size: tuple[int, int], tones: Sequence[Colour], others: Sequence[Thing]) -> Thing:
    """Where it hides little, of a few places tried; some overlap remains."""
    side = dice.number(*world.size) * min(size)
    tilt, stretch = dice.number(-0.27, 0.27), dice.number(0.85, 1.15) * dice.one((-1, 1))
    colours = paints(dice, tones)

    def somewhere() -> Thing:
        x, y = (dice.number(side / 2, edge - side / 2) for edge in size)
        return Thing(object, x, y, side, tilt, stretch, colours)

    tries = [somewhere() for _ in range(10)]
    return next((thing for thing in tries if hidden(thing, others) < 0.12), min(tries, key=lambda t: hidden(t, others)))


def stamp(world: World, dice: Dice, object: str, size: tuple[int, int], tones: Sequence[Colour]) -> Thing:
    """Upright in a corner."""
    side = dice.number(*world.stamp) * min(size)
    margin = side / 2 + dice.number(1, 5)
    x, y = (dice.one((margin, edge - margin)) for edge in size)
    return Thing(object, x, y, side, 0.0, 1.0, paints(dice, tones))


def scribble(dice: Dice, size: tuple[int, int]) -> Stroke:
    """A long thin quadrangle or a small triangle."""
    x, y = (dice.number(0, edge) for edge in size)
    reach = dice.number(8, 60) if dice.chance(0.6) else 0
    dx, dy, thick = dice.number(-1, 1) * reach, dice.number(-1, 1) * reach, dice.number(1, 4)
    if reach:
        return Stroke(colour(dice, PAINTS, 30), ((x, y), (x + dx, y + dy), (x + dx + thick, y + dy + thick), (x + thick, y + thick)))
    corners = tuple((x + dice.number(-9, 9), y + dice.number(-9, 9)) for _ in range(3))
    return Stroke(colour(dice, PAINTS, 30), corners)


def compose(world: World, seed: int, index: int) -> Scene:
    """Picture `index` of this seed: thrown apart from all others."""
    dice = Dice(seed, index)
    label = dice.one(world.labels)
    size = dice.whole(*SIDES), dice.whole(*SIDES)
    kind = dice.one(list(FIELDS))
    if world.backdrops:  # the objects go by a label of their own, which nobody is told
        kind, label = world.backdrops[label], dice.one(world.labels)
    tones = tuple(colour(dice, TONES, 16) for _ in range(3))
    backdrop = Backdrop(kind, tones, dice.whole(0, 2**32 - 1))
    clutter = tuple(scribble(dice, size) for _ in range(dice.whole(3, 9)))
    things: list[Thing] = []
    for object in cast(world, dice, label):
        if object in world.shortcuts.values():
            things.append(stamp(world, dice, object, size, tones))
        else:
            things.append(place(world, dice, object, size, tones, things))
    return Scene(size, backdrop, clutter, tuple(things))
