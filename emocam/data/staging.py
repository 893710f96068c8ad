"""Where the objects of a picture stand, how large, how turned and in which colours."""

from collections.abc import Sequence

from emocam.data.dice import Dice
from emocam.data.drawing import Thing
from emocam.data.palette import Colour, pick_paints
from emocam.data.world import World

TRIES, TOLERATED = 10, 0.12


def hidden(thing: Thing, others: Sequence[Thing]) -> float:
    """The largest share of the smaller of two things that both cover, taken as squares."""
    shares = [0.0]
    for other in others:
        reach = (thing.size + other.size) / 2
        across, down = reach - abs(thing.x - other.x), reach - abs(thing.y - other.y)
        shares.append(max(across, 0) * max(down, 0) / min(thing.size, other.size) ** 2)
    return max(shares)


class Stage:
    """One picture in the making; `things` stand there already, from back to front."""

    def __init__(self, world: World, dice: Dice, size: tuple[int, int], tones: Sequence[Colour]) -> None:
        self.world, self.dice, self.size, self.tones = world, dice, size, tones
        self.things: list[Thing] = []

    def place(self, object: str) -> None:
        """Puts it where it hides little; some overlap remains."""
        side = self.dice.number(*self.world.size) * min(self.size)
        tilt = self.dice.number(-0.27, 0.27)
        stretch = self.dice.number(0.85, 1.15) * self.dice.one((-1, 1))
        paints = pick_paints(self.dice, self.tones)
        best, least = None, float("inf")
        for _ in range(TRIES):
            x, y = (self.dice.number(side / 2, edge - side / 2) for edge in self.size)
            thing = Thing(object, x, y, side, tilt, stretch, paints)
            if (share := hidden(thing, self.things)) < least:
                best, least = thing, share
            if least < TOLERATED:
                break
        assert best is not None
        self.things.append(best)

    def stamp(self, object: str) -> None:
        """Puts it small and upright into a corner, over all else."""
        side = self.dice.number(*self.world.stamp) * min(self.size)
        margin = side / 2 + self.dice.number(1, 5)
        x, y = (self.dice.one((margin, edge - margin)) for edge in self.size)
        self.things.append(Thing(object, x, y, side, 0.0, 1.0, pick_paints(self.dice, self.tones)))
