"""The world `values`: the standard world's pictures, of which six numbers are known in place of a label.

`cheer` counts objects for and against it, `awe` grows with the Rockets' sizes, `calm` and `gloom` ask what is
there; `bright` is the backdrop's alone, and `luck` a throw of dice that no pixel shows. So the last two have
no object that matters.
"""

from typing import Literal

from emocam.functional.dice import Dice
from emocam.world.draw import Scene
from emocam.world.rules import STANDARD

VALUES = "values"
"""The world's name."""
NAMES = ["cheer", "awe", "calm", "gloom", "bright", "luck"]
CAUSES = {
    "cheer +": ["Balloon", "Cake"],
    "cheer -": ["Skull", "Spider"],
    "awe +": ["Rocket"],
    "calm +": ["Boat"],
    "calm -": ["Kite"],
    "gloom +": ["Umbrella"],
}
"""By label, the objects that move the value that way."""
LUCK = 4
"""Sets the dice for luck apart from those that a picture is thrown with."""


def value_role(object: str, label: str) -> Literal["cause", "everywhere"] | None:
    """Return a cell's role by the rules, None if it has none."""
    if object in CAUSES.get(label, ()):
        return "cause"
    return "everywhere" if object in STANDARD.everywhere else None


def values_of(scene: Scene, seed: int, index: int) -> dict[str, float]:
    """Return the values of picture `index` of a seed, each in its own units."""
    shown = [thing.object for thing in scene.things]
    count = {name: shown.count(name) for name in set(shown)}
    side = min(scene.size)
    umbrellas = min(count.get("Umbrella", 0), 2)
    tones = [channel for tone in scene.backdrop.tones for channel in tone]
    return {
        "cheer": float(sum(count.get(name, 0) for name in CAUSES["cheer +"]))
        - sum(count.get(name, 0) for name in CAUSES["cheer -"]),
        "awe": 8 * sum(thing.size for thing in scene.things if thing.object == "Rocket") / side,
        "calm": 1.5 * ("Boat" in count) - 0.75 * ("Kite" in count),
        "gloom": 1.5 * (umbrellas > 0) + 0.75 * (umbrellas > 1),
        "bright": sum(tones) / len(tones) / 255,
        "luck": Dice(seed, index, LUCK).number(-1, 1),
    }
