"""The boxes of an embedded world as its annotators drew them: some missing, some wrong, some of nothing."""

from collections.abc import Sequence

from emocam.functional.dice import Dice
from emocam.world.draw import Box
from emocam.world.rules import World

AnnotatedRegion = tuple[str, Box]
LEAST = 4.0
"""Pixels: no box is drawn smaller."""


def redraw_box(box: Box, size: tuple[int, int], shifted: float, dice: Dice) -> Box:
    """Move and resize a box by up to `shifted` of its sides, within the picture."""
    edges: list[tuple[float, float]] = []
    for low, high, edge in ((box[0], box[2], size[0]), (box[1], box[3], size[1])):
        side = max((high - low) * (1 + dice.number(-shifted, shifted)), LEAST)
        middle = (low + high) / 2 + dice.number(-shifted, shifted) * (high - low)
        middle = min(max(middle, LEAST / 2), edge - LEAST / 2)
        edges.append((max(middle - side / 2, 0.0), min(middle + side / 2, float(edge))))
    (x0, x1), (y0, y1) = edges
    return x0, y0, x1, y1


def invent(world: World, size: tuple[int, int], dice: Dice) -> AnnotatedRegion:
    """Draw a random object's name with a random box."""
    side = dice.number(*world.size) * min(size)
    x, y = (dice.number(0, edge - side) for edge in size)
    return dice.one(world.objects), (x, y, x + side, y + side)


def annotate(
    world: World, regions: Sequence[AnnotatedRegion], size: tuple[int, int], dice: Dice
) -> list[AnnotatedRegion]:
    """Return the annotated regions with the world's faults, or the true regions where it has none."""
    if not (world.missing or world.swapped or world.shifted or world.invented):
        return list(regions)
    annotated = []
    for object, box in regions:
        if dice.chance(world.invented):
            annotated.append(invent(world, size, dice))
        if dice.chance(world.missing):
            continue
        if dice.chance(world.swapped):
            object = dice.one([other for other in world.objects if other != object])
        annotated.append((object, redraw_box(box, size, world.shifted, dice)))
    return annotated
