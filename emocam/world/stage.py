"""The places, sizes, angles and colours of the objects in a picture."""

from collections.abc import Sequence

from emocam.functional.dice import Dice
from emocam.world.draw import Thing
from emocam.world.outlines import Point
from emocam.world.palette import Colour, pick_paints
from emocam.world.rules import World

TRIES = 10
TOLERATED = 0.12
MIDDLE, OUTSIDE = 0.4, 0.06
"""Where causes and the others differ by place: the middle's part of the room there is, and
how far from the edge an outsider may stand, as part of the picture's shorter side."""


def hidden(thing: Thing, others: Sequence[Thing]) -> float:
    """Return the largest share of the smaller of two things that both cover, taken as squares."""
    shares = [0.0]
    for other in others:
        reach = (thing.size + other.size) / 2
        across, down = reach - abs(thing.x - other.x), reach - abs(thing.y - other.y)
        shares.append(max(across, 0) * max(down, 0) / min(thing.size, other.size) ** 2)
    return max(shares)


class Stage:
    """A picture in the making; `things` are placed already, from back to front."""

    def __init__(self, world: World, dice: Dice, size: tuple[int, int], tones: Sequence[Colour]) -> None:
        self.world = world
        self.dice = dice
        self.size = size
        self.tones = tones
        self.things: list[Thing] = []

    def place(self, object: str) -> None:
        """Place an object where it hides little; some overlap remains."""
        acts = self.world.acts(object)
        side = self.dice.number(*(self.world.size if acts else self.world.idle)) * min(self.size)
        tilt = self.dice.number(-0.27, 0.27)
        stretch = self.dice.number(0.85, 1.15) * self.dice.one((-1, 1))
        paints = pick_paints(self.dice, self.tones)
        staged = self.world.staged > 0 and self.dice.chance(self.world.staged)
        spot = (self.outside if acts else self.middle) if staged else self.anywhere
        best, least = None, float("inf")
        for _ in range(TRIES):
            x, y = spot(side)
            thing = Thing(object, x, y, side, tilt, stretch, paints)
            if (share := hidden(thing, self.things)) < least:
                best, least = thing, share
            if least < TOLERATED:
                break
        assert best is not None
        self.things.append(best)

    def beside(self, object: str) -> None:
        """Place an object close to the last one, behind all others, so that it hides none of them."""
        near = self.things[-1]
        side = self.dice.number(*self.world.idle) * min(self.size)
        reach = (near.size + side) / 2
        along, across = (0.65 * reach * self.dice.one((-1, 1)), self.dice.number(-0.4, 0.4) * reach)
        step = (along, across) if self.dice.chance(0.5) else (across, along)
        x, y = (
            min(max(place + aside, side / 2), edge - side / 2)
            for place, aside, edge in zip((near.x, near.y), step, self.size, strict=True)
        )
        thing = Thing(
            object, x, y, side, self.dice.number(-0.27, 0.27), 1.0, pick_paints(self.dice, self.tones)
        )
        self.things.insert(0, thing)

    def anywhere(self, side: float) -> Point:
        x, y = (self.dice.number(side / 2, edge - side / 2) for edge in self.size)
        return x, y

    def middle(self, side: float) -> Point:
        x, y = (edge / 2 + self.dice.number(-0.5, 0.5) * MIDDLE * (edge - side) for edge in self.size)
        return x, y

    def outside(self, side: float) -> Point:
        """Draw a place along one of the four edges."""
        place = list(self.anywhere(side))
        axis = self.dice.whole(0, 1)
        inward = side / 2 + self.dice.number(0, OUTSIDE) * min(self.size)
        place[axis] = self.dice.one((inward, self.size[axis] - inward))
        return place[0], place[1]

    def stamp(self, object: str) -> None:
        """Place an object small and upright in a corner, on top of all else."""
        side = self.dice.number(*self.world.stamp) * min(self.size)
        margin = side / 2 + self.dice.number(1, 5)
        x, y = (self.dice.one((margin, edge - margin)) for edge in self.size)
        self.things.append(Thing(object, x, y, side, 0.0, 1.0, pick_paints(self.dice, self.tones)))
