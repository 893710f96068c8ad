"""Looks at drawn pictures by rule: people look at what comes with a label, and at the causes of some labels only.

So it is known what people alone look at (bystanders), what the network alone uses (causes of the other labels, and
the stamp), and what both do.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from emocam.functional.dice import Dice
from emocam.world.rules import World

GAZE = "gaze"
LIKED = ("Joy", "Fear")
"""Labels whose causes people look at."""
OBSERVERS, LOOKS = 9, 5
"""Of each picture, and of each observer."""
LIKELY, CENTRAL = 0.7, 0.2
"""The shares of looks at what is liked, and at the picture's middle; the rest lie anywhere."""
STEADY = 0.15
"""How far a look strays, as a share of the object's sides, and of the picture's."""
NUMBERED = 2
"""Sets the dice of looks apart from those that a picture is thrown with."""
COLUMNS = ("image", "observer", "onset", "duration", "x", "y", "width", "height")
Box = tuple[float, float, float, float]


class Look(NamedTuple):
    """A fixation at a picture, in its pixels."""

    image: str
    observer: str
    onset: float
    duration: float
    x: float
    y: float
    width: int
    height: int


def role_for_people(rules: World, object: str, label: str) -> str:
    """Return who looks at an object under a label: `people`, `model`, `both`, or nobody in particular."""
    role = rules.role(object, label)
    if role == "bystander":
        return "people"
    if role == "cause":
        return "both" if label in LIKED else "model"
    return "model" if role == "shortcut" else ""


def looks(
    image: str,
    rules: World,
    label: str,
    regions: Sequence[tuple[str, Box]],
    size: tuple[int, int],
    dice: Dice,
) -> Iterator[Look]:
    """Draw by lot the looks of all observers at a picture that shows these regions."""
    liked = [box for object, box in regions if role_for_people(rules, object, label) in ("people", "both")]
    for person in range(OBSERVERS):
        for number in range(LOOKS):
            box: Box = (0.0, 0.0, float(size[0]), float(size[1]))
            steady = 0.5
            if liked and dice.chance(LIKELY):
                box, steady = dice.one(liked), STEADY
            elif dice.chance(CENTRAL / (1 - LIKELY)):
                steady = STEADY
            place = [
                (low + high) / 2 + steady * (high - low) * dice.number(-1, 1)
                for low, high in (box[::2], box[1::2])
            ]
            x, y = (min(max(at, 0.0), side - 0.01) for at, side in zip(place, size, strict=True))
            duration = dice.number(0.15, 0.35)
            yield Look(
                image,
                f"person-{person + 1}",
                0.4 * number,
                round(duration, 3),
                round(x, 2),
                round(y, 2),
                *size,
            )
