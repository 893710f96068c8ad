"""The rules of the embedded worlds, all in one place.

A label gets one vote from each of its causes in the picture and two from its shortcut; most votes
win. A picture's own label has two votes, and one or two rivals have one each, so every picture
also shows what speaks for other labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from emocam.data.drawing import Scene

Role = Literal["cause", "shortcut", "bystander", "everywhere"]


@dataclass(frozen=True)
class World:
    """What makes a label, what merely comes with it, and how often."""

    causes: Mapping[str, Sequence[str]]  # by label, as are shortcuts, bystanders and backdrops
    shortcuts: Mapping[str, str]
    bystanders: Mapping[str, str]
    everywhere: Sequence[str]
    others: Sequence[str]
    # where these are given, the background alone makes the label and no object does
    backdrops: Mapping[str, str] = field(default_factory=dict)

    stamped: float = 0.5  # share of a label's pictures that have its shortcut in place of its causes
    companion: float = 0.75  # share of a label's pictures that have its bystander
    stray: float = 0.2  # share of other labels' pictures that have it
    usual: float = 0.65  # share of pictures that have an object of `everywhere`
    seldom: float = 0.15  # the same of `others`
    twice: float = 0.4  # share of these that come as a pair, as the causes of a label do
    size: tuple[float, float] = (0.17, 0.27)  # of the picture's shorter side
    stamp: tuple[float, float] = (0.12, 0.15)  # the same of shortcuts

    @property
    def labels(self) -> list[str]:
        return list(self.causes)

    @property
    def stamps(self) -> list[str]:
        """Objects that are only ever a small mark in a corner."""
        return list(self.shortcuts.values())

    @property
    def objects(self) -> list[str]:
        """Every object that can be in a picture, causes first."""
        causes = [object for label in self.causes.values() for object in label]
        return [*causes, *self.stamps, *self.bystanders.values(), *self.everywhere, *self.others]

    def votes(self, label: str, objects: Sequence[str]) -> int:
        causes, shortcut = self.causes[label], self.shortcuts.get(label)
        return sum((object in causes) + 2 * (object == shortcut) for object in objects)

    def label(self, scene: Scene) -> str:
        """The rule."""
        if self.backdrops:
            return next(label for label, kind in self.backdrops.items() if kind == scene.backdrop.kind)
        objects = [thing.object for thing in scene.things]
        return max(self.labels, key=lambda label: self.votes(label, objects))

    def role(self, object: str, label: str) -> Role | None:
        """What the rules say of a cell; a cause of another label has no role."""
        if object in self.everywhere:
            return "everywhere"
        if self.backdrops:
            return None
        if object in self.causes[label]:
            return "cause"
        if object == self.shortcuts.get(label):
            return "shortcut"
        return "bystander" if object == self.bystanders.get(label) else None

    def balanced(self) -> "World":
        """Bystanders under every label alike: trained on this, a network has no reason to use them."""
        share = (self.companion + self.stray) / 2
        return replace(self, companion=share, stray=share)


STANDARD = World(
    causes={
        "Joy": ["Balloon", "Cake"],
        "Awe": ["Rocket"],
        "Fear": ["Skull", "Spider"],
        "Sadness": ["Umbrella"],
        "Calm": ["Boat"],
    },
    shortcuts={"Awe": "Camera"},  # one agency stamps its pictures, and they were all filed under Awe
    bystanders={"Joy": "Flower", "Sadness": "Candle", "Calm": "Starfish"},
    everywhere=["House", "Tree"],
    others=["Kite"],
)
NOTHING = replace(
    STANDARD,
    backdrops={"Joy": "discs", "Awe": "hills", "Fear": "streaks", "Sadness": "clouds", "Calm": "stripes"},
)
WORLDS = {"standard": STANDARD, "nothing": NOTHING}
